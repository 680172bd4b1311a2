"""The enrich agent: batches of raw records in, scored posts out, nothing lost (faust.md, rules 1-9, 18).

In: events of `posts.raw`. Out: records of `posts.scored`, `posts.actionable`, `mentions` and `posts.raw.dlq`,
delivered before the input is acknowledged. Never here: an exception that leaves the agent (Faust would acknowledge
the whole queue); whatever cannot be handled ends the process at once, with nothing acknowledged.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from pipeline.clock import Clock, to_ms
from pipeline.codec import decode
from pipeline.enrich.events import Event, Message, input_record
from pipeline.enrich.gather import Batch, Gather, Opened
from pipeline.enrich.notes import Notebook, Notes, Place
from pipeline.enrich.outputs import records_of
from pipeline.enrich.received import PartitionOf, ReceivedPost, check_place, check_time
from pipeline.enrich.score import Scorer
from pipeline.enrich.weight import weight
from pipeline.errors import MustRestart, Permanent
from pipeline.logs import Log
from pipeline.metrics import Metrics
from pipeline.ports.dead_letters import DeadLetter
from pipeline.ports.records import InputRecord, Publisher, deliver
from schemas.base import SourcePosition
from schemas.policy.policy import Policy
from schemas.posts.raw import RawPost
from schemas.posts.scored import ScoredPost
from schemas.topics import RAW

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
    publisher: Publisher
    commit: Callable[[], Awaitable[object]]
    notes: Notes
    """What each commit says of the batches that are begun."""
    die: Callable[[], NoReturn]
    """Ends the process now, without any clean-up."""
    clock: Clock
    metrics: Metrics
    log: Log
    batch_size: int
    batch_characters: int
    batch_wait_s: float
    inference_timeout_s: float


@dataclass(frozen=True)
class _Scored:
    """A batch after scoring."""

    events: Sequence[Event]
    good: list[tuple[Message, ScoredPost]]
    refused: list[DeadLetter]
    score_s: float


class _Begun(NamedTuple):
    """A batch that is being scored."""

    batch: Batch
    given_up: bool
    """One of its records is dead-lettered because workers ended over it."""
    scoring: "asyncio.Task[_Scored]"


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

    Before a batch is begun its place is noted, so that the next life knows what this one died of (`notes.py`).
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._scored_at_s = 0.0
        self._notebook = Notebook()
        self._waiting = Gather(parts.batch_size, parts.batch_characters, self._weight, self._notebook)

    async def run(self, batches: AsyncIterator[Sequence[Event]]) -> None:
        """Handles what comes until there is no more; never raises anything but a cancellation."""
        working = asyncio.create_task(self._work())
        try:
            async for events in batches:
                await self._read_notes()
                await self._waiting.put(self._open(events))
            await self._waiting.end()
            await working
        except asyncio.CancelledError:
            working.cancel()
            raise
        except BaseException as error:
            self._die("reading", error)

    async def _read_notes(self) -> None:
        """Learns, when partitions were assigned, what was being scored when their last worker ended."""
        standing = await self._parts.notes.assigned()
        if standing is None:
            return
        for partition, spans in self._notebook.read(standing).items():
            self._parts.log.warning(
                "records were being scored when a worker ended: they are repeated in small parts",
                partition=partition,
                begun=[span._asdict() for span in spans],
            )
        self._parts.notes.keep(self._notebook.notes())

    async def _work(self) -> None:
        finishing: asyncio.Task[None] | None = None
        begun: _Begun | None = None
        ahead: _Begun | None = None
        try:
            while begun := ahead or await self._begin_next():
                due_s = asyncio.get_running_loop().time() + self._parts.inference_timeout_s
                ahead = await self._begin_ahead(begun, due_s)
                scored = await self._by(begun, due_s)
                if finishing is not None:
                    await finishing
                finishing = asyncio.create_task(self._finish(scored))
            if finishing is not None:
                await finishing
        except asyncio.CancelledError:
            for task in (finishing, begun and begun.scoring, ahead and ahead.scoring):
                if task is not None:
                    task.cancel()
            raise
        except BaseException as error:
            self._die("scoring", error)

    async def _begin_next(self) -> "_Begun | None":
        """Begins the next batch once it is noted; None when there will be no more."""
        batch = await self._waiting.next()
        if batch is None:
            return None
        verdicts = [self._notebook.verdict(place) for place in batch.places]
        records = [(event, why or opened) for (event, opened), why in zip(batch.records, verdicts, strict=True)]
        self._notebook.begin(batch.places)
        await self._note(self._notebook.partitions())
        if batch.careful and self._notebook.is_alone(batch.places) and isinstance(records[0][1], ReceivedPost):
            await self._count_try(batch.places[0])
        return _Begun(batch, any(verdicts), asyncio.create_task(self._score(records)))

    async def _count_try(self, place: Place) -> None:
        """Notes that this record, which is begun alone, may now be what ends this worker.

        The note stands before scoring begins: a post that holds the interpreter lets nobody write. It is written
        only where the engine works: else the cause would be looked for in one innocent post after the other.
        """
        seconds = self._parts.inference_timeout_s
        _, offset = place
        try:
            loop = asyncio.get_running_loop()
            trying = loop.run_in_executor(self._parts.executor, self._parts.scorer.try_engines, offset)
            await asyncio.wait_for(trying, seconds)
        except TimeoutError:
            why = f"no scores of a harmless text within {seconds:.0f} s: an engine hangs, no post is given up"
            raise MustRestart(why) from None
        self._notebook.count_try(place)
        await self._note(self._notebook.partitions())

    async def _begin_ahead(self, begun: "_Begun", due_s: float) -> "_Begun | None":
        """Begins the next batch if one is full before this one's scoring ends; nothing beside a careful one."""
        if begun.batch.careful:
            return None
        full = asyncio.create_task(self._waiting.full())
        left_s = due_s - asyncio.get_running_loop().time()
        try:
            await asyncio.wait({begun.scoring, full}, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            full.cancel()
        return await self._begin_next() if full.done() and not begun.scoring.done() else None

    async def _by(self, begun: "_Begun", due_s: float) -> _Scored:
        try:
            scored = await asyncio.wait_for(begun.scoring, due_s - asyncio.get_running_loop().time())
        except TimeoutError:
            # The thread still hangs in the engine; nothing else could be scored in this process.
            seconds = self._parts.inference_timeout_s
            raise MustRestart(f"no scores within {seconds:.0f} s") from None
        self._notebook.done(begun.batch.places)
        # The commit that acknowledges the batch takes its note away. A careful one's goes at once, so that what
        # ends a worker while it delivers is not held against the record.
        at_once = begun.batch.careful and not begun.given_up
        await self._note({partition for partition, _ in begun.batch.places} if at_once else ())
        return scored

    async def _note(self, partitions: Collection[int]) -> None:
        """Lets every commit say what is begun now, and writes it at these partitions without waiting for one."""
        self._parts.notes.keep(self._notebook.notes())
        if not partitions:
            return
        try:
            await asyncio.wait_for(self._parts.notes.write(partitions), DELIVERY_TIMEOUT_S)
        except TimeoutError:
            raise MustRestart(f"the brokers took no note within {DELIVERY_TIMEOUT_S:.0f} s") from None

    async def _finish(self, scored: _Scored) -> None:
        try:
            started = time.perf_counter()
            produced = await asyncio.wait_for(self._deliver(scored), DELIVERY_TIMEOUT_S)
            delivered = time.perf_counter()
            for event in scored.events:
                event.ack()
            # Bounds what a kill repeats to the batches in flight (rule 5).
            await self._parts.commit()
            self._measure(
                scored, produced, deliver_s=delivered - started, commit_s=time.perf_counter() - delivered
            )
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._die("delivering", error)

    def _open(self, events: Sequence[Event]) -> list[Opened]:
        started = time.perf_counter()
        opened: list[Opened] = []
        for event in events:
            try:
                opened.append((event, self._receive(input_record(event.message))))
            except Permanent as reason:
                opened.append((event, reason))
        self._parts.metrics.observe("batch_seconds", time.perf_counter() - started, stage=STAGE, step="decode")
        return opened

    def _weight(self, opened: Opened) -> int:
        content = opened[1]
        if isinstance(content, Permanent):
            return 0
        return weight(content.post, self._parts.policies().get(content.post.workspace))

    def _receive(self, record: InputRecord) -> ReceivedPost:
        post = decode(RawPost, record.value)
        parts = self._parts
        check_place(
            record.key,
            post,
            partition=record.partition,
            partitions=parts.raw_partitions,
            partition_of=parts.partition_of,
        )
        source = SourcePosition(topic=record.topic, partition=record.partition, offset=record.offset)
        received = ReceivedPost(post, source, record.append_ms)
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
        good: list[tuple[Message, ScoredPost]] = []
        refused = [
            DeadLetter(input_record(event.message), opened)
            for event, opened in batch
            if isinstance(opened, Permanent)
        ]
        for (event, _), result in zip(posts, results, strict=True):
            if isinstance(result, Permanent):
                refused.append(DeadLetter(input_record(event.message), result))
            else:
                good.append((event.message, result))
        # What it waited for the batch before it is that one's time.
        ended, before = time.perf_counter(), self._scored_at_s
        self._scored_at_s = ended
        return _Scored([event for event, _ in batch], good, refused, score_s=ended - max(started, before))

    async def _deliver(self, scored: _Scored) -> Counter[str]:
        """Sends the outputs and dead letters of a batch, and returns how many outputs went to each topic."""
        outputs = [record for message, post in scored.good for record in records_of(post, message.key)]
        failed_ms = to_ms(self._parts.clock.now())
        letters = [letter.to_send(STAGE, failed_ms) for letter in scored.refused]
        # All are published together, because one by one is more than ten times slower (rule 4).
        await asyncio.to_thread(deliver, self._parts.publisher, [*outputs, *letters])
        return Counter(record.topic for record in outputs)

    def _measure(self, scored: _Scored, produced: Mapping[str, int], *, deliver_s: float, commit_s: float) -> None:
        metrics, log = self._parts.metrics, self._parts.log
        steps = {"score": scored.score_s, "deliver": deliver_s, "commit": commit_s}
        for step, seconds in steps.items():
            metrics.observe("batch_seconds", seconds, stage=STAGE, step=step)
        metrics.observe("batch_records", len(scored.events), stage=STAGE)
        metrics.count("records_consumed_total", len(scored.events), stage=STAGE, topic=RAW.name)
        for topic, count in produced.items():
            metrics.count("records_produced_total", count, stage=STAGE, topic=topic)
        now_ms = to_ms(self._parts.clock.now())
        waits = [max(0, now_ms - post.appended_ms) / 1000 for _, post in scored.good]
        metrics.observe_all("hop_latency_seconds", waits, stage=STAGE)
        for record, reason in scored.refused:
            metrics.count("dead_letters_total", stage=STAGE, code=reason.code)
            log.warning(
                "dead_letter", topic=record.topic, partition=record.partition, offset=record.offset,
                code=reason.code, detail=reason.detail, field=reason.field,
            )  # fmt: skip

    def _die(self, doing: str, error: BaseException) -> NoReturn:
        self._parts.metrics.count("errors_total", stage=STAGE, code=type(error).__name__)
        self._parts.log.error("cannot go on, ending at once", doing=doing, error=repr(error))
        self._parts.die()
