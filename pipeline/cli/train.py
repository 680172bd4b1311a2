"""`earshot train`: fine-tune and export the model (extra torch).

It needs a run's file (TOML) and posts. The run folder gets checkpoints, metrics, the model and its card. The
training itself is in `pipeline.train`.
"""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.adapters.models.openvino.text_model import OpenVinoEngine
from pipeline.cli.text.output import say
from pipeline.errors import ServiceMissing
from pipeline.train import NEEDS_TORCH

app = typer.Typer(add_completion=False)
# These modules need torch, which is an extra, so they are imported when the verb runs.
PARTS = {"config": "config", "run": "run", "export": "ship.export", "card": "ship.card"}


@app.command()
def train(
    config: Annotated[Path, typer.Argument(help="the run's file, like deploy/training/earshot-minilm-l6.toml")],
    output: Annotated[Path, typer.Option(help="run folder; one that holds this run is gone on with")],
    data: Annotated[
        Path | None, typer.Option(help="folder that the data paths start from; the file's own")
    ] = None,
) -> None:
    """Fine-tunes, calibrates, quantises and measures a model. A killed run goes on where it was."""
    parts = _parts()
    plan = parts["config"].read_config(config, data)
    trained = parts["run"].run(plan, output, say)
    say("measuring and quantising")
    model = output / "model"
    measured = parts["export"].export(plan, trained, model, OpenVinoEngine)
    card = parts["card"]
    card.write_metrics(output / "metrics.json", measured)
    levers = config.parent / card.LEVERS
    card.write_card(model, plan, measured, levers.read_text(encoding="utf-8") if levers.is_file() else "")
    for head, scores in measured.engine_scores.items():
        say(
            f"{head}, {scores.n} posts: macro recall {scores.macro_recall:.4f}, calibration error {scores.ece:.4f}"
        )
    say(f"the model is in {model}: EARSHOT_MODEL__PATH={model}")


def _parts() -> dict[str, Any]:
    try:
        return {name: import_module(f"pipeline.train.{place}") for name, place in PARTS.items()}
    except ModuleNotFoundError as error:
        raise ServiceMissing(f"{NEEDS_TORCH} (missing: {error.name})") from error
