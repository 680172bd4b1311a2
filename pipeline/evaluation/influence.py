"""Judges influence by a panel: does the score before a post rank what the post then got?

Every post of the later half is predicted before its own engagement is known, by rows that have taken in all
posts before it (prequential). The rows, the arithmetic and the constants are those of the service.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from pipeline.evaluation.measures import Floats
from pipeline.evaluation.panel import Measured, engagement_of
from pipeline.influence.estimate import influence_of
from pipeline.influence.history import apply
from pipeline.influence.row import Row, row_of
from schemas.policy.influence import InfluenceModel

TOP = 0.1
"""Capture is the share of all engagement that this share of the posts holds, those with the highest scores."""
RESAMPLES = 1000
PERCENTILES = (50, 75, 90, 95, 99)
DIGITS = 3


class Predicted(NamedTuple):
    """Holds what was said before each post of the later half, and what then happened."""

    scores: Floats
    lower_bounds: Floats
    followers: Floats
    engagement: Floats
    """Weighted by the model."""
    earlier: NDArray[np.int64]
    """Posts of the author before this one."""
    authors: NDArray[np.int64]


class Judged(NamedTuple):
    """Says how well a set of posts is ranked."""

    name: str
    posts: int
    rank: float
    """Spearman's correlation of the score before a post with its engagement."""
    capture: float
    followers_rank: float
    followers_capture: float
    gain: tuple[float, float]
    """The middle 95 % of rank - followers_rank where authors are drawn again (cluster bootstrap)."""


def predict(panel: Sequence[Measured], model: InfluenceModel) -> Predicted:
    """Returns what the service would have said before each post of the later half.

    Args:
        panel: in time order.
        model: the constants.
    """
    rows: dict[str, bytes] = {}
    earlier: dict[str, int] = {}
    numbers: dict[str, int] = {}
    said: list[tuple[float, float, float, float, int, int]] = []
    for number, post in enumerate(panel):
        stored, before = rows.get(post.author_id), earlier.get(post.author_id, 0)
        row: Row | None = None if stored is None else row_of(stored)
        if number >= len(panel) // 2:
            found = influence_of(row, post.author, post.ts.timestamp(), model)
            author = numbers.setdefault(post.author_id, len(numbers))
            value = engagement_of(post, model)
            said.append((found.score, found.lower_bound, post.followers or 0, value, before, author))
        rows[post.author_id] = apply(row, post.engagement(number), number, model).to_bytes()
        earlier[post.author_id] = before + 1
    scores, bounds, followers, got, earlier_posts, authors = np.array(said, dtype=np.float64).T
    return Predicted(scores, bounds, followers, got, earlier_posts.astype(np.int64), authors.astype(np.int64))


def judge(predicted: Predicted, *, resamples: int = RESAMPLES) -> list[Judged]:
    """Returns the figures of all posts, of those whose authors have history, and of those of new authors."""
    parts = (
        ("all posts", predicted.earlier >= 0),
        ("one post or more before", predicted.earlier >= 1),
        ("three or more before", predicted.earlier >= 3),
        ("new authors", predicted.earlier == 0),
    )
    return [_judge(name, predicted, mask, resamples) for name, mask in parts if mask.sum() > 1]


def _judge(name: str, predicted: Predicted, mask: NDArray[np.bool_], resamples: int) -> Judged:
    scores, followers, got = predicted.scores[mask], predicted.followers[mask], predicted.engagement[mask]
    gains = []
    for draw in _draws(predicted.authors[mask], resamples):
        gains.append(spearman(scores[draw], got[draw]) - spearman(followers[draw], got[draw]))
    low, high = np.nanpercentile(gains, (2.5, 97.5)) if gains else (np.nan, np.nan)
    return Judged(
        name, len(got), spearman(scores, got), captured(scores, got), spearman(followers, got),
        captured(followers, got), (float(low), float(high)),
    )  # fmt: skip


def _draws(authors: NDArray[np.int64], resamples: int) -> Iterator[NDArray[np.int64]]:
    """Yields the places of the posts of authors who are drawn with replacement. Posts of one author are alike, so
    drawing posts would make the interval too narrow."""
    order = np.argsort(authors, kind="stable")
    _, begins, counts = np.unique(authors[order], return_index=True, return_counts=True)
    draw = np.random.default_rng(1)
    for _ in range(resamples):
        chosen = draw.integers(len(begins), size=len(begins))
        length = counts[chosen]
        ends = np.cumsum(length)
        yield order[np.repeat(begins[chosen] - ends + length, length) + np.arange(ends[-1])]


def spearman(first: Floats, second: Floats) -> float:
    """Returns the correlation of the ranks, where equal values share their mean rank; 0 where all are equal."""
    one, two = _ranks(first), _ranks(second)
    if one.std() == 0 or two.std() == 0:
        return 0.0
    return float(np.corrcoef(one, two)[0, 1])


def _ranks(values: Floats) -> Floats:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return ranks


def captured(scores: Floats, engagement: Floats) -> float:
    """Returns the share of the engagement that the `TOP` share of posts by score holds."""
    top = np.argsort(-scores, kind="stable")[: max(1, int(len(scores) * TOP))]
    whole = float(engagement.sum())
    return float(engagement[top].sum()) / whole if whole else 0.0


def as_object(judged: Sequence[Judged], predicted: Predicted) -> dict[str, Any]:
    """Returns the figures as one JSON object."""
    sets = {
        one.name: {
            "n": one.posts,
            "spearman": round(one.rank, DIGITS),
            "capture": round(one.capture, DIGITS),
            "followers_spearman": round(one.followers_rank, DIGITS),
            "followers_capture": round(one.followers_capture, DIGITS),
            "gain_interval": [round(bound, DIGITS) for bound in one.gain],
        }
        for one in judged
    }
    return {"sets": sets, "percentiles": _percentiles(predicted)}


def render(judged: Sequence[Judged], predicted: Predicted) -> Iterator[Table]:
    """Yields the figures as tables."""
    ranks = Table("posts", "n", "Spearman", "capture", "followers alone", "capture", "gain, 95 %")
    for one in judged:
        figures = (one.rank, one.capture, one.followers_rank, one.followers_capture)
        gain = f"{one.gain[0]:+.3f} to {one.gain[1]:+.3f}"
        ranks.add_row(one.name, f"{one.posts:,}", *(f"{value:.3f}" for value in figures), gain)
    yield ranks
    levels = Table("before a post", *(f"p{at}" for at in PERCENTILES), "highest")
    for name, values in _percentiles(predicted).items():
        levels.add_row(name.replace("_", " "), *(f"{value:.1f}" for value in values.values()))
    yield levels


def _percentiles(predicted: Predicted) -> dict[str, dict[str, float]]:
    return {
        name: {
            **{f"p{at}": round(float(np.percentile(values, at)), 2) for at in PERCENTILES},
            "highest": round(float(values.max()), 2),
        }
        for name, values in (("score", predicted.scores), ("lower_bound", predicted.lower_bounds))
    }
