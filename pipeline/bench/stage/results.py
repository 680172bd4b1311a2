"""What `earshot bench enrich` measured, and how append times become rates and latencies.

In: append times. Out: figures. Never here: Kafka, a clock.
"""

from dataclasses import dataclass

from pipeline.bench.figures import Spread
from pipeline.bench.stage.costs import Cost


@dataclass(frozen=True)
class Rate:
    """One line of the result."""

    name: str
    posts: int
    per_second: Spread


@dataclass(frozen=True)
class Latency:
    """From the append in `posts.raw` to the append in `posts.scored`, of every post at half load."""

    posts: int
    per_second: float
    """Posts fed a second."""
    p50_ms: float
    p99_ms: float
    batch_posts: float
    """Posts of a mean batch of the stage meanwhile."""
    engine_ms: float
    """The bare engine's median time for one post alone."""
    batch_ms: float
    """The bare engine's median time for a batch of that size."""

    @property
    def added_p99_ms(self) -> float:
        """What the stage adds at the 99th percentile to what the bare engine needs for a post alone."""
        return self.p99_ms - self.engine_ms


@dataclass(frozen=True)
class EnrichBench:
    """Everything that was measured."""

    rates: list[Rate]
    of_bare: Spread
    """This is the stage's rate over the mean of the bare engine's just before and just after, round by round."""
    of_scoring: Spread
    """This is the same ratio to the whole scoring (engine, word signals, triage, records) without Kafka and Faust.
    """
    costs: list[Cost]
    wall_ms: dict[str, float]
    """Wall-clock milliseconds a post by step of a batch, as the stage's own metrics say; the steps overlap."""
    batch_posts: float
    """Posts of a mean batch at full load."""
    latency: Latency
