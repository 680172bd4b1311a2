"""The enrich agent: batches of raw records in, scored posts out, nothing lost (faust.md, rules 1-9, 18).

In: events of `posts.raw`. Out: records of `posts.scored`, `posts.actionable` and `posts.raw.dlq`, delivered before
the input is acknowledged. Never here: an exception that leaves the agent (Faust would acknowledge the whole
queue); whatever cannot be handled ends the process at once, with nothing acknowledged.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, Protocol

from pipeline.clock import Clock, to_ms
from pipeline.codec import decode, encode
from pipeline.enrich.actionable import belongs_in_actionable
from pipeline.enrich.received import PartitionOf, ReceivedPost, check_place, check_time
from pipeline.enrich.score import Scorer
from pipeline.errors import MustRestart, Permanent
from pipeline.logs import Log
from pipeline.metrics import Metrics
from schemas.dead_letter import MAX_DETAIL_CHARS, DeadLetterInfo, encode_headers
from schemas.enrichment import ScoredPost
from schemas.message import SourcePosition
from schemas.policy import Policy
from schemas.post import RawPost
from schemas.topics import ACTIONABLE, RAW, SCORED

if TYPE_CHECKING:
    import faust

STAGE = "enrich"
DELIVERY_TIMEOUT_S = 60.0
"""Longest wait for the brokers to take a batch's outputs; then the worker restarts (faust.md a.2)."""


class Record(Protocol):
    """The parts of a Faust message that are read here."""

    topic: str
    partition: int
    offset: int
    timestamp: float
    key: bytes | None
    value: bytes | None


class Event(Protocol):
    """The parts of a Faust event that are used here."""

    @property
    def message(self) -> Record:
        """The record as Faust got it."""
        ...

    def ack(self) -> bool:
        """Marks the record as done."""
        ...


class Outbox(Protocol):
    """Where outputs go."""

    async def send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()
    ) -> Awaitable[object]:
        """Hands a record to the producer; the result resolves when the brokers have it, or raises."""
        ...


@dataclass(frozen=True)
class Parts:
    """Everything that the agent works with."""

    scorer: Scorer
    policies: Callable[[], Mapping[str, Policy]]
    """Workspace to policy, as of now."""
    partition_of: PartitionOf
    raw_partitions: int
    executor: Executor
    """One thread: the engine is called by one caller at a time."""
    outbox: Outbox
    commit: Callable[[], Awaitable[object]]
    die: Callable[[], NoReturn]
    """Ends the process now, without any clean-up."""
    clock: Clock
    metrics: Metrics
    log: Log
    batch_size: int
    batch_wait_s: float
    inference_timeout_s: float


@dataclass(frozen=True)
class _Batch:
    """A taken batch: its events, what is to be scored, and what is given up already."""

    events: Sequence[Event]
    posts: list[tuple[Record, ReceivedPost]]
    refused: list[tuple[Record, Permanent]]


def register(app: "faust.App", parts: Parts) -> None:
    """Lets the Faust app run the agent on `posts.raw`, raw bytes in (rule 6), one instance (rule 7)."""
    raw = app.topic(RAW.name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    agent = EnrichAgent(parts)

    async def enrich(stream: "faust.StreamT[bytes]") -> None:
        # Only noack_take never acknowledges by itself (rule 3).
        await agent.run(stream.noack().noack_take(parts.batch_size, within=parts.batch_wait_s))

    app.agent(raw, name=STAGE, concurrency=1)(enrich)


class EnrichAgent:
    """Handles batches, two at a time: one is scored while the one before is delivered and the next is decoded.

    Batches are acknowledged in the order in which they were taken.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def run(self, batches: AsyncIterator[Sequence[Event]]) -> None:
        """Handles batches until there are no more; never raises anything but a cancellation."""
        finishing: asyncio.Task[None] | None = None
        try:
            async for events in batches:
                scoring = asyncio.ensure_future(self._score(self._open(events)))
                previous, finishing = finishing, None
                if previous is not None:
                    await previous
                finishing = asyncio.create_task(self._finish(scoring))
            if finishing is not None:
                await finishing
        except asyncio.CancelledError:
            if finishing is not None:
                finishing.cancel()
            raise
        except BaseException as error:
            self._die("reading", error)

    async def _finish(self, scoring: "asyncio.Future[_Scored]") -> None:
        try:
            scored = await scoring
            started = time.perf_counter()
            await asyncio.wait_for(self._deliver(scored), DELIVERY_TIMEOUT_S)
            delivered = time.perf_counter()
            for event in scored.batch.events:
                event.ack()
            # Bounds what a kill repeats to the batches in flight (rule 5).
            await self._parts.commit()
            self._measure(scored, deliver_s=delivered - started, commit_s=time.perf_counter() - delivered)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._die("batch", error)

    def _open(self, events: Sequence[Event]) -> _Batch:
        started = time.perf_counter()
        batch = _Batch(events, [], [])
        for event in events:
            record = event.message
            try:
                batch.posts.append((record, self._receive(record)))
            except Permanent as reason:
                batch.refused.append((record, reason))
        self._parts.metrics.observe("batch_seconds", time.perf_counter() - started, stage=STAGE, step="decode")
        return batch

    def _receive(self, record: Record) -> ReceivedPost:
        post = decode(RawPost, record.value)
        parts = self._parts
        check_place(
            record.key,
            post,
            partition=record.partition,
            partitions=parts.raw_partitions,
            partition_of=parts.partition_of,
        )
        received = ReceivedPost(post, _place(record), _appended_ms(record))
        check_time(received, parts.scorer.clock_mode)
        return received

    async def _score(self, batch: _Batch) -> "_Scored":
        parts = self._parts
        started = time.perf_counter()
        results: list[ScoredPost | Permanent] = []
        if batch.posts:
            posts = [received for _, received in batch.posts]
            work = asyncio.get_running_loop().run_in_executor(
                parts.executor, parts.scorer.score, posts, parts.policies()
            )
            try:
                # Two batches can wait for the one thread, hence twice the time of one.
                results = await asyncio.wait_for(work, 2 * parts.inference_timeout_s)
            except TimeoutError:
                # The thread still hangs in the engine; nothing else could be scored in this process.
                raise MustRestart(f"no scores within {2 * parts.inference_timeout_s:.0f} s") from None
        good, refused = [], list(batch.refused)
        for (record, _), result in zip(batch.posts, results, strict=True):
            if isinstance(result, Permanent):
                refused.append((record, result))
            else:
                good.append((record, result))
        return _Scored(batch, good, refused, score_s=time.perf_counter() - started)

    async def _deliver(self, scored: "_Scored") -> None:
        # All are sent first and then awaited together: one by one is more than ten times slower (rule 4).
        send = self._parts.outbox.send
        pending = []
        for record, post in scored.good:
            value = encode(post)
            pending.append(await send(SCORED.name, record.key, value))
            if belongs_in_actionable(post):
                pending.append(await send(ACTIONABLE.name, post.workspace.encode(), value))
        for record, reason in scored.refused:
            headers = encode_headers(self._letter(record, reason))
            pending.append(await send(RAW.dlq.name, record.key, record.value, headers))
        await asyncio.gather(*pending)

    def _letter(self, record: Record, reason: Permanent) -> DeadLetterInfo:
        return DeadLetterInfo(
            stage=STAGE,
            code=reason.code,
            detail=reason.detail[:MAX_DETAIL_CHARS],
            field=None if reason.field is None else reason.field[:200],
            source=_place(record),
            appended_ms=_appended_ms(record),
            failed_ms=to_ms(self._parts.clock.now()),
        )

    def _measure(self, scored: "_Scored", *, deliver_s: float, commit_s: float) -> None:
        metrics, log = self._parts.metrics, self._parts.log
        steps = {"score": scored.score_s, "deliver": deliver_s, "commit": commit_s}
        for step, seconds in steps.items():
            metrics.observe("batch_seconds", seconds, stage=STAGE, step=step)
        metrics.observe("batch_records", len(scored.batch.events), stage=STAGE)
        metrics.count("records_consumed_total", len(scored.batch.events), stage=STAGE, topic=RAW.name)
        metrics.count("records_produced_total", len(scored.good), stage=STAGE, topic=SCORED.name)
        actionable = sum(belongs_in_actionable(post) for _, post in scored.good)
        metrics.count("records_produced_total", actionable, stage=STAGE, topic=ACTIONABLE.name)
        now_ms = to_ms(self._parts.clock.now())
        waits = [max(0, now_ms - post.appended_ms) / 1000 for _, post in scored.good]
        metrics.observe_all("hop_latency_seconds", waits, stage=STAGE)
        for record, reason in scored.refused:
            metrics.count("dead_letters_total", stage=STAGE, code=reason.code)
            log.warning(
                "dead letter",
                code=reason.code,
                field=reason.field,
                detail=reason.detail,
                place=f"{record.topic}/{record.partition}/{record.offset}",
            )

    def _die(self, doing: str, error: BaseException) -> NoReturn:
        self._parts.metrics.count("errors_total", stage=STAGE, code=type(error).__name__)
        self._parts.log.error("cannot go on, ending at once", doing=doing, error=repr(error))
        self._parts.die()


@dataclass(frozen=True)
class _Scored:
    """A batch after scoring."""

    batch: _Batch
    good: list[tuple[Record, ScoredPost]]
    refused: list[tuple[Record, Permanent]]
    score_s: float


def _place(record: Record) -> SourcePosition:
    return SourcePosition(topic=record.topic, partition=record.partition, offset=record.offset)


def _appended_ms(record: Record) -> int:
    return round(record.timestamp * 1000)
