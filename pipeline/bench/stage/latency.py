"""Computes the latency of each hop from the append times that the broker wrote. The stages themselves measure
nothing.

All times are wall-clock milliseconds, on the event clock too.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pipeline.adapters.clickhouse.analytics import Analyst
from pipeline.adapters.kafka.reader import Message
from pipeline.bench.figures import percentile
from pipeline.clock import to_ms
from pipeline.codec import decode
from schemas.base import SourcePosition
from schemas.cases.case import Assignment, CaseEvent
from schemas.posts.scored import ScoredPost
from schemas.topics import ACTIONABLE, ASSIGNMENTS, CASE_EVENTS, REPS, SCORED

Position = tuple[str, int, int]
ReadTopic = Callable[[str], Iterable[Message]]
_STORED = """
SELECT count(), quantileExact(.5)(waited), quantileExact(.99)(waited)
FROM (SELECT greatest(0, dateDiff('millisecond', scored_at, inserted_at)) AS waited FROM posts)
"""
ROUTED = frozenset({"queued", "joined", "refused"})
"""With these steps the router has dealt with a post."""


@dataclass(frozen=True)
class HopLatency:
    """Holds how many records of a hop were followed, and what the median one and the slowest hundredth took."""

    name: str
    records: int
    p50_ms: float
    p99_ms: float


def summarise(name: str, values: Iterable[float]) -> HopLatency:
    """Returns p50 and p99 of one hop."""
    waits_ms = list(values)
    return HopLatency(name, len(waits_ms), percentile(waits_ms, 0.5), percentile(waits_ms, 0.99))


def hop_latencies(read: ReadTopic) -> list[HopLatency]:
    """Follows each record from hop to hop. The hop into ClickHouse is `stored_latency`.

    Args:
        read: returns every record of a topic, as a read_committed reader sees it.
    """
    # Enrich notes the append time of the raw record in its output, so the raw topic need not be read.
    scored = [
        message.timestamp()[1] - decode(ScoredPost, message.value()).appended_ms for message in read(SCORED.name)
    ]
    appended: dict[Position, int] = {}
    for topic in (ACTIONABLE.name, REPS.name):
        for message in read(topic):
            appended[topic, message.partition(), message.offset()] = message.timestamp()[1]
    routed, answered = [], []
    for message in read(CASE_EVENTS.name):
        event = decode(CaseEvent, message.value())
        # A step without a cause, such as a timeout, has no record that it could have waited for.
        caused = appended.get(_position(event.cause)) if event.cause is not None else None
        if caused is not None and event.type in ROUTED:
            routed.append(message.timestamp()[1] - caused)
        elif caused is not None and event.type == "assigned":
            answered.append(message.timestamp()[1] - caused)
    first_offers = []
    for message in read(ASSIGNMENTS.name):
        assignment = decode(Assignment, message.value())
        # Later offers of a case would measure how long reps took, which is no latency of the system.
        if assignment.state == "offered" and assignment.attempt == 1 and not assignment.update:
            first_offers.append(message.timestamp()[1] - to_ms(assignment.trace_started_at))
    return [
        summarise("posts.raw -> posts.scored", scored),
        summarise("posts.actionable -> cases.events", routed),
        summarise("reps.events (accept) -> assigned", answered),
        summarise("posts.raw -> first offer", first_offers),
    ]


def stored_latency(analyst: Analyst) -> HopLatency:
    """Returns the latency from the append in posts.scored to the insert, over the rows that are current."""
    row = analyst.ask(_STORED).rows[0]
    return HopLatency("posts.scored -> ClickHouse", *row)


def _position(source: SourcePosition) -> Position:
    return source.topic, source.partition, source.offset
