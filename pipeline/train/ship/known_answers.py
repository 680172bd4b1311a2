"""Adds the texts and answers by which an engine proves, at each start, that it computes a model right.

A model folder gets its `known_answers.json`, which its `config.json` lists. No extra is needed, and `python -m
pipeline.train.ship.known_answers FOLDER` does the same for a folder that was made without. The posts are not
labelled, because these answers say what the model says and not what is true.
"""

import argparse
import json
from pathlib import Path

from pipeline.adapters.models.check.known_answers import write_known_answers
from pipeline.adapters.models.folder import KNOWN_ANSWERS, open_model_folder, sha256_of
from pipeline.adapters.models.openvino.network import OpenVinoModel, reference_answers


def add_known_answers(folder: Path) -> Path:
    """Computes the answers with the reference configuration, writes them and returns the path of the file.

    Whoever opens an engine on the folder afterwards has them compared with that engine's own kernels.

    Raises:
        Misconfigured: the folder is incomplete or damaged, or this processor cannot run the reference.
    """
    opened = open_model_folder(folder)
    path = write_known_answers(opened, reference_answers(OpenVinoModel(opened, threads=2, streams=2)))
    config = folder / "config.json"
    description = json.loads(config.read_text(encoding="utf-8"))
    # The engine takes known answers only if the description lists them with a checksum that fits.
    description["sha256"][KNOWN_ANSWERS] = sha256_of(path)
    config.write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    return path


def main() -> None:
    """Add known answers to a model folder that has none."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.train.ship.known_answers", description=main.__doc__)
    parser.add_argument("folder", type=Path)
    add_known_answers(parser.parse_args().folder)


if __name__ == "__main__":
    main()
