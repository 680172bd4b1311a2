"""The seam between a transactional loop and the pure core that decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.ports.records import InputRecord, Record


@dataclass(frozen=True)
class Decisions:
    """Says what one transaction writes besides offsets and its journal record."""

    outputs: Sequence[Record] = ()
    changes: Mapping[bytes, bytes | None] = field(default_factory=dict)
    """Entries for the changelog. They map the key of an entity to its new value, which is None where the entity
    ended."""


class Decider(Protocol):
    """The pure core of a transactional agent for one partition number.

    It is deterministic. The same records, `now_ms` and configuration give the same decisions, byte for byte. It
    never asks for the time and never does I/O. Nothing that it has decided counts before `commit`.
    """

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Takes one changelog entry, in changelog order, before the first record.

        A value of None ends the entity.
        """
        ...

    def event_ms(self, record: InputRecord) -> int | None:
        """Returns the record's own time in milliseconds, or None when it cannot be read.

        It is asked on the event clock only.
        """
        ...

    def decide(self, record: InputRecord, now_ms: int) -> None:
        """Handles one record. `now_ms` never decreases from call to call.

        Raises:
            Permanent: the record cannot be used. The state is as it was before the call.
        """
        ...

    def next_timer_ms(self) -> int | None:
        """Returns when the earliest timer is due, or None without timers."""
        ...

    def fire_timers(self, now_ms: int) -> int:
        """Handles every timer that is due at or before `now_ms`, in order of their times, and returns how many
        there were.
        """
        ...

    def decisions(self) -> Decisions:
        """Returns everything that was decided since the last `commit` or `abort`, in order."""
        ...

    def commit(self) -> None:
        """Learns that the transaction with `decisions()` is committed, so that they are now the truth."""
        ...

    def abort(self) -> None:
        """Learns that the transaction is aborted, so that the state is again as after the last `commit`."""
        ...

    def policy_versions(self) -> Mapping[str, int]:
        """Returns the version of the policy in force for each workspace, for the journal."""
        ...
