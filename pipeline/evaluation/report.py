"""An evaluation for people and for programs.

In: an `Evaluation`. Out: rich drawings, or one JSON object. Never here: a measure.
"""

from collections.abc import Iterator
from typing import Any

from rich.table import Table
from rich.text import Text

from pipeline.evaluation.evaluate import Evaluation
from pipeline.evaluation.scores import Scores

DIGITS = 6
"""Of the numbers in JSON."""
SLICES_SHOWN = 20
"""Slices of a kind in the table, the first ones; JSON has them all."""
_MEASURES = ("macro_recall", "macro_f1", "auc", "ece")


def as_object(evaluation: Evaluation, engine: str) -> dict[str, Any]:
    """The evaluation as one JSON object; measures are shares 0..1, null where there is none."""
    labels = evaluation.head.labels
    whole = evaluation.whole
    return {
        "head": evaluation.head.name,
        **_measures(whole),
        "intervals": {
            name: None if one is None else [round(bound, DIGITS) for bound in one]
            for name, one in evaluation.intervals.items()
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
    """What was judged, the measures, the confusion matrix, the slices."""
    rate = f"{evaluation.whole.n:,} posts, {evaluation.posts_per_s:,.0f} a second"
    # No title of a table: a title is folded to the width of its table.
    yield Text(f"{evaluation.head.name}: {evaluation.model} on {engine}, {rate}")
    yield _measure_table(evaluation)
    yield _confusion_table(evaluation)
    yield _slice_table(evaluation)


def _measures(scores: Scores) -> dict[str, Any]:
    return {"n": scores.n} | {name: _rounded(getattr(scores, name)) for name in _MEASURES}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def _measure_table(evaluation: Evaluation) -> Table:
    made = _table("measure", "value", "95 % interval")
    for name in _MEASURES:
        interval = evaluation.intervals.get(name)
        bounds = "" if interval is None else f"{interval.low:.4f} to {interval.high:.4f}"
        made.add_row(name.replace("_", " "), _shown(getattr(evaluation.whole, name)), bounds)
    return made


def _confusion_table(evaluation: Evaluation) -> Table:
    labels = evaluation.head.labels
    made = _table("labelled \\ read as", *labels, "recall")
    for label, row, recall in zip(labels, evaluation.whole.confusion, evaluation.whole.recalls, strict=True):
        made.add_row(label, *(f"{count:,}" for count in row), _shown(recall))
    return made


def _slice_table(evaluation: Evaluation) -> Table:
    made = _table("slice (length: characters)", "posts", *(name.replace("_", " ") for name in _MEASURES))
    for kind, parts in evaluation.slices.items():
        for name, scores in list(parts.items())[:SLICES_SHOWN]:
            cells = (_shown(getattr(scores, measure)) for measure in _MEASURES)
            # A source is anybody's text: as Text its brackets are no markup.
            made.add_row(Text(f"{kind} {name}"), f"{scores.n:,}", *cells)
        if len(parts) > SLICES_SHOWN:
            made.add_row(f"{len(parts) - SLICES_SHOWN:,} more: --json has them")
        made.add_section()
    return made


def _table(first: str, *columns: str) -> Table:
    made = Table()
    made.add_column(first, no_wrap=True)
    for column in columns:
        made.add_column(column, justify="right")
    return made


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
