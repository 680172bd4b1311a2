"""Presents an evaluation to people and to programs.

An `Evaluation` becomes rich tables or one JSON object. Nothing is measured here.
"""

from collections.abc import Iterator
from typing import Any

from rich.table import Table
from rich.text import Text

from pipeline.evaluation.evaluate import Evaluation
from pipeline.evaluation.scores import Scores

DIGITS = 6
"""Numbers in JSON have so many digits."""
SLICES_SHOWN = 20
"""The table shows so many slices of a kind, the first ones. JSON has them all."""
_MEASURES = ("macro_recall", "macro_f1", "auc", "ece")


def as_object(evaluation: Evaluation, engine: str) -> dict[str, Any]:
    """Returns the evaluation as one JSON object. Measures are shares from 0 to 1, or null where there is none."""
    labels = evaluation.head.labels
    whole = evaluation.whole
    return {
        "head": evaluation.head.name,
        **_measures(whole),
        "intervals": {
            name: None if interval is None else [round(bound, DIGITS) for bound in interval]
            for name, interval in evaluation.intervals.items()
        },
        "per_class_recall": {label: _rounded(recall) for label, recall in zip(labels, whole.recalls, strict=True)},
        "confusion": {
            label: dict(zip(labels, row, strict=True)) for label, row in zip(labels, whole.confusion, strict=True)
        },
        "slices": {
            kind: {name: _measures(scores) for name, scores in parts.items()}
            for kind, parts in evaluation.slices.items()
        },
        "model": evaluation.model,
        "engine": engine,
        "posts_per_s": round(evaluation.posts_per_s, 1),
    }


def render(evaluation: Evaluation, engine: str) -> Iterator[Table | Text]:
    """Yields what was judged, the measures, the confusion matrix and the slices."""
    rate = f"{evaluation.whole.n:,} posts, {evaluation.posts_per_s:,.0f} a second"
    # This is no title of a table, because a title is folded to the width of its table.
    yield Text(f"{evaluation.head.name}: {evaluation.model} on {engine}, {rate}")
    yield _measure_table(evaluation)
    yield _confusion_table(evaluation)
    yield _slice_table(evaluation)


def _measures(scores: Scores) -> dict[str, Any]:
    return {"n": scores.n} | {name: _rounded(getattr(scores, name)) for name in _MEASURES}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def _measure_table(evaluation: Evaluation) -> Table:
    drawing = _table("measure", "value", "95 % interval")
    for name in _MEASURES:
        interval = evaluation.intervals.get(name)
        bounds = "" if interval is None else f"{interval.low:.4f} to {interval.high:.4f}"
        drawing.add_row(name.replace("_", " "), _shown(getattr(evaluation.whole, name)), bounds)
    return drawing


def _confusion_table(evaluation: Evaluation) -> Table:
    labels = evaluation.head.labels
    drawing = _table("labelled \\ read as", *labels, "recall")
    for label, row, recall in zip(labels, evaluation.whole.confusion, evaluation.whole.recalls, strict=True):
        drawing.add_row(label, *(f"{count:,}" for count in row), _shown(recall))
    return drawing


def _slice_table(evaluation: Evaluation) -> Table:
    drawing = _table("slice (length: characters)", "posts", *(name.replace("_", " ") for name in _MEASURES))
    for kind, parts in evaluation.slices.items():
        for name, scores in list(parts.items())[:SLICES_SHOWN]:
            cells = (_shown(getattr(scores, measure)) for measure in _MEASURES)
            # A source is anybody's text. Inside a Text object its brackets are no markup.
            drawing.add_row(Text(f"{kind} {name}"), f"{scores.n:,}", *cells)
        if len(parts) > SLICES_SHOWN:
            drawing.add_row(f"{len(parts) - SLICES_SHOWN:,} more: --json has them")
        drawing.add_section()
    return drawing


def _table(first: str, *columns: str) -> Table:
    drawing = Table()
    drawing.add_column(first, no_wrap=True)
    for column in columns:
        drawing.add_column(column, justify="right")
    return drawing


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
