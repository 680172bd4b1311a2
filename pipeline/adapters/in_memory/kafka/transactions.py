"""The transaction coordinator, as clients of before KIP-890 know it.

A request names its producer by id and epoch and not by transaction. So a late copy of the end of one transaction
ends the next one of the same producer, as far as it has come. Only a higher epoch keeps it out.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from itertools import count

from confluent_kafka import KafkaError, KafkaException

from pipeline.adapters.in_memory.kafka.link import NotYet
from pipeline.adapters.in_memory.kafka.virtual_time import VirtualTime

Place = tuple[str, int]
Markers = Callable[["TransactionalId", bool], None]


class Phase(Enum):
    """The state of a transactional id."""

    EMPTY = "empty"
    ONGOING = "ongoing"
    ENDING = "ending"
    """The end is decided, and markers are on their way."""
    COMMITTED = "committed"
    ABORTED = "aborted"


@dataclass
class TransactionalId:
    """What the coordinator knows about a transactional id."""

    name: str
    producer: int
    epoch: int = -1
    timeout_s: float = 60.0
    phase: Phase = Phase.EMPTY
    serial: int = 0
    """Number of its current or last transaction among all of the cluster."""
    places: set[Place] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)


class TransactionCoordinator:
    """Grants transactional ids and ends transactions.

    Args:
        time: runs out for a transaction that nobody ends.
        write_markers: writes the markers of the ended transaction, one after the other, and calls `ended`.
    """

    def __init__(self, time: VirtualTime, write_markers: Markers) -> None:
        self._time = time
        self._write_markers = write_markers
        self._ids: dict[str, TransactionalId] = {}
        self._serials = count(1)
        self._committed: dict[str, bool] = {}
        self.outcomes: dict[int, bool] = {}
        """Number of a transaction to whether it was committed; those that were begun and not ended are missing."""

    def initialise(self, name: str, timeout_s: float) -> tuple[int, int]:
        """Fences every earlier producer of the id, ends what it left open, and returns producer id and epoch.

        Raises:
            NotYet: a former transaction has not ended yet.
        """
        known = self._ids.setdefault(name, TransactionalId(name, len(self._ids) + 1000))
        if known.phase is Phase.ONGOING:
            known.epoch += 1
            self._finish(known, committed=False)
        if known.phase is Phase.ENDING:
            raise NotYet
        known.epoch += 1
        known.timeout_s, known.phase = timeout_s, Phase.EMPTY
        return known.producer, known.epoch

    def add(self, name: str, epoch: int, places: set[Place], groups: set[str]) -> int:
        """Adds partitions and groups to the current transaction, and begins it where there is none.

        Returns:
            The number of the transaction.

        Raises:
            KafkaException: the producer is fenced.
            NotYet: the former transaction has not ended yet.
        """
        known = self._current(name, epoch)
        if known.phase is Phase.ENDING:
            raise NotYet
        if known.phase is not Phase.ONGOING:
            known.phase, known.serial = Phase.ONGOING, next(self._serials)
            serial = known.serial
            self._time.call_in(known.timeout_s, lambda: self._run_out(known, serial))
        known.places |= places
        known.groups |= groups
        return known.serial

    def ongoing(self, name: str, epoch: int, place: Place) -> int:
        """Returns the number of the transaction that a batch for the partition belongs to.

        Raises:
            KafkaException: the producer is fenced, or its transaction does not hold the partition.
        """
        known = self._current(name, epoch)
        if known.phase is not Phase.ONGOING or place not in known.places:
            raise _invalid_state()
        return known.serial

    def check(self, name: str, epoch: int, group: str) -> None:
        """Checks that offsets of a group belong to the current transaction.

        Raises:
            KafkaException: the producer is fenced, or its transaction does not hold the group.
        """
        known = self._current(name, epoch)
        if known.phase is not Phase.ONGOING or group not in known.groups:
            raise _invalid_state()

    def end(self, name: str, epoch: int, *, committed: bool) -> None:
        """Decides the end of the current transaction. Markers come later.

        Raises:
            KafkaException: the producer is fenced, or the transaction has ended otherwise.
            NotYet: it is ending.
        """
        known = self._current(name, epoch)
        if known.phase is Phase.ONGOING:
            self._finish(known, committed=committed)
        elif known.phase is Phase.ENDING and self._committed[name] == committed:
            raise NotYet
        elif known.phase is not (Phase.COMMITTED if committed else Phase.ABORTED):
            raise _invalid_state()

    def ended(self, known: TransactionalId) -> None:
        """Learns that every marker is written."""
        known.phase = Phase.COMMITTED if self._committed[known.name] else Phase.ABORTED
        known.places, known.groups = set(), set()

    def _finish(self, known: TransactionalId, *, committed: bool) -> None:
        known.phase = Phase.ENDING
        self._committed[known.name] = self.outcomes[known.serial] = committed
        self._write_markers(known, committed)

    def _run_out(self, known: TransactionalId, serial: int) -> None:
        if known.phase is Phase.ONGOING and known.serial == serial:
            known.epoch += 1
            self._finish(known, committed=False)

    def _current(self, name: str, epoch: int) -> TransactionalId:
        known = self._ids[name]
        if epoch != known.epoch:
            raise KafkaException(
                KafkaError(KafkaError._FENCED, f"{name}: fenced by a newer producer", True, False, False)
            )
        return known


def _invalid_state() -> KafkaException:
    return KafkaException(
        KafkaError(KafkaError.INVALID_TXN_STATE, "the transaction is not in that state", True, False, False)
    )
