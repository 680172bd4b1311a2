"""Runs the ingest agent, which turns candidates into confirmed records of `posts.raw` and a manifest.

Kafka confirms a batch, then the manifest notes it and is forced to the disk, and only then does the cursor move. A
crash therefore loses nothing and can double at most the batch that was under way. Files and Kafka clients belong
to others.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.codec import decode, encode
from pipeline.errors import Misconfigured, Permanent, ServiceMissing
from pipeline.ingest.lines import Candidate, LeftOut
from pipeline.ingest.manifest.format import Delivered
from pipeline.ingest.manifest.writer import Ledger
from pipeline.ingest.mending import Form, Why
from pipeline.ingest.rejections import NOTES, kind_of, what_helps
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
PostKey = tuple[str, str, int]
"""Names one version of a post: workspace, post_id and revision."""


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
        progress: called with (sent, rejected) of the whole run after each confirmed batch, and now and then while
            lines are passed over.
    """

    rejected: Callable[[int, Permanent], None]
    left_out: Callable[[int, LeftOut], None]
    progress: Callable[[int, int], None] = lambda _sent, _rejected: None


@dataclass(frozen=True)
class Rules:
    """Says what becomes of odd and bad lines, and which posts Kafka has already.

    Args:
        form: makes the entries of the rejects file.
        columns: field of RawPost to the source's name of it, where they differ.
        strict: a post with an odd optional cell is given up, and not sent without the cell.
        patience: after so many lines in a row that are given up for one reason the run ends; 0: never.
        sent_before: says whether an earlier run has sent a post, which is then passed over.
        landed: posts that Kafka has of the batch in which the run was killed, with the partition and offset of
            each copy. Posts of others may be among them.
    """

    form: Form
    columns: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False
    patience: int = 1000
    sent_before: Callable[[RawPost], bool] = lambda _post: False
    landed: Mapping[PostKey, list[tuple[int, int]]] = field(default_factory=dict)


class IngestAgent:
    """Sends candidates and keeps the manifest.

    Args:
        publisher: the way to `posts.raw`.
        ledger: of this run; its cursor says which lines are done.
        waits: clock and sleep.
        reports: where rejections and progress go.
        metrics: of this process.
        rules: what becomes of odd and bad lines.
        pacer: replay by event time; None: as fast as possible.
    """

    def __init__(
        self,
        publisher: Publisher,
        ledger: Ledger,
        waits: Waits,
        reports: Reports,
        metrics: Metrics,
        rules: Rules,
        *,
        pacer: Pacer | None = None,
    ) -> None:
        self._publisher = publisher
        self._ledger = ledger
        self._waits = waits
        self._reports = reports
        self._metrics = metrics
        self._rules = rules
        self._pacer = pacer
        self._flight: dict[int, tuple[RawPost, bytes]] = {}
        self._delivered: list[Delivered] = []
        self._rejected = 0
        self._row = _NO_ROW
        self.doubtful = bool(rules.landed)
        """Whether the batch in which the run was killed is still under way. It is confirmed whole or not at all,
        so that what Kafka has of it is found again if the run is killed once more."""
        self._read_to = ledger.cursor.line
        self._confirmed_at_s = waits.monotonic()
        self.passed_over = 0
        """Counts the posts that were not sent because an earlier run had sent them."""

    def run(self, candidates: Iterable[Candidate], limit: int | None = None) -> bool:
        """Sends every candidate after the cursor and returns whether all of the input was read.

        Args:
            candidates: in file order, from the first line on.
            limit: stop after that many posts.

        Raises:
            ServiceMissing: Kafka went away. The ledger says what was confirmed, and the run can be resumed.
            Misconfigured, OSError: the input is at fault, such as damaged data, or so many lines in a row are
                given up that something else must be wrong. What came before was sent.
        """
        done_to, accepted, whole = self._ledger.cursor.line, 0, True
        try:
            for candidate in candidates:
                # A resumed run passes over what an earlier one confirmed or rejected.
                if candidate.line <= done_to:
                    if candidate.line % BATCH_POSTS == 0:
                        self._reports.progress(self._ledger.cursor.sent, self._ledger.cursor.rejected)
                        if self._waits.stopped():
                            return False
                    continue
                if self._waits.stopped() or (limit is not None and accepted >= limit and not self.doubtful):
                    whole = False
                    break
                accepted += self._take(candidate)
                self._confirm_when_due()
        except (Misconfigured, OSError):
            # The input breaks off: what was read before that place is in the air, and counts.
            self._confirm()
            raise
        if self.doubtful and self._waits.stopped():
            self._settle()
            return False
        self._confirm()
        return whole and not self._waits.stopped()

    def _take(self, candidate: Candidate) -> bool:
        found = self._checked(candidate)
        self._read_to = candidate.line
        if isinstance(found, Permanent):
            self._reject(candidate.line, candidate.raw, found)
            self._lose_patience(candidate.line, found)
            return False
        self._row = _NO_ROW
        for cell in candidate.left_out:
            self._reports.left_out(candidate.line, cell)
        post, record = found
        if self.doubtful and (places := self._rules.landed.get((post.workspace, post.post_id, post.revision))):
            self._note(candidate.line, post, *places.pop(0))
            return True
        if self._rules.sent_before(post):
            self.passed_over += 1
            return False
        if self._pacer is not None:
            self._pause_until_due(self._pacer, post)
        self._flight[candidate.line] = (post, candidate.raw)
        self._publisher.send(record, candidate.line)
        return True

    def _checked(self, candidate: Candidate) -> tuple[RawPost, Record] | Permanent:
        if isinstance(candidate.found, Permanent):
            return candidate.found
        if candidate.left_out and self._rules.strict:
            odd = (cell for cell in candidate.left_out if cell.code not in NOTES)
            if (cell := next(odd, None)) is not None:
                detail = f"column '{cell.column}' cannot be read, and --strict is set"
                return Permanent(cell.code, detail, cell.field)
        try:
            post = decode(RawPost, candidate.found)
        except Permanent as error:
            return error
        # The key places all posts of an author in one partition, so that their order holds.
        value, key = encode(post), post_key(post.workspace, post.author.author_id)
        if len(key) + len(value) + RECORD_OVERHEAD_BYTES > RAW.max_message_bytes:
            return Permanent("too_large", f"the record has {len(value)} bytes, {RAW.name} takes fewer")
        return post, Record(RAW.name, key, value)

    def _lose_patience(self, line: int, reason: Permanent) -> None:
        kind = kind_of(reason)
        self._row = (
            self._row._replace(lines=self._row.lines + 1) if kind == self._row.kind else _Row(kind, line, 1)
        )
        if self._row.lines == self._rules.patience:
            what = what_helps(reason, self._column(reason))
            raise Misconfigured(
                f"all of the lines {self._row.first} to {line} are rejected for one reason, so the run ends here: "
                f"{reason}; {what}"
            )

    def _pause_until_due(self, pacer: Pacer, post: RawPost) -> None:
        while (wait_s := pacer.wait_s(post.created_at, self._waits.monotonic())) > 0:
            if self._waits.stopped():
                return
            self._confirm_when_due()
            self._waits.sleep(min(wait_s, PAUSE_STEP_S))

    def _confirm_when_due(self) -> None:
        waited = self._waits.monotonic() - self._confirmed_at_s >= BATCH_S and not self.doubtful
        if waited or len(self._flight) + len(self._delivered) + self._rejected >= BATCH_POSTS:
            self._confirm()

    def _confirm(self) -> None:
        for delivery in self._settle():
            post, raw = self._flight.pop(delivery.tag)
            if isinstance(delivery.failure, Permanent):
                self._reject(delivery.tag, raw, delivery.failure)
                continue
            self._note(delivery.tag, post, delivery.partition, delivery.offset)
        if self._delivered or self._rejected or self._read_to > self._ledger.cursor.line:
            self._ledger.confirm(sorted(self._delivered), self._read_to, self._rejected)
            self._metrics.count("records_produced_total", len(self._delivered), stage="ingest", topic=RAW.name)
            self._delivered = []
            self.doubtful = False
            self._rejected = 0
            self._reports.progress(self._ledger.cursor.sent, self._ledger.cursor.rejected)
        self._confirmed_at_s = self._waits.monotonic()

    def _settle(self) -> list[Delivery]:
        deliveries = self._publisher.settle()
        for delivery in deliveries:
            if delivery.failure is not None and not isinstance(delivery.failure, Permanent):
                raise ServiceMissing(f"Kafka does not take records of {RAW.name}: {delivery.failure}")
        return deliveries

    def _note(self, line: int, post: RawPost, partition: int, offset: int) -> None:
        self._delivered.append(Delivered(line, post.post_id, post.revision, post.workspace, partition, offset))

    def _reject(self, line: int, raw: bytes, reason: Permanent) -> None:
        self._ledger.reject(self._rules.form.entry(raw, Why(line, str(reason), self._column(reason))))
        self._rejected += 1
        self._metrics.count("errors_total", stage="ingest", code=reason.code)
        self._reports.rejected(line, reason)

    def _column(self, reason: Permanent) -> str:
        return self._rules.columns.get(reason.field or "", reason.field or "")


class _Row(NamedTuple):
    """Holds how many lines in a row, from which on, were given up for reasons of one kind."""

    kind: str = ""
    first: int = 0
    lines: int = 0


_NO_ROW = _Row()
