"""A shipped model's folder: what its `config.json` says, and whether its files are what it says.

In: a folder's path. Out: a verified `ModelFolder`. Never here: an inference engine.

The checksums guard against a half-copied image layer or a Git LFS pointer in place of the weights,
both of which would otherwise show as a crash deep in the engine or as silent nonsense.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import Misconfigured

LABELS = ["negative", "neutral", "positive"]
"""The order of `SentimentScores`; a model with another order is refused."""

_FILES = ("model.xml", "model.bin", "tokenizer.json")


@dataclass(frozen=True)
class ModelFolder:
    """A verified model folder.

    Args:
        path: the folder.
        name: model id and the first 12 hex digits of the weights' SHA-256.
        max_tokens: longest input of the model, special tokens included.
        temperature: divisor of the logits that calibrates the probabilities on validation data.
    """

    path: Path
    name: str
    max_tokens: int
    temperature: float


def open_model_folder(path: Path) -> ModelFolder:
    """Reads and verifies a model folder.

    Raises:
        Misconfigured: a file is missing, `config.json` is not understood, or a checksum differs.
    """
    config_path = path / "config.json"
    try:
        config = json.loads(config_path.read_text(encoding="utf-8"))
        labels, sums = list(config["labels"]), dict(config["sha256"])
        folder = ModelFolder(
            path=path,
            name=f"{config['name']}@{sums['model.bin'][:12]}",
            max_tokens=int(config["max_tokens"]),
            temperature=float(config["temperature"]),
        )
    except OSError as error:
        raise Misconfigured(f"{config_path}: cannot read the model's description: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise Misconfigured(f"{config_path}: not a model description ({error!r})") from error
    if labels != LABELS:
        raise Misconfigured(f"{config_path}: labels: expected {LABELS}, got {labels}")
    if folder.temperature <= 0 or folder.max_tokens < 3:
        raise Misconfigured(f"{config_path}: temperature must be > 0 and max_tokens >= 3")
    for name in _FILES:
        _verify(path / name, sums.get(name))
    return folder


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _verify(path: Path, expected: str | None) -> None:
    try:
        actual = sha256_of(path)
    except OSError as error:
        raise Misconfigured(f"{path}: cannot read this part of the model: {error.strerror}") from error
    if actual != expected:
        raise Misconfigured(
            f"{path}: SHA-256 is {actual[:12]}..., config.json says {str(expected)[:12]}...; "
            "the file is damaged or belongs to another model: install the package again"
        )
