"""What the transactional loop reports about itself, for metrics and the log."""

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
    """Called by the loop's thread between transactions. It must not raise."""

    def committed(self, partition: int, outcome: Outcome) -> None:
        """Called when a transaction is committed."""

    def aborted(self, partition: int, reason: str) -> None:
        """Called when a transaction is undone. Its input will be decided again."""

    def renewed(self, partition: int, reason: str, seconds: float) -> None:
        """Called when a new producer took the place of one that was in doubt (`DoubtRule.reason`)."""

    def acquired(self, partition: int, entries: int | None, seconds: float) -> None:
        """Called when a partition number begins to work.

        Args:
            partition: the number.
            entries: how many entries of the changelog were read; None where its state was still here and true.
            seconds: that this took.
        """

    def incomplete(self, partition: int, missing: Sequence[str]) -> None:
        """Called when a partition number was assigned without these inputs. It is left alone."""

    def let_go(self, partition: int) -> None:
        """Called when what is kept of a partition number in memory is dropped, because it is not the truth any
        more.
        """
