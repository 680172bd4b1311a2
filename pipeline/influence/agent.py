"""The influence agent: the only writer of the table of authors, one engagement after the other.

Faust takes writes to a table only while it iterates over a stream event by event, and keeps the row in the
partition of that event. A record is acknowledged when its row is in the table or its dead letter is delivered. The
commit waits for the table's changelog (`adapters/faust/fixes.py`), and a row knows the last offset that it
holds, so that a repeated record changes nothing. No exception may leave the agent, because Faust would then
acknowledge the event that failed. What cannot be handled ends the process at once.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from pipeline.clock import Clock, to_ms
from pipeline.codec import decode
from pipeline.errors import Permanent
from pipeline.influence.estimate import DEFAULT
from pipeline.influence.history import apply
from pipeline.influence.row import row_of
from pipeline.logs import Log
from pipeline.metrics import Metrics
from pipeline.ports.dead_letters import DeadLetter
from pipeline.ports.events import Event, input_record
from pipeline.ports.places import PartitionOf, check_place
from pipeline.ports.records import InputRecord, Publisher, deliver
from pipeline.ports.times import check_time
from schemas.policy.policy import Policy
from schemas.posts.engagement import Engagement
from schemas.topics import post_key

if TYPE_CHECKING:
    import faust

DELIVERY_TIMEOUT_S = 60.0
"""Longest wait for the brokers to take a dead letter. Then the worker restarts."""

Update = Callable[[bytes | None, InputRecord], bytes]
"""Takes the row of an author and a record, and returns the row after it. It raises `Permanent` for a bad one."""


@dataclass(frozen=True)
class Parts:
    """Everything that the agent works with."""

    stage: str
    """The stage whose worker runs the agent, for metrics and dead letters."""
    rows: MutableMapping[bytes, bytes]
    """Record key to the author's row. Nobody else writes it."""
    update: Update
    publisher: Callable[[], Publisher]
    """Called for the first dead letter; the agent is the publisher's only user."""
    die: Callable[[], NoReturn]
    """Ends the process now, without any clean-up."""
    clock: Clock
    metrics: Metrics
    log: Log


def register(app: "faust.App", topic: str, parts: Parts) -> None:
    """Lets the Faust app run the agent on a topic, which has as many partitions as the table's changelog.

    It takes raw bytes, because Faust acknowledges a record that it cannot decode before the agent sees it. It has
    one instance, because with more Faust 0.15.3 commits past events in flight (issue 606 of
    faust-streaming/faust).
    """
    raw = app.topic(topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    async def influence(stream: "faust.StreamT[bytes]") -> None:
        await InfluenceAgent(parts).run(stream.noack().events())

    app.agent(raw, name="influence", concurrency=1)(influence)


def updater(policies: Callable[[], Mapping[str, Policy]], partitions: int, partition_of: PartitionOf) -> Update:
    """Returns what keeps the row of an author by the records of `engagements`.

    Args:
        policies: workspace to policy, as of now; without one the defaults of influence hold.
        partitions: of the topic.
        partition_of: the partitioner of the contract.
    """

    def update(row: bytes | None, record: InputRecord) -> bytes:
        engagement = decode(Engagement, record.value)
        key = post_key(engagement.workspace, engagement.target_author_id)
        check_place(record.key, key, partition=record.partition, partitions=partitions, partition_of=partition_of)
        latest = max(engagement.created_at, engagement.post_created_at or engagement.created_at)
        # One record from further ahead would make all posts of its author old.
        check_time(latest, record.append_ms)
        policy = policies().get(engagement.workspace)
        model = DEFAULT if policy is None else policy.influence
        return apply(None if row is None else row_of(row), engagement, record.offset, model).to_bytes()

    return update


class InfluenceAgent:
    """Keeps one row for each author up to date."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def run(self, events: AsyncIterator[Event]) -> None:
        """Handles what comes until there is no more; never raises anything but a cancellation."""
        try:
            async for event in events:
                await self._handle(input_record(event.message))
                event.ack()
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._parts.metrics.count("errors_total", stage=self._parts.stage, code=type(error).__name__)
            self._parts.log.error("cannot go on, ending at once", doing="influence", error=repr(error))
            self._parts.die()

    async def _handle(self, record: InputRecord) -> None:
        parts = self._parts
        # A key that is missing has no row, and the record is refused for it.
        row = None if record.key is None else parts.rows.get(record.key)
        try:
            updated = parts.update(row, record)
        except Permanent as reason:
            await self._give_up(DeadLetter(record, reason))
        else:
            if record.key is not None and updated != row:
                parts.rows[record.key] = updated
        parts.metrics.count("records_consumed_total", stage=parts.stage, topic=record.topic)

    async def _give_up(self, letter: DeadLetter) -> None:
        parts = self._parts
        sent = letter.to_send(parts.stage, to_ms(parts.clock.now()))
        await asyncio.wait_for(asyncio.to_thread(deliver, parts.publisher(), [sent]), DELIVERY_TIMEOUT_S)
        parts.metrics.count("dead_letters_total", stage=parts.stage, code=letter.reason.code)
        parts.log.warning("dead_letter", **letter.told())
