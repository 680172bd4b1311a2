"""The seam between a transactional loop and the pure core that decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.ports.records import InputRecord, Record


@dataclass(frozen=True)
class Decisions:
    """What one transaction writes besides offsets and its journal record."""

    outputs: Sequence[Record] = ()
    changes: Mapping[bytes, bytes | None] = field(default_factory=dict)
    """Changelog: entity key to its new value, None where it ended."""


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
