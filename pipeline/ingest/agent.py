"""Runs the ingest agent, which turns candidates into confirmed records of `posts.raw` and a manifest.

Kafka confirms a batch, then the manifest notes it and is forced to the disk, and only then does the cursor move. A
crash therefore loses nothing and can double at most the batch that was under way. Files and Kafka clients belong
to others.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pipeline.codec import decode, encode
from pipeline.errors import Misconfigured, Permanent, ServiceMissing
from pipeline.ingest.lines import Candidate, LeftOut
from pipeline.ingest.manifest.format import Delivered
from pipeline.ingest.manifest.writer import ManifestWriter
from pipeline.ingest.replay import Pacer
from pipeline.metrics import Metrics
from pipeline.ports.records import Delivery, Publisher, Record
from schemas.posts.raw import RawPost
from schemas.topics import RAW, post_key

BATCH_POSTS = 1000
BATCH_S = 0.5
"""A batch is confirmed at either limit. One fsync costs milliseconds, and at most half a second of posts may
double.
"""
RECORD_OVERHEAD_BYTES = 512
"""This leaves room for Kafka's batch and record headers (61 + at most about 30 bytes) within the limit of the
topic.
"""
PAUSE_STEP_S = 0.1
"""Replay pauses in steps, so that a request to stop is noticed."""


@dataclass
class Waits:
    """Says how the agent spends time. It is injected, so that tests need none.

    Args:
        monotonic: returns seconds of a clock that never runs backwards.
        sleep: waits that many seconds.
        stopped: whether the operator asked to stop.
    """

    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    stopped: Callable[[], bool] = lambda: False


@dataclass(frozen=True)
class Reports:
    """Names whom the agent tells what happens.

    Args:
        rejected: called with the line and the reason of each line that is given up.
        left_out: called with the line and each optional cell that its post goes without.
        progress: called with (sent, rejected) of the whole run after each confirmed batch.
    """

    rejected: Callable[[int, Permanent], None]
    left_out: Callable[[int, LeftOut], None]
    progress: Callable[[int, int], None] = lambda _sent, _rejected: None


class IngestAgent:
    """Sends candidates and keeps the manifest.

    Args:
        publisher: the way to `posts.raw`.
        manifest: of this run; its cursor says which lines are done.
        waits: clock and sleep.
        reports: where rejections and progress go.
        metrics: of this process.
        pacer: replay by event time; None: as fast as possible.
        header: bytes that begin the rejects file (a table's header).
    """

    def __init__(
        self,
        publisher: Publisher,
        manifest: ManifestWriter,
        waits: Waits,
        reports: Reports,
        metrics: Metrics,
        *,
        pacer: Pacer | None = None,
        header: bytes = b"",
    ) -> None:
        self._publisher = publisher
        self._manifest = manifest
        self._waits = waits
        self._reports = reports
        self._metrics = metrics
        self._pacer = pacer
        self._header = header
        self._flight: dict[int, tuple[RawPost, bytes]] = {}
        self._rejected = 0
        self._read_to = manifest.cursor.line
        self._confirmed_at_s = waits.monotonic()

    def run(self, candidates: Iterable[Candidate], limit: int | None = None) -> bool:
        """Sends every candidate after the cursor and returns whether all of the input was read.

        Args:
            candidates: in file order, from the first line on.
            limit: stop after that many posts.

        Raises:
            ServiceMissing: Kafka went away. The manifest says what was confirmed, and the run can be resumed.
            Misconfigured, OSError: the input is at fault, such as damaged data. What came before the fault was
                sent.
        """
        done_to, accepted, whole = self._manifest.cursor.line, 0, True
        try:
            for candidate in candidates:
                # A resumed run passes over what an earlier one confirmed or rejected.
                if candidate.line <= done_to:
                    continue
                if accepted == limit or self._waits.stopped():
                    whole = False
                    break
                accepted += self._take(candidate)
                self._confirm_when_due()
        except (Misconfigured, OSError):
            # The input breaks off: what was read before that place is in the air, and counts.
            self._confirm()
            raise
        self._confirm()
        return whole and not self._waits.stopped()

    def _take(self, candidate: Candidate) -> bool:
        found = candidate.found
        post = _post(found) if isinstance(found, bytes) else found
        if isinstance(post, RawPost):
            self._pause_until_due(post)
            # The key places all posts of an author in one partition, so that their order holds.
            value, key = encode(post), post_key(post.workspace, post.author.author_id)
            if len(key) + len(value) + RECORD_OVERHEAD_BYTES <= RAW.max_message_bytes:
                self._flight[candidate.line] = (post, candidate.raw)
                self._publisher.send(Record(RAW.name, key, value), candidate.line)
            else:
                post = Permanent("too_large", f"the record has {len(value)} bytes, {RAW.name} takes fewer")
        self._read_to = candidate.line
        if isinstance(post, Permanent):
            self._reject(candidate.line, candidate.raw, post)
            return False
        for cell in candidate.left_out:
            self._reports.left_out(candidate.line, cell)
        return True

    def _pause_until_due(self, post: RawPost) -> None:
        if self._pacer is None:
            return
        while (wait_s := self._pacer.wait_s(post.created_at, self._waits.monotonic())) > 0:
            if self._waits.stopped():
                return
            self._confirm_when_due()
            self._waits.sleep(min(wait_s, PAUSE_STEP_S))

    def _confirm_when_due(self) -> None:
        waited_s = self._waits.monotonic() - self._confirmed_at_s
        if len(self._flight) + self._rejected >= BATCH_POSTS or waited_s >= BATCH_S:
            self._confirm()

    def _confirm(self) -> None:
        delivered = []
        for delivery in self._settle():
            post, raw = self._flight.pop(delivery.tag)
            if isinstance(delivery.failure, Permanent):
                self._reject(delivery.tag, raw, delivery.failure)
                continue
            delivered.append(
                Delivered(
                    delivery.tag,
                    post.post_id,
                    post.revision,
                    post.workspace,
                    delivery.partition,
                    delivery.offset,
                )
            )
        if delivered or self._rejected:
            self._manifest.confirm(delivered, self._read_to, self._rejected)
            self._metrics.count("records_produced_total", len(delivered), stage="ingest", topic=RAW.name)
            self._rejected = 0
            self._reports.progress(self._manifest.cursor.sent, self._manifest.cursor.rejected)
        self._confirmed_at_s = self._waits.monotonic()

    def _settle(self) -> list[Delivery]:
        deliveries = self._publisher.settle()
        for delivery in deliveries:
            if delivery.failure is not None and not isinstance(delivery.failure, Permanent):
                raise ServiceMissing(f"Kafka does not take records of {RAW.name}: {delivery.failure}")
        return deliveries

    def _reject(self, line: int, raw: bytes, reason: Permanent) -> None:
        self._manifest.reject(raw, self._header)
        self._rejected += 1
        self._metrics.count("errors_total", stage="ingest", code=reason.code)
        self._reports.rejected(line, reason)


def _post(found: bytes) -> RawPost | Permanent:
    try:
        return decode(RawPost, found)
    except Permanent as error:
        return error
