"""What the transactional loop tells of itself, for metrics and the log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.ports.dead_letters import DeadLetter
from pipeline.ports.records import InputRecord


@dataclass
class Outcome:
    """What one committed transaction did."""

    records: Sequence[InputRecord]
    outputs: Mapping[str, int]
    timers: int
    dead_letters: Sequence[DeadLetter]
    now_ms: int


class LoopObserver(Protocol):
    """Told by the loop's thread, between transactions; must not raise."""

    def committed(self, partition: int, outcome: Outcome) -> None:
        """A transaction is committed."""

    def aborted(self, partition: int, reason: str) -> None:
        """A transaction is undone; its input will be decided again."""

    def renewed(self, partition: int, reason: str, seconds: float) -> None:
        """A new producer took the place of one that was in doubt (`DoubtRule.reason`)."""

    def taken(self, partition: int, entries: int | None, seconds: float) -> None:
        """A partition number works: its state was read from the changelog (how many entries), or, for None, was
        still here and true.
        """

    def incomplete(self, partition: int, missing: Sequence[str]) -> None:
        """A partition number was assigned without these inputs; it is left alone."""
