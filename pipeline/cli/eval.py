"""`earshot eval`: judge the model on labelled posts."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from pipeline.ports.models import TextModel

app = typer.Typer(add_completion=False, rich_markup_mode=None)

Engine = Literal["auto", "openvino", "torch"]


@app.command()
def evaluate(
    head: Annotated[
        Literal["sentiment", "offence", "complaint"],
        typer.Argument(metavar="HEAD", help="what is judged: sentiment, offence or complaint"),
    ],
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="JSON lines with text and label, perhaps source; .gz or not")
    ],
    engine: Annotated[Engine | None, typer.Option(help="default: EARSHOT_MODEL__ENGINE")] = None,
    model: Annotated[
        str | None, typer.Option(help="folder or hub id; default: EARSHOT_MODEL__PATH, else the shipped one")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object to stdout")] = False,
) -> None:
    """Print macro recall, macro F1, AUC and calibration error, with intervals, confusion matrix and slices.

    The labels are negative, neutral and positive for sentiment, offensive and not_offensive for offence, and
    complaint and not_complaint for complaint. The latter two also take 1 and 0, or true and false. Every bad line
    is named as FILE:LINE: field, and makes the exit code 2. The texts go through the same normalising as in the
    service.
    """
    from pipeline.cli.text.output import emit_json, say, table_console
    from pipeline.evaluation.evaluate import evaluate as evaluate_model
    from pipeline.evaluation.heads import HEADS
    from pipeline.evaluation.labelled import read_labelled
    from pipeline.evaluation.report import as_object, render

    posts = read_labelled(file, HEADS[head])
    say(f"{file}: {len(posts):,} labelled posts")
    opened, engine_name = _open(engine, model)
    evaluation = evaluate_model(opened, HEADS[head], posts, say)
    if as_json:
        emit_json(as_object(evaluation, engine_name))
    else:
        table_console().print(*render(evaluation, engine_name), sep="\n")


def _open(engine: Engine | None, model: str | None) -> "tuple[TextModel, str]":
    """Returns the model that is asked for, and which engine serves it."""
    from pipeline.adapters.models.engines import choose_engine
    from pipeline.adapters.models.torch.text_model import find_gpu
    from pipeline.app.stages.enrich import load_model
    from pipeline.settings import load_settings

    options = {name: value for name, value in (("engine", engine), ("path", model)) if value is not None}
    # There is no cache here. Repeated texts would make the engine look faster than it is.
    settings = load_settings().model.model_copy(update={**options, "cache_entries": 0})
    choice = choose_engine(settings, find_gpu() if settings.engine == "auto" else None)
    return load_model(settings), choice.engine
