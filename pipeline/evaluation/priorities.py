"""Judges the priorities that triage gives by labelled posts, each urgent or not.

Two questions are answered. Do urgent posts stand before the others (AUC)? And how far apart do the posts lie that
somebody must answer, from the 5th to the 95th percentile of their priorities? Priorities that all lie close
together order nothing, since every other wish of a queue outweighs them.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from pipeline.evaluation.bootstrap import intervals
from pipeline.evaluation.measures import Floats, auc

PERCENTILES = (5, 25, 50, 75, 95)
DIGITS = 4
EVERY_POST, WORK = "all", "respond"


class Judged(NamedTuple):
    """Says how well a set of posts is ordered."""

    name: str
    posts: int
    urgent: int
    auc: float | None
    """None where only one of both labels occurs."""
    low: float | None
    high: float | None
    """Bounds of the AUC, the middle 95 % of draws."""
    percentiles: tuple[float, ...]
    """The priorities at `PERCENTILES`, 0 to 100."""

    @property
    def span(self) -> float:
        """The points from the 5th to the 95th percentile."""
        return self.percentiles[-1] - self.percentiles[0]


def judge(
    priorities: Floats, urgent: NDArray[np.bool_], work: NDArray[np.bool_], sources: Sequence[str | None]
) -> list[Judged]:
    """Returns the figures of all posts, of those that are work, and of the posts of each source.

    Args:
        priorities: 0 to 100, of at least one post.
        urgent: the labels.
        work: which posts somebody must answer.
        sources: of each post; where none is stated there are no figures by source.
    """
    named = sorted({source for source in sources if source is not None})
    parts = [(EVERY_POST, np.ones(len(urgent), dtype=bool)), (WORK, work)]
    parts += [(f"{EVERY_POST} {name}", np.array([source == name for source in sources])) for name in named]
    return [_judge(name, priorities[mask], urgent[mask]) for name, mask in parts if mask.any()]


def as_object(judged: Sequence[Judged]) -> dict[str, Any]:
    """Returns the figures as one JSON object, by the name of the set."""
    return {
        one.name: {
            "n": one.posts,
            "urgent": one.urgent,
            "auc": _rounded(one.auc),
            "interval": [_rounded(one.low), _rounded(one.high)],
            "percentiles": dict(zip((f"p{at}" for at in PERCENTILES), one.percentiles, strict=True)),
            "span": round(one.span, 2),
        }
        for one in judged
    }


def render(judged: Sequence[Judged]) -> Iterator[Table]:
    """Yields the figures as a table."""
    drawing = Table("posts", *("n", "urgent", "AUC", "95 %"), *(f"p{at}" for at in PERCENTILES), "p5 to p95")
    for one in judged:
        bounds = "-" if one.low is None or one.high is None else f"{one.low:.3f} to {one.high:.3f}"
        area = "-" if one.auc is None else f"{one.auc:.3f}"
        shown = (f"{value:.1f}" for value in (*one.percentiles, one.span))
        drawing.add_row(one.name, f"{one.posts:,}", f"{one.urgent:,}", area, bounds, *shown)
    yield drawing


def _judge(name: str, priorities: Floats, urgent: NDArray[np.bool_]) -> Judged:
    shares = priorities / 100
    drawn = intervals(np.column_stack((1 - shares, shares)), urgent.astype(np.int64))["auc"]
    area = auc(priorities, urgent)
    low, high = (None, None) if drawn is None or area is None else drawn
    percentiles = tuple(round(float(value), 2) for value in np.percentile(priorities, PERCENTILES))
    return Judged(name, len(urgent), int(urgent.sum()), area, low, high, percentiles)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
