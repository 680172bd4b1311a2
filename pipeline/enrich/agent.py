"""The enrich agent: it takes raw records from Faust and delivers scored posts, and nothing is lost between.

A record is acknowledged when the brokers have everything that it became: records of `posts.scored`,
`posts.actionable`, `mentions` and `engagements`, or a dead letter. No exception may leave the agent, because Faust
would then acknowledge the event that failed, and behind `take` the whole queue (`finally` in `faust/streams.py` of
0.15.3, lines 435-453 and 1185-1187). What cannot be handled ends the process at once, with nothing acknowledged.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from pipeline.clock import Clock, to_ms
from pipeline.codec import decode
from pipeline.enrich.batches.attempts import Attempts, EngineTrial
from pipeline.enrich.batches.cost import post_cost
from pipeline.enrich.batches.events import Opened
from pipeline.enrich.batches.notes import AttemptNotes, NoteStore
from pipeline.enrich.batches.queue import BatchQueue
from pipeline.enrich.batches.scoring import BatchScoring, Scored
from pipeline.enrich.outputs import engagement_records, records_of
from pipeline.enrich.received import ReceivedPost
from pipeline.enrich.score import Scorer
from pipeline.errors import Permanent
from pipeline.logs import Log
from pipeline.metrics import Metrics
from pipeline.ports.events import Event, Message, input_record
from pipeline.ports.places import PartitionOf, check_place
from pipeline.ports.records import InputRecord, Publisher, Record, deliver
from pipeline.ports.times import check_time
from schemas.base import SourcePosition
from schemas.policy.policy import Policy
from schemas.posts.raw import RawPost
from schemas.posts.scored import ScoredPost
from schemas.topics import RAW, post_key

if TYPE_CHECKING:
    import faust

STAGE = "enrich"
DELIVERY_TIMEOUT_S = 60.0
"""Longest wait for the brokers to take a batch's outputs. Then the worker restarts."""

READS_PER_BATCH = 4
"""Taking less than a batch at once keeps what must be finished before a rebalance or a stop small."""


@dataclass(frozen=True)
class Parts:
    """Everything that the agent works with."""

    scorer: Scorer
    """Its models let one caller in at a time, whoever else calls."""
    policies: Callable[[], Mapping[str, Policy]]
    """Workspace to policy, as of now."""
    history_of: Callable[[bytes], bytes | None]
    """Key of a raw record to the row of its author, which lies in the same partition of the table."""
    partition_of: PartitionOf
    raw_partitions: int
    executor: Executor
    """Two threads: while the engine works for one, the other prepares its texts or makes records of its scores."""
    publisher: Publisher
    commit: Callable[[], Awaitable[object]]
    notes: NoteStore
    """Where each commit names the batches that are begun."""
    die: Callable[[], NoReturn]
    """Ends the process now, without any clean-up."""
    clock: Clock
    metrics: Metrics
    log: Log
    batch_size: int
    batch_characters: int
    batch_wait_s: float
    inference_timeout_s: float


def register(app: "faust.App", parts: Parts) -> None:
    """Lets the Faust app run the agent on `posts.raw`.

    It takes raw bytes, because Faust acknowledges a record that it cannot decode before the agent sees it. It has
    one instance, because with more Faust 0.15.3 commits past events in flight (issue 606 of
    faust-streaming/faust).
    """
    raw = app.topic(RAW.name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    records = max(1, parts.batch_size // READS_PER_BATCH)

    async def enrich(stream: "faust.StreamT[bytes]") -> None:
        # Only noack_take never acknowledges by itself. `take` does so even behind `noack`.
        await EnrichAgent(parts).run(stream.noack().noack_take(records, within=parts.batch_wait_s))

    app.agent(raw, name=STAGE, concurrency=1)(enrich)


class EnrichAgent:
    """Reads, scores and delivers at the same time.

    One batch is scored while the one before it is delivered and the next one gathers. Batches are acknowledged
    in the order in which they were read.
    """

    def __init__(self, parts: Parts) -> None:
        notes = AttemptNotes()
        trial = EngineTrial(parts.scorer.try_engines, parts.executor, parts.inference_timeout_s)
        self._parts = parts
        self._attempts = Attempts(notes, parts.notes, trial, DELIVERY_TIMEOUT_S)
        self._queue = BatchQueue(parts.batch_size, parts.batch_characters, partial(_cost_of, parts), notes)
        self._scoring = BatchScoring(
            self._queue, self._attempts, parts.scorer, parts.policies, parts.executor, parts.inference_timeout_s
        )

    async def run(self, reads: AsyncIterator[Sequence[Event]]) -> None:
        """Handles what comes until there is no more; never raises anything but a cancellation."""
        working = asyncio.create_task(self._work())
        try:
            async for events in reads:
                await self._take_over()
                await self._queue.put(_opened(self._parts, events))
            await self._queue.end()
            await working
        except asyncio.CancelledError:
            working.cancel()
            raise
        except BaseException as error:
            self._die("reading", error)

    async def _work(self) -> None:
        delivering: asyncio.Task[None] | None = None
        try:
            while scored := await self._scoring.next():
                # One batch is delivered at a time. Otherwise a later one could be acknowledged first.
                if delivering is not None:
                    await delivering
                delivering = asyncio.create_task(self._finish(scored))
            if delivering is not None:
                await delivering
        except asyncio.CancelledError:
            self._scoring.cancel()
            if delivering is not None:
                delivering.cancel()
            raise
        except BaseException as error:
            self._die("scoring", error)

    async def _take_over(self) -> None:
        for partition, spans in (await self._attempts.take_over()).items():
            self._parts.log.warning(
                "records were being scored when a worker ended: they are repeated in small parts",
                partition=partition,
                begun=[span._asdict() for span in spans],
            )

    async def _finish(self, scored: Scored) -> None:
        try:
            started_s = time.perf_counter()
            records = [record for message, post in scored.posts for record in self._records(message, post)]
            failed_ms = to_ms(self._parts.clock.now())
            letters = [letter.to_send(STAGE, failed_ms) for letter in scored.refused]
            # All are published together, because one by one was measured more than ten times slower.
            publishing = asyncio.to_thread(deliver, self._parts.publisher, [*records, *letters])
            await asyncio.wait_for(publishing, DELIVERY_TIMEOUT_S)
            delivered_s = time.perf_counter()
            for event in scored.events:
                event.ack()
            # This bounds what a kill repeats to the batches in flight.
            await self._parts.commit()
            committed_s = time.perf_counter()
            steps = {"deliver": delivered_s - started_s, "commit": committed_s - delivered_s}
            _measure(self._parts, scored, records, {"score": scored.score_s, **steps})
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._die("delivering", error)

    def _records(self, message: Message, post: ScoredPost) -> Iterator[Record]:
        yield from records_of(post, message.key)
        policy = self._parts.policies().get(post.workspace)
        yield from engagement_records(post, policy, self._parts.scorer.clock_mode)

    def _die(self, doing: str, error: BaseException) -> NoReturn:
        self._parts.metrics.count("errors_total", stage=STAGE, code=type(error).__name__)
        self._parts.log.error("cannot go on, ending at once", doing=doing, error=repr(error))
        self._parts.die()


def _opened(parts: Parts, events: Sequence[Event]) -> list[Opened]:
    started_s = time.perf_counter()
    opened: list[Opened] = []
    for event in events:
        try:
            opened.append((event, _received(parts, input_record(event.message))))
        except Permanent as reason:
            opened.append((event, reason))
    parts.metrics.observe("batch_seconds", time.perf_counter() - started_s, stage=STAGE, step="decode")
    return opened


def _cost_of(parts: Parts, opened: Opened) -> int:
    content = opened[1]
    if isinstance(content, Permanent):
        return 0
    return post_cost(content.post, parts.policies().get(content.post.workspace))


def _received(parts: Parts, record: InputRecord) -> ReceivedPost:
    post = decode(RawPost, record.value)
    key = post_key(post.workspace, post.author.author_id)
    check_place(
        record.key,
        key,
        partition=record.partition,
        partitions=parts.raw_partitions,
        partition_of=parts.partition_of,
    )
    source = SourcePosition(topic=record.topic, partition=record.partition, offset=record.offset)
    received = ReceivedPost(post, source, record.append_ms, parts.history_of(key))
    check_time(post.created_at, record.append_ms)
    return received


def _measure(parts: Parts, scored: Scored, records: Sequence[Record], steps: Mapping[str, float]) -> None:
    """Counts a batch that is done. `steps` are the seconds of each of its steps."""
    metrics = parts.metrics
    for step, seconds in steps.items():
        metrics.observe("batch_seconds", seconds, stage=STAGE, step=step)
    metrics.observe("batch_records", len(scored.events), stage=STAGE)
    metrics.count("records_consumed_total", len(scored.events), stage=STAGE, topic=RAW.name)
    for topic, count in Counter(record.topic for record in records).items():
        metrics.count("records_produced_total", count, stage=STAGE, topic=topic)
    now_ms = to_ms(parts.clock.now())
    waits = [max(0, now_ms - post.appended_ms) / 1000 for _, post in scored.posts]
    metrics.observe_all("hop_latency_seconds", waits, stage=STAGE)
    for letter in scored.refused:
        metrics.count("dead_letters_total", stage=STAGE, code=letter.reason.code)
        parts.log.warning("dead_letter", **letter.told())
