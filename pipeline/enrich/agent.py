"""The enrich agent: batches of raw records in, scored posts out, nothing lost (faust.md, rules 1-9, 18).

In: events of `posts.raw`. Out: records of `posts.scored`, `posts.actionable`, `mentions` and `posts.raw.dlq`,
delivered before the input is acknowledged. Never here: an exception that leaves the agent (Faust would acknowledge
the whole queue); whatever cannot be handled ends the process at once, with nothing acknowledged.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from pipeline.clock import Clock, to_ms
from pipeline.codec import decode, encode
from pipeline.enrich.actionable import belongs_in_actionable
from pipeline.enrich.mentions import mention_key, mentions_of
from pipeline.enrich.received import PartitionOf, ReceivedPost, check_place, check_time
from pipeline.enrich.record import Event, Record, appended_ms_of, letter_headers, place_of
from pipeline.enrich.score import Scorer
from pipeline.errors import MustRestart, Permanent
from pipeline.logs import Log
from pipeline.metrics import Metrics
from pipeline.ports import Outgoing, RecordPublisher
from schemas.enrichment import ScoredPost
from schemas.policy import Policy
from schemas.post import RawPost
from schemas.topics import ACTIONABLE, MENTIONS, RAW, SCORED

if TYPE_CHECKING:
    import faust

STAGE = "enrich"
DELIVERY_TIMEOUT_S = 60.0
"""Longest wait for the brokers to take a batch's outputs; then the worker restarts (faust.md a.2)."""

TAKES_A_BATCH = 4
"""Taking less than a batch at once keeps what must be finished before a rebalance or a stop small."""


@dataclass(frozen=True)
class Parts:
    """Everything that the agent works with."""

    scorer: Scorer
    """Its models let one caller in at a time, whoever else calls."""
    policies: Callable[[], Mapping[str, Policy]]
    """Workspace to policy, as of now."""
    partition_of: PartitionOf
    raw_partitions: int
    executor: Executor
    """Two threads: while the engine works for one, the other prepares its texts or makes records of its scores."""
    publisher: RecordPublisher
    commit: Callable[[], Awaitable[object]]
    die: Callable[[], NoReturn]
    """Ends the process now, without any clean-up."""
    clock: Clock
    metrics: Metrics
    log: Log
    batch_size: int
    batch_wait_s: float
    inference_timeout_s: float


Opened = tuple[Event, ReceivedPost | Permanent]
"""An event, and what its record holds or why it is refused."""


@dataclass(frozen=True)
class _Scored:
    """A batch after scoring."""

    events: Sequence[Event]
    good: list[tuple[Record, ScoredPost]]
    refused: list[tuple[Record, Permanent]]
    score_s: float


def register(app: "faust.App", parts: Parts) -> None:
    """Lets the Faust app run the agent on `posts.raw`, raw bytes in (rule 6), one instance (rule 7)."""
    raw = app.topic(RAW.name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    take = max(1, parts.batch_size // TAKES_A_BATCH)

    async def enrich(stream: "faust.StreamT[bytes]") -> None:
        # Only noack_take never acknowledges by itself (rule 3).
        await EnrichAgent(parts).run(stream.noack().noack_take(take, within=parts.batch_wait_s))

    app.agent(raw, name=STAGE, concurrency=1)(enrich)


class EnrichAgent:
    """Reads, scores and delivers at once: one batch is scored, the one before delivered, the next one gathers.

    Batches grow with the load: what arrives while the engine is busy becomes the next batch. Only a full one is
    begun meanwhile, so that the engine finds its texts ready: it stood idle for 40 ms between two batches of 256,
    now for 7 (on a busy machine). Batches are acknowledged in the order in which they were read.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._scored_at_s = 0.0
        self._waiting: list[Opened] = []
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._full = asyncio.Event()
        self._ended = False

    async def run(self, batches: AsyncIterator[Sequence[Event]]) -> None:
        """Handles what comes until there is no more; never raises anything but a cancellation."""
        working = asyncio.create_task(self._work())
        try:
            async for events in batches:
                self._open(events)
                self._arrived.set()
                while len(self._waiting) >= self._parts.batch_size:
                    self._full.set()
                    self._room.clear()
                    await self._room.wait()
            self._ended = True
            self._arrived.set()
            await working
        except asyncio.CancelledError:
            working.cancel()
            raise
        except BaseException as error:
            self._die("reading", error)

    async def _work(self) -> None:
        finishing: asyncio.Task[None] | None = None
        scoring: asyncio.Task[_Scored] | None = None
        ahead: asyncio.Task[_Scored] | None = None
        try:
            while scoring := ahead or self._begin(await self._next_batch()):
                due_s = asyncio.get_running_loop().time() + self._parts.inference_timeout_s
                ahead = await self._begin_ahead(scoring, due_s)
                scored = await self._by(scoring, due_s)
                if finishing is not None:
                    await finishing
                finishing = asyncio.create_task(self._finish(scored))
            if finishing is not None:
                await finishing
        except asyncio.CancelledError:
            for task in (finishing, scoring, ahead):
                if task is not None:
                    task.cancel()
            raise
        except BaseException as error:
            self._die("scoring", error)

    def _begin(self, batch: Sequence[Opened]) -> "asyncio.Task[_Scored] | None":
        return asyncio.create_task(self._score(batch)) if batch else None

    async def _begin_ahead(self, scoring: "asyncio.Task[_Scored]", due_s: float) -> "asyncio.Task[_Scored] | None":
        """Begins the next batch if one is full before the scoring of this one ends."""
        full = asyncio.create_task(self._full.wait())
        left_s = due_s - asyncio.get_running_loop().time()
        try:
            await asyncio.wait({scoring, full}, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            full.cancel()
        if scoring.done() or len(self._waiting) < self._parts.batch_size:
            return None
        return self._begin(await self._next_batch())

    async def _by(self, scoring: "asyncio.Task[_Scored]", due_s: float) -> _Scored:
        try:
            return await asyncio.wait_for(scoring, due_s - asyncio.get_running_loop().time())
        except TimeoutError:
            # The thread still hangs in the engine; nothing else could be scored in this process.
            seconds = self._parts.inference_timeout_s
            raise MustRestart(f"no scores within {seconds:.0f} s") from None

    async def _next_batch(self) -> list[Opened]:
        """At least one and at most `batch_size` that wait; none when there will be no more."""
        while not self._waiting and not self._ended:
            self._arrived.clear()
            await self._arrived.wait()
        size = self._parts.batch_size
        batch, self._waiting = self._waiting[:size], self._waiting[size:]
        if len(self._waiting) < size:
            self._full.clear()
            self._room.set()
        return batch

    async def _finish(self, scored: _Scored) -> None:
        try:
            started = time.perf_counter()
            await asyncio.wait_for(self._deliver(scored), DELIVERY_TIMEOUT_S)
            delivered = time.perf_counter()
            for event in scored.events:
                event.ack()
            # Bounds what a kill repeats to the batches in flight (rule 5).
            await self._parts.commit()
            self._measure(scored, deliver_s=delivered - started, commit_s=time.perf_counter() - delivered)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._die("delivering", error)

    def _open(self, events: Sequence[Event]) -> None:
        started = time.perf_counter()
        for event in events:
            try:
                self._waiting.append((event, self._receive(event.message)))
            except Permanent as reason:
                self._waiting.append((event, reason))
        self._parts.metrics.observe("batch_seconds", time.perf_counter() - started, stage=STAGE, step="decode")

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
        received = ReceivedPost(post, place_of(record), appended_ms_of(record))
        check_time(received)
        return received

    async def _score(self, batch: Sequence[Opened]) -> _Scored:
        started = time.perf_counter()
        posts = [(event, opened) for event, opened in batch if isinstance(opened, ReceivedPost)]
        results: list[ScoredPost | Permanent] = []
        if posts:
            parts, received = self._parts, [opened for _, opened in posts]
            results = await asyncio.get_running_loop().run_in_executor(
                parts.executor, parts.scorer.score, received, parts.policies()
            )
        good: list[tuple[Record, ScoredPost]] = []
        refused = [(event.message, opened) for event, opened in batch if isinstance(opened, Permanent)]
        for (event, _), result in zip(posts, results, strict=True):
            if isinstance(result, Permanent):
                refused.append((event.message, result))
            else:
                good.append((event.message, result))
        # What it waited for the batch before it is that one's time.
        ended, before = time.perf_counter(), self._scored_at_s
        self._scored_at_s = ended
        return _Scored([event for event, _ in batch], good, refused, score_s=ended - max(started, before))

    async def _deliver(self, scored: _Scored) -> None:
        # All are published together: one by one is more than ten times slower (rule 4).
        records: list[Outgoing] = []
        for record, post in scored.good:
            value = encode(post)
            records.append(Outgoing(SCORED.name, record.key, value))
            if belongs_in_actionable(post):
                records.append(Outgoing(ACTIONABLE.name, post.workspace.encode(), value))
            records += [
                Outgoing(MENTIONS.name, mention_key(mention), encode(mention)) for mention in mentions_of(post)
            ]
        failed_ms = to_ms(self._parts.clock.now())
        records += [
            Outgoing(RAW.dlq.name, record.key, record.value, letter_headers(record, reason, STAGE, failed_ms))
            for record, reason in scored.refused
        ]
        await asyncio.to_thread(self._parts.publisher.publish, records)

    def _measure(self, scored: _Scored, *, deliver_s: float, commit_s: float) -> None:
        metrics, log = self._parts.metrics, self._parts.log
        steps = {"score": scored.score_s, "deliver": deliver_s, "commit": commit_s}
        for step, seconds in steps.items():
            metrics.observe("batch_seconds", seconds, stage=STAGE, step=step)
        metrics.observe("batch_records", len(scored.events), stage=STAGE)
        metrics.count("records_consumed_total", len(scored.events), stage=STAGE, topic=RAW.name)
        metrics.count("records_produced_total", len(scored.good), stage=STAGE, topic=SCORED.name)
        actionable = sum(belongs_in_actionable(post) for _, post in scored.good)
        metrics.count("records_produced_total", actionable, stage=STAGE, topic=ACTIONABLE.name)
        mentions = sum(0 if post.deleted else len(post.topics) for _, post in scored.good)
        metrics.count("records_produced_total", mentions, stage=STAGE, topic=MENTIONS.name)
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
