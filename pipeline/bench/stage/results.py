"""Holds what `earshot bench enrich` measured.

The numbers come from `append_times` and `costs`.
"""

from dataclasses import dataclass

from pipeline.bench.figures import Spread
from pipeline.bench.stage.costs import Cost


@dataclass(frozen=True)
class Rate:
    """Holds one line of the result."""

    name: str
    posts: int
    per_second: Spread


@dataclass(frozen=True)
class Latency:
    """Describes the time from the append in `posts.raw` to the append in `posts.scored`, over every post at half
    load.
    """

    posts: int
    per_second: float
    """This is how many posts were fed a second."""
    p50_ms: float
    p99_ms: float
    batch_posts: float
    """This is how many posts a mean batch of the stage held meanwhile."""
    engine_ms: float
    """This is the bare engine's median time for one post alone."""
    batch_ms: float
    """This is the bare engine's median time for a batch of that size."""

    @property
    def added_p99_ms(self) -> float:
        """Returns what the stage adds, at the 99th percentile, to what the bare engine needs for a post alone."""
        return self.p99_ms - self.engine_ms


@dataclass(frozen=True)
class EnrichBench:
    """Holds everything that was measured."""

    rates: list[Rate]
    of_bare: Spread
    """This is the stage's rate over the mean of the bare engine's just before and just after, round by round."""
    of_scoring: Spread
    """This is the same ratio to the whole scoring (engine, word signals, triage, records) without Kafka and
    Faust.
    """
    costs: list[Cost]
    wall_ms: dict[str, float]
    """Maps each step of a batch to its wall-clock milliseconds a post, from the stage's own metrics. The steps
    overlap.
    """
    batch_posts: float
    """This is how many posts a mean batch held at full load."""
    latency: Latency
