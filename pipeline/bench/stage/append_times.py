"""How append times become rates and latencies.

In: append times. Out: figures. Never here: Kafka, a clock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor

from pipeline.bench.figures import percentile


@dataclass(frozen=True)
class Hop:
    """One post's append times, milliseconds as the broker wrote them."""

    raw_ms: int
    scored_ms: int


def within(hops: Iterable[Hop], start_ms: float, end_ms: float) -> list[Hop]:
    """Those whose post was appended in that time; the broker writes whole milliseconds, rounded down."""
    return [hop for hop in hops if floor(start_ms) <= hop.raw_ms <= end_ms]


def rate_once_fed(hops: Sequence[Hop]) -> float:
    """Posts a second while the stage works alone: from its last output before the last post came in to the end.

    Until then whoever sends the posts works on the same processor. If the stage kept pace with the sender, or had
    no output yet, everything counts from the first post.
    """
    fed_ms, ended_ms = max(hop.raw_ms for hop in hops), max(hop.scored_ms for hop in hops)
    before = [hop.scored_ms for hop in hops if hop.scored_ms <= fed_ms]
    if not before or ended_ms == fed_ms or len(before) > len(hops) / 2:
        return 1000 * len(hops) / max(ended_ms - min(hop.raw_ms for hop in hops), 1)
    return 1000 * (len(hops) - len(before)) / (ended_ms - max(before))


def steady_rate(times_ms: Sequence[int], warm: int) -> float:
    """Outputs a second after the first `warm` of them, which only start the clock: until then it was start-up."""
    ordered = sorted(times_ms)
    return 1000 * (len(ordered) - warm) / max(ordered[-1] - ordered[warm - 1], 1)


def waits_ms(hops: Iterable[Hop], share: float) -> float:
    """A percentile of the time from append to append."""
    return percentile([hop.scored_ms - hop.raw_ms for hop in hops], share)


def means_around(values: Sequence[float]) -> list[float]:
    """Of each two neighbours: what lies between two measurements is compared with the mean of both."""
    return [(before + after) / 2 for before, after in pairwise(values)]
