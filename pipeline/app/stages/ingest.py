"""Joins ingest with its machines, which are a file or standard input, the producer, the manifest and signals."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC
from io import BufferedReader
from pathlib import Path
from types import FrameType
from typing import Any, Literal, NamedTuple

from pipeline.adapters.kafka.broker_watch import SILENT_AFTER_S, BrokerWatch
from pipeline.adapters.kafka.publisher import KafkaPublisher
from pipeline.adapters.kafka.reach import reach, require_topic
from pipeline.app.endpoints import resolve
from pipeline.clock import Clock, SystemClock
from pipeline.errors import Misconfigured
from pipeline.ingest import jsonl
from pipeline.ingest.agent import BATCH_POSTS, IngestAgent, Reports, Waits
from pipeline.ingest.lines import Candidate, Line, not_empty, numbered, shown, unpacked
from pipeline.ingest.manifest.format import Header, Source, newest_run
from pipeline.ingest.manifest.writer import ManifestWriter, run_id
from pipeline.ingest.rejections import Rejections
from pipeline.ingest.replay import Pacer
from pipeline.ingest.table.columns import open_table
from pipeline.ingest.table.mapping import ColumnMap
from pipeline.metrics import Metrics
from pipeline.ports.records import Publisher
from pipeline.settings import KafkaSettings, Settings
from schemas.topics import RAW

STDIN = "-"
METADATA_TIMEOUT_S = 15.0
DELIVERY_TIMEOUT_S = 120.0
"""A cluster that takes nothing for two minutes is missing. The run then stops, and can be resumed."""


@dataclass(frozen=True)
class IngestRequest:
    """What the operator wants to send, and how."""

    file: str
    """Path of the file. `-` stands for standard input."""
    workspace: str | None = None
    columns: ColumnMap | None = None
    """A complete map for CSV. None says that the file holds JSON lines."""
    speed: float | None = None
    """Seconds of event time that pass in a second. None sends as fast as possible."""
    limit: int | None = None
    start: Literal["auto", "resume", "restart"] = "auto"
    """`auto` takes up a run that crashed or was stopped. `resume` also takes up a run that `--limit` ended."""


@dataclass(frozen=True)
class IngestSummary:
    """What one call of ingest did."""

    file: str
    manifest: str
    read: int
    sent: int
    rejected: int
    seconds: float
    resumed_after: int
    """Line after which the run was taken up. 0 says that it began at the beginning."""
    whole: bool
    """Whether all of the input was read."""


class _Input(NamedTuple):
    name: str
    source: Source | None
    header: bytes
    candidates: Iterator[Candidate]


class StopRequest:
    """Handles SIGTERM and SIGINT. The batch under way is confirmed first, and only a blocked read is broken
    off."""

    def __init__(self) -> None:
        self.requested = False
        self._reading = False

    def __call__(self, _signal: int, _frame: FrameType | None) -> None:
        """Notes the request. Python calls it as the signal handler."""
        self.requested = True
        if self._reading:
            raise InterruptedError

    def until(self, lines: Iterator[Line]) -> Iterator[Line]:
        """Yields lines up to the request."""
        while not self.requested:
            try:
                self._reading = True
                line = next(lines, None)
            except InterruptedError:
                return
            finally:
                self._reading = False
            if line is None:
                return
            yield line

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Takes both signals while the block runs. It works in the main thread only."""
        old = {number: signal.signal(number, self) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)


def connect(kafka: KafkaSettings) -> Publisher:
    """Returns a publisher that has reached the cluster and its `posts.raw`.

    Raises:
        ServiceMissing: no broker answers.
        Misconfigured: the brokers refuse us, or the topic does not exist.
    """
    require_topic(reach(kafka, METADATA_TIMEOUT_S), kafka, RAW.name, METADATA_TIMEOUT_S)
    return KafkaPublisher(kafka, DELIVERY_TIMEOUT_S)


def ingest_file(
    settings: Settings,
    request: IngestRequest,
    *,
    say: Callable[[str], None],
    progress: Callable[[int, int], None] = lambda _sent, _rejected: None,
    connect: Callable[[KafkaSettings], Publisher] = connect,
    clock: Clock | None = None,
) -> IngestSummary:
    """Sends one file to `posts.raw` and blocks until its end or a stop signal. Call it from the main thread.

    Args:
        settings: resolved or not.
        request: what to send and how.
        say: takes each line for the operator: rejections as `FILE:LINE: code: field: detail`.
        progress: (sent, rejected) of the run after each confirmed batch.
        connect: makes the publisher.
        clock: names and stamps the run; the machine's by default.

    Raises:
        Misconfigured: the file is missing or empty, or its header lacks a mapped column; nothing was sent.
        ServiceMissing: Kafka went away. The same call takes the run up again.
    """
    began_s = time.monotonic()
    stop = StopRequest()
    with ExitStack() as stack:
        # Signals come first, because a stop must also end a run that still waits for a slow pipe to open.
        stack.enter_context(stop.installed())
        opened = _open(request, stack, stop)
        kafka = resolve(settings).kafka
        # A run that waits for silent brokers says so, and does not look as if it hung.
        brokers = BrokerWatch(kafka, _Sentences(say))
        stack.callback(brokers.close)
        brokers.start()
        publisher = connect(kafka)
        manifest = _manifest(settings, request, opened, say, clock or SystemClock())
        if manifest is None:
            return IngestSummary(opened.name, "", 0, 0, 0, time.monotonic() - began_s, 0, True)
        stack.enter_context(manifest)
        before = manifest.cursor
        rejections = Rejections(opened.name, say)
        agent = IngestAgent(
            publisher,
            manifest,
            Waits(time.monotonic, time.sleep, lambda: stop.requested),
            Reports(rejections, rejections.left_out, progress),
            Metrics(),
            pacer=None if request.speed is None else Pacer(request.speed),
            header=opened.header,
        )
        whole = agent.run(opened.candidates, request.limit)
        rejections.end()
        if not stop.requested:
            manifest.end(whole=whole)
        after = manifest.cursor
        sent, rejected = after.sent - before.sent, after.rejected - before.rejected
        return IngestSummary(
            file=opened.name,
            manifest=str(manifest.path),
            read=sent + rejected,
            sent=sent,
            rejected=rejected,
            seconds=round(time.monotonic() - began_s, 3),
            resumed_after=before.line,
            whole=whole,
        )


@dataclass(frozen=True)
class _Sentences:
    """Tells the operator when the brokers are silent, because nothing is sent meanwhile."""

    say: Callable[[str], None]

    def silent(self, lasts_s: float) -> None:
        self.say(f"no Kafka broker has answered for {lasts_s:.0f} s: nothing is sent until one does")

    def again(self, lasted_s: float) -> None:
        if lasted_s >= SILENT_AFTER_S:
            self.say(f"a Kafka broker answers again after {lasted_s:.0f} s")


def _open(request: IngestRequest, stack: ExitStack, stop: StopRequest) -> _Input:
    name = "standard input" if request.file == STDIN else shown(request.file)
    stream, source = _stream(request.file, stack)
    try:
        lines = not_empty(stop.until(numbered(unpacked(stream), name)), name)
    except Misconfigured:
        if stop.requested:
            raise KeyboardInterrupt from None
        raise
    if request.columns is None:
        return _Input(name, source, b"", jsonl.candidates(lines, request.workspace))
    return _Input(name, source, *open_table(lines, request.columns, name))


def _stream(file: str, stack: ExitStack) -> tuple[BufferedReader, Source | None]:
    if file == STDIN:
        # This opens a reader of our own on the same descriptor, because `sys.stdin.buffer` is not always one that
        # can peek.
        return stack.enter_context(open(sys.stdin.fileno(), "rb", closefd=False)), None
    path = Path(file)
    try:
        stream = stack.enter_context(path.open("rb"))
        facts = path.stat()
    except OSError as error:
        raise Misconfigured(f"{file}: {error.strerror}") from None
    return stream, Source(shown(str(path.resolve())), facts.st_size, facts.st_mtime_ns)


def _manifest(
    settings: Settings, request: IngestRequest, opened: _Input, say: Callable[[str], None], clock: Clock
) -> ManifestWriter | None:
    options = _options(request)
    old = None
    if opened.source is not None and request.start != "restart":
        old = newest_run(settings.state_dir, opened.source, options)
    if old is not None and old.whole and request.start == "resume":
        say(f"{opened.name}: run {old.header.run_id} has sent all of it")
        return None
    if old is not None and not old.whole and (request.start == "resume" or not old.ended):
        manifest = ManifestWriter(old, clock)
        after = manifest.resume()
        doubtful = "" if old.ended else f"; the next {BATCH_POSTS} or fewer posts may have been sent before"
        say(f"{opened.name}: taking up run {old.header.run_id} after line {after.line}{doubtful}")
        return manifest
    started = clock.now().astimezone(UTC).isoformat()
    name = "stdin" if opened.source is None else Path(opened.source.path).name
    header = Header(run_id(name, clock), RAW.name, opened.source, options, started)
    return ManifestWriter.create(settings.state_dir, header, clock)


def _options(request: IngestRequest) -> dict[str, Any]:
    if request.columns is None:
        return {"format": "jsonl", "workspace": request.workspace}
    columns = asdict(request.columns)
    return {"format": "csv", "workspace": request.workspace, **columns, "times": list(request.columns.times)}
