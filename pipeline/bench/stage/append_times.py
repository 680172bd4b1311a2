"""Turns append times of the broker into rates and latencies.

Kafka is not asked and no clock is read here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor

from pipeline.bench.figures import percentile


@dataclass(frozen=True)
class Hop:
    """Holds the append times of one post, in milliseconds as the broker wrote them."""

    raw_ms: int
    scored_ms: int


def within(hops: Iterable[Hop], start_ms: float, end_ms: float) -> list[Hop]:
    """Returns the hops whose post was appended in that time."""
    # The broker writes whole milliseconds, rounded down, so the start is rounded down as well.
    return [hop for hop in hops if floor(start_ms) <= hop.raw_ms <= end_ms]


def rate_once_fed(hops: Sequence[Hop]) -> float:
    """Returns posts a second while the stage works alone.

    This time lasts from the stage's last output before the last post came in to its end. Before that, whoever
    sends the posts works on the same processor. If the stage kept pace with the sender, or had no output by then,
    everything counts from the first post.
    """
    fed_ms, ended_ms = max(hop.raw_ms for hop in hops), max(hop.scored_ms for hop in hops)
    before = [hop.scored_ms for hop in hops if hop.scored_ms <= fed_ms]
    # With more than half of the outputs before that moment the stage kept pace, and too few remain to tell a rate.
    if not before or ended_ms == fed_ms or len(before) > len(hops) / 2:
        return 1000 * len(hops) / max(ended_ms - min(hop.raw_ms for hop in hops), 1)
    return 1000 * (len(hops) - len(before)) / (ended_ms - max(before))


def steady_rate(times_ms: Sequence[int], warm: int) -> float:
    """Returns outputs a second after the first `warm` of them, which belong to the start-up and only start the
    clock.
    """
    ordered = sorted(times_ms)
    return 1000 * (len(ordered) - warm) / max(ordered[-1] - ordered[warm - 1], 1)


def waits_ms(hops: Iterable[Hop], share: float) -> float:
    """Returns a percentile of the time from append to append, in milliseconds."""
    return percentile([hop.scored_ms - hop.raw_ms for hop in hops], share)


def means_around(values: Sequence[float]) -> list[float]:
    """Returns the mean of each two neighbours, with which whatever lies between two measurements is compared."""
    return [(before + after) / 2 for before, after in pairwise(values)]
