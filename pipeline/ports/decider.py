"""The seam between a transactional loop and the pure core that decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple, Protocol

from pipeline.ports.records import InputRecord, Record


@dataclass(frozen=True)
class Decisions:
    """Says what one transaction writes besides offsets and its journal record."""

    outputs: Sequence[Record] = ()
    changes: Mapping[bytes, bytes | None] = field(default_factory=dict)
    """Entries for the changelog. They map the key of an entity to its new value, which is None where the entity
    ended."""


class PolicyMark(NamedTuple):
    """Names the content of a policy."""

    version: int
    digest: str
    """`policy_digest` of the content."""


def policy_digest(content: bytes) -> str:
    """Returns the name of a policy's content: the SHA-256 of its bytes in hexadecimal digits."""
    return sha256(content).hexdigest()


class PolicyAwaited(Exception):
    """Says that a record was made under a newer policy than the one in force here.

    The state is as it was before the call. Whoever drives the core holds the record back until it has the policy,
    or gives up waiting.
    """

    def __init__(self, workspace: str, version: int) -> None:
        super().__init__(f"{workspace}: version {version} of the policy is awaited")
        self.workspace = workspace
        self.version = version


class Decider(Protocol):
    """The pure core of a transactional agent for one partition number.

    It is deterministic. The same records, times, policies and configuration give the same decisions, byte for
    byte. It never asks for the time and never does I/O. Nothing that it has decided counts before `commit`.
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

    def take_policy(self, workspace: str, content: bytes | None, now_ms: int) -> None:
        """Puts a policy in force. The policy becomes part of the state.

        Args:
            workspace: whose policy it is.
            content: the policy as it was published; None ends it.
            now_ms: the stage's time in milliseconds.

        Raises:
            Permanent: the content is no policy. The one before stays in force.
        """
        ...

    def policies(self) -> Mapping[str, PolicyMark]:
        """Returns the policy in force of each workspace."""
        ...

    def read_ahead(self, records: Sequence[InputRecord]) -> None:
        """Is told which records are decided next, unless something comes in between. It decides nothing."""
        ...

    def decide(self, record: InputRecord, now_ms: int, *, may_wait: bool = False) -> None:
        """Handles one record.

        `now_ms` never decreases from call to call. Only after a restart on another clock may it be less than what
        the restored state has seen.

        Args:
            record: to be handled.
            now_ms: the stage's time in milliseconds.
            may_wait: whether the record may be held back for a policy that is on its way.

        Raises:
            Permanent: the record cannot be used. The state is as it was before the call.
            PolicyAwaited: only if `may_wait`.
        """
        ...

    def next_timer_ms(self) -> int | None:
        """Returns when the earliest timer is due, or None without timers."""
        ...

    def fire_timers(self, now_ms: int, limit: int) -> int:
        """Handles the timers that are due at or before `now_ms`, in order of their times, but at most `limit`.

        It never raises. A timer that meets a fault is undone, and what it is about has no timer any more.

        Returns:
            How many were handled. When it is `limit`, more may be due.
        """
        ...

    def park_timer(self, now_ms: int) -> None:
        """Gives up the earliest timer, because what it leads to cannot be written."""
        ...

    def set_live(self, live: bool, now_ms: int, limit: int) -> bool:
        """Says whether the loop is at the live edge of its inputs.

        A core that is not live takes everything in, but hands out nothing. It begins not live. An abort undoes
        this call like every other.

        Args:
            live: True makes up for what was held back, and lets everything that follows be handed out at once.
            now_ms: the stage's time in milliseconds.
            limit: how many decisions may be made up for in this call. With 0 the first of them is given up,
                because what it leads to cannot be written, and the core stays as it was.

        Returns:
            Whether the core is now what `live` says. False means that more is to be made up for: the core stays
            as it was, and wants to be called again in the next transaction.
        """
        ...

    def decisions(self) -> Decisions:
        """Returns everything that was decided since the last `commit` or `abort`, in order."""
        ...

    def size_bytes(self) -> int:
        """Returns how many bytes of outputs were decided since the last `commit` or `abort`, roughly."""
        ...

    def commit(self) -> None:
        """Learns that the transaction with `decisions()` is committed, so that they are now the truth."""
        ...

    def abort(self) -> None:
        """Learns that the transaction is aborted, so that the state is again as after the last `commit`."""
        ...
