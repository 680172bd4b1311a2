"""The seams between the pure parts and the machines: what a stage needs, never how it is done.

Each protocol has a real adapter and an in-memory twin in `pipeline/adapters/`, and one test suite
in `tests/ports/` that both must pass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import Permanent


class TextScores(NamedTuple):
    """What one pass of the model says about one text: calibrated probabilities, each 0..1.

    The three of sentiment add up to 1 within 1e-6; `offence` and `complaint` stand alone, None where the model
    has no such head. Compare scores by their fields: an array has no single truth.
    """

    negative: float
    neutral: float
    positive: float
    offence: float | None = None
    complaint: float | None = None
    embedding: NDArray[np.float16] | None = None
    """What the text is about, as the same model's numbers: the mean over its tokens of a middle layer, shape
    (width,), its own array. Only texts that the same model read can be compared. Half precision, for a cache
    holds tens of thousands; None where the text is blank or the model shows no layers."""


class TextModel(Protocol):
    """Scores texts in every head at once. Blocking: call it from an executor, one caller thread at a time."""

    @property
    def name(self) -> str:
        """Model id and revision, e.g. `earshot-minilm-l6@1a2b3c4d5e6f`."""
        ...

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        """Scores already normalised texts; same length and order as the input, any length >= 0.

        Raises:
            Transient: the engine failed; the same texts may succeed later.
        """
        ...


UNDETERMINED = "und"
"""The code of a language that nobody can tell (ISO 639-2)."""


class DetectedLanguage(NamedTuple):
    """The language that a text is most likely in."""

    code: str
    """ISO 639-1, or 639-3 where there is no shorter one, lower case; `UNDETERMINED` when nobody can tell."""
    confidence: float
    """0..1, of the likeliest language, also when that is too little to name it; 0 for a text without letters."""


class LanguageModel(Protocol):
    """Tells languages. Blocking, but quick; any thread may call it at any time."""

    def detect(self, texts: Sequence[str]) -> list[DetectedLanguage]:
        """The language of each text; same length and order, any length >= 0. Never raises because of a text."""
        ...


class RowWriter(Protocol):
    """Writes rows to a table of the analytics store. Blocking."""

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[object]],
        *,
        token: str,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        """Inserts all rows in one call, or raises and may have inserted none or all.

        Args:
            table: table name within the store's database.
            columns: column names, in the order of each row's values.
            rows: at least one row.
            token: deduplication token of exactly this batch; the same batch has the same token.
            settings: further ClickHouse settings of the insert.

        Raises:
            Transient: the store did not answer or refused for now; retry the same batch and token.
            Permanent: the store will never accept this batch (unknown column, bad value).
        """
        ...


class InputRecord(NamedTuple):
    """One record of an input topic as a transactional agent sees it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    append_ms: int
    """The broker's append time; every topic uses LogAppendTime."""


class DeadLetter(NamedTuple):
    """One record that is given up, and why."""

    record: InputRecord
    reason: Permanent


class DeadLetters(Protocol):
    """Keeps records that are given up: `<topic>.dlq`. Blocking."""

    def send(self, letters: Sequence[DeadLetter]) -> None:
        """Returns when every letter is stored, key and value byte for byte; a repeat stores it again.

        Raises:
            Transient: one of them could not be delivered.
            MustRestart: likewise, and none will ever be.
        """
        ...


class Outgoing(NamedTuple):
    """One record to produce outside any transaction; the key decides the partition."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


class RecordPublisher(Protocol):
    """Where the outputs of a stage without transactions go. Blocking, one caller thread at a time."""

    def publish(self, records: Sequence[Outgoing]) -> None:
        """Returns when the brokers have every record, those of one key in their order.

        Raises:
            Transient: one of them could not be delivered; any of the others may have been.
            MustRestart: likewise, and this publisher will never deliver anything again.
        """
        ...


class Output(NamedTuple):
    """One record to produce inside the transaction; the key decides the partition."""

    topic: str
    key: bytes | None
    value: bytes | None


@dataclass(frozen=True)
class Decisions:
    """What one transaction writes besides offsets and its journal record."""

    outputs: Sequence[Output] = ()
    changes: Mapping[bytes, bytes | None] = field(default_factory=dict)
    """Changelog: entity key to its new value, None where it ended."""


class Published(NamedTuple):
    """What became of one record that was sent."""

    tag: int
    """What the sender called it."""
    partition: int
    offset: int
    rejected: Permanent | None = None
    """The topic never takes this record (too large); partition and offset are then -1."""


class PostPublisher(Protocol):
    """Sends records to `posts.raw`, without loss and in order per key. Blocking, one caller thread."""

    def send(self, key: bytes, value: bytes, tag: int) -> None:
        """Hands one record over; blocks while the outgoing queue is full.

        Raises:
            ServiceMissing: the cluster takes nothing.
        """
        ...

    def settle(self) -> list[Published]:
        """Waits until the fate of every record that was sent is known; returns those since the last call.

        Raises:
            ServiceMissing: the cluster did not confirm a record in time; it may or may not be there.
        """
        ...


class Decider(Protocol):
    """The pure core of a transactional agent for one partition number.

    Deterministic: the same records, `now_ms` and configuration give the same decisions, byte for byte. It never
    asks for the time and never does I/O. Nothing that it decided counts before `commit`.
    """

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Takes one changelog entry, in changelog order, before the first record; None ends the entity."""
        ...

    def event_ms(self, record: InputRecord) -> int | None:
        """The record's own time, milliseconds; None when it cannot be read. Used on the event clock only."""
        ...

    def decide(self, record: InputRecord, now_ms: int) -> None:
        """Handles one record; `now_ms` never decreases from call to call.

        Raises:
            Permanent: the record cannot be used; the state is as it was before the call.
        """
        ...

    def next_timer_ms(self) -> int | None:
        """When the earliest timer is due, None without timers."""
        ...

    def fire_timers(self, now_ms: int) -> int:
        """Handles every timer due at or before `now_ms`, in order of their time; returns how many."""
        ...

    def decisions(self) -> Decisions:
        """Everything decided since the last `commit` or `abort`, in order."""
        ...

    def commit(self) -> None:
        """The transaction with `decisions()` is committed: they are now the truth."""
        ...

    def abort(self) -> None:
        """The transaction is aborted: the state is again as after the last `commit`."""
        ...

    def policy_versions(self) -> Mapping[str, int]:
        """Workspace to policy version in force, for the journal."""
        ...
