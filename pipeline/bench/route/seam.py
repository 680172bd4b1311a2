"""What the bench asks of a router and its loop, whatever their release."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from pipeline.bench.route.traffic import Arrival, Produced
from schemas.topics import ACTIONABLE, REPS

INPUTS = (ACTIONABLE.name, REPS.name)
REMEMBER_MS = 15 * 86_400_000
"""The setting's default."""
BATCH = 500
"""The setting's default, as above."""


class Transaction(NamedTuple):
    """What one transaction read and wrote."""

    records: int
    dead_letters: int
    outputs: Sequence[Produced]
    changes: Sequence[Produced]
    journal: bytes


class RouteStage(Protocol):
    """The route stage of one partition number, without Kafka."""

    decider: Any
    """The router, whose calls are timed one by one."""

    def restore(self, entries: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Takes entries of the changelog."""
        ...

    def settle(self) -> None:
        """Does what the release does when its state is restored."""
        ...

    def read(self, arrivals: Iterable[Arrival]) -> list[Any]:
        """Returns the arrivals as records that `run` takes; this is not measured."""
        ...

    def run(self, records: Sequence[Any]) -> Callable[[], Transaction]:
        """Decides, encodes and commits one transaction over all of the records.

        Returns:
            A function that describes it, which is no work of the router and is not measured.
        """
        ...
