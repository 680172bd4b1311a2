"""Joins ingest with its machines, which are a file or standard input, the producer, the manifest and signals."""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC
from functools import partial
from pathlib import Path

from pipeline.adapters.in_memory.publisher import DiscardingPublisher
from pipeline.adapters.kafka.broker_watch import SILENT_AFTER_S, BrokerWatch
from pipeline.adapters.kafka.publisher import KafkaPublisher
from pipeline.adapters.kafka.reach import reach, require_topic
from pipeline.app.endpoints import resolve
from pipeline.app.importing.earlier import Appended, appended_since, earlier_run, ends_of, landed, sent_before
from pipeline.app.importing.opening import Opened, open_input
from pipeline.app.importing.place import Place, open_place
from pipeline.app.importing.request import IngestRequest, IngestSummary, Progress
from pipeline.app.importing.stop import StopRequest
from pipeline.clock import Clock, SystemClock
from pipeline.errors import Misconfigured
from pipeline.ingest.agent import IngestAgent, Reports, Rules, Waits
from pipeline.ingest.manifest.dry import DryLedger
from pipeline.ingest.manifest.format import AGAIN, DECIDED, Header
from pipeline.ingest.manifest.writer import Ledger, ManifestWriter
from pipeline.ingest.rejections import Rejections
from pipeline.ingest.replay import Pacer
from pipeline.metrics import Metrics
from pipeline.ports.records import Publisher
from pipeline.settings import KafkaSettings, Settings
from schemas.topics import RAW

METADATA_TIMEOUT_S = 15.0
DELIVERY_TIMEOUT_S = 120.0
"""A cluster that takes nothing for two minutes is missing. The run then stops, and can be resumed."""


def connect(kafka: KafkaSettings) -> Publisher:
    """Returns a publisher that has reached the cluster and its `posts.raw`.

    Raises:
        ServiceMissing: no broker answers.
        Misconfigured: the brokers refuse us, or the topic does not exist.
    """
    require_topic(reach(kafka, METADATA_TIMEOUT_S), kafka, RAW.name, METADATA_TIMEOUT_S)
    return KafkaPublisher(kafka, DELIVERY_TIMEOUT_S)


@dataclass(frozen=True)
class Machines:
    """Names what an import needs of Kafka."""

    connect: Callable[[KafkaSettings], Publisher] = connect
    ends: Callable[[KafkaSettings], Mapping[int, int]] = ends_of
    appended: Callable[[KafkaSettings, Mapping[int, int]], Iterable[Appended]] = appended_since


def ingest_file(
    settings: Settings,
    request: IngestRequest,
    *,
    say: Callable[[str], None],
    progress: Callable[[Progress], None] = lambda _progress: None,
    machines: Machines | None = None,
    clock: Clock | None = None,
) -> IngestSummary:
    """Sends one file to `posts.raw` and blocks until its end or a stop signal. Call it from the main thread.

    Args:
        settings: resolved or not.
        request: what to send and how.
        say: takes each line for the operator, such as the first rejection of a kind as `FILE:LINE: code: field:
            detail`.
        progress: told after each confirmed batch.
        machines: Kafka by default. A dry run needs none.
        clock: names and stamps the run; the machine's by default.

    Returns:
        What was done. A file that is damaged after its beginning, or of which too many lines in a row are
        rejected, comes back with a `fault`, and everything before the fault is sent and noted.

    Raises:
        Misconfigured: the file is missing or empty, its header lacks a mapped column, or another run reads it;
            nothing was sent.
        ServiceMissing: Kafka went away. The same call takes the run up again.
    """
    clock = clock or SystemClock()
    began_s = time.monotonic()
    stop = StopRequest()
    with ExitStack() as stack:
        # Signals come first, because a stop must also end a run that still waits for a slow pipe to open.
        stack.enter_context(stop.installed())
        place = open_place(request.file, stack)
        run = None if request.dry_run else earlier_run(settings.state_dir, request, place.source, stack)
        if run is not None and run.whole:
            say(f"{place.name}: run {run.header.run_id} has sent all of it; --restart sends it again")
            return IngestSummary(place.name, "")
        kept = {} if run is None else run.header.options.get(DECIDED, {})
        opened = open_input(request, place, stop, kept, say, 0 if run is None else run.cursor.line)
        again = request.start == "restart"
        rules = Rules(
            opened.form,
            opened.columns,
            request.strict,
            request.patience,
            sent_before(settings.state_dir, None if again else place.source, run),
        )
        publisher: Publisher = DiscardingPublisher()
        ledger: Ledger = DryLedger(settings.state_dir, place.run_id(clock), opened.form.begin)
        if not request.dry_run:
            kafka, use = resolve(settings).kafka, machines or Machines()
            publisher = _publisher(kafka, use, say, stack)
            if run is None:
                ledger = _begin(settings.state_dir, request, place, opened, use.ends(kafka), clock)
            else:
                rules = replace(rules, landed=landed(run, partial(use.appended, kafka)))
                ledger = ManifestWriter(run.path, clock, opened.form.begin)
                ledger.resume()
        stack.callback(ledger.close)
        if run is not None:
            say(f"{place.name}: taking up run {run.header.run_id} after line {ledger.cursor.line}")
        before = ledger.cursor
        rejections = Rejections(place.name, say, opened.columns)

        def report(sent: int, rejected: int) -> None:
            resuming = ledger.cursor == before and before.line > 0
            progress(Progress(sent, rejected, place.read_bytes(), place.size_bytes, resuming))

        agent = IngestAgent(
            publisher,
            ledger,
            Waits(time.monotonic, time.sleep, lambda: stop.requested),
            Reports(rejections, rejections.left_out, report),
            Metrics(),
            rules,
            pacer=None if request.speed is None else Pacer(request.speed),
        )
        whole, fault = _run(agent, opened, request.limit, place.name)
        if agent.doubtful:
            say(f"{place.name}: stopped so early that this call counts as if it had not been made")
        elif fault is not None or stop.requested:
            ledger.break_off(fault or "stopped by the operator")
        else:
            ledger.end(whole=whole)
        rejections.end()
        for why, count in opened.left_aside.items():
            say(f"{place.name}: {count:,} entries are no posts by the map: {why}")
        after = ledger.cursor
        sent, rejected = after.sent - before.sent, after.rejected - before.rejected
        return IngestSummary(
            file=place.name,
            manifest="" if ledger.path is None else str(ledger.path),
            rejects=str(ledger.rejects_path) if after.rejected else "",
            read=sent + rejected + agent.passed_over,
            sent=sent,
            rejected=rejected,
            sent_before=agent.passed_over,
            left_out=rejections.left_out_counts,
            left_aside=dict(opened.left_aside),
            seconds=round(time.monotonic() - began_s, 3),
            resumed_after=before.line,
            whole=whole,
            fault=fault,
            dry_run=request.dry_run,
        )


def _publisher(kafka: KafkaSettings, use: Machines, say: Callable[[str], None], stack: ExitStack) -> Publisher:
    # A run that waits for silent brokers says so, and does not look as if it hung.
    brokers = BrokerWatch(kafka, _Sentences(say))
    stack.callback(brokers.close)
    brokers.start()
    return use.connect(kafka)


def _run(agent: IngestAgent, opened: Opened, limit: int | None, name: str) -> tuple[bool, str | None]:
    try:
        return agent.run(opened.candidates, limit), None
    except Misconfigured as error:
        return False, str(error)
    except OSError as error:
        return False, f"{name}: {error.strerror}"


@dataclass(frozen=True)
class _Sentences:
    """Tells the operator when the brokers are silent, because nothing is sent meanwhile."""

    say: Callable[[str], None]

    def silent(self, lasts_s: float) -> None:
        self.say(f"no Kafka broker has answered for {lasts_s:.0f} s: nothing is sent until one does")

    def again(self, lasted_s: float) -> None:
        if lasted_s >= SILENT_AFTER_S:
            self.say(f"a Kafka broker answers again after {lasted_s:.0f} s")


def _begin(
    state_dir: Path,
    request: IngestRequest,
    place: Place,
    opened: Opened,
    ends: Mapping[int, int],
    clock: Clock,
) -> ManifestWriter:
    options = request.options() | {DECIDED: dict(opened.decided), AGAIN: request.start == "restart"}
    started = clock.now().astimezone(UTC).isoformat()
    header = Header(place.run_id(clock), RAW.name, place.source, options, started)
    return ManifestWriter.create(state_dir, header, clock, opened.form.begin, ends)
