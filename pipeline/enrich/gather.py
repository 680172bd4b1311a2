"""What was read and waits to be scored: bounded, and cut into batches.

In: opened records. Out: batches. Never here: Kafka, scores.

Batches grow with the load: what arrives while the engine is busy becomes the next batch. A batch is cut by the
weight of its posts as well as by their number: 512 posts of 20,000 characters, or 512 short direct messages full
of digits, take longer than a batch may (`weight.py`).
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from pipeline.enrich.events import Event
from pipeline.enrich.notes import Notebook, Place
from pipeline.enrich.received import ReceivedPost
from pipeline.errors import Permanent

Opened = tuple[Event, ReceivedPost | Permanent]
"""An event, and what its record holds or why it is refused."""


class _Waiting(NamedTuple):
    """A record that waits."""

    opened: Opened
    weight: int


class Batch(NamedTuple):
    """Records that are scored together; in each partition in the order of the log, without a gap."""

    records: Sequence[Opened]
    careful: bool = False
    """A part of what was begun when a worker ended: nothing else is scored beside it."""

    @property
    def places(self) -> list[Place]:
        """Where its records lie."""
        return [place_in(event) for event, _ in self.records]


class Gather:
    """A queue with one writer and one reader.

    Args:
        records: of a batch at most.
        most: weight of a batch at most, unless one post has more.
        weigh: what a record may cost.
        notebook: says which records need care.
    """

    def __init__(self, records: int, most: int, weigh: Callable[[Opened], int], notebook: Notebook) -> None:
        self._records = records
        self._most = most
        self._weigh = weigh
        self._notebook = notebook
        self._waiting: list[_Waiting] = []
        self._waiting_weight = 0
        self._ended = False
        self._changed = asyncio.Condition()

    async def put(self, opened: Sequence[Opened]) -> None:
        """Adds records; returns when less than a full batch waits."""
        async with self._changed:
            added = [_Waiting(one, self._weigh(one)) for one in opened]
            self._waiting += added
            self._waiting_weight += sum(one.weight for one in added)
            self._changed.notify_all()
            await self._changed.wait_for(lambda: not self._is_full())

    async def end(self) -> None:
        """There will be no more."""
        async with self._changed:
            self._ended = True
            self._changed.notify_all()

    async def next(self) -> Batch | None:
        """At least one record; None when there will be no more."""
        async with self._changed:
            await self._changed.wait_for(lambda: bool(self._waiting) or self._ended)
            if not self._waiting:
                return None
            batch = self._cut()
            self._changed.notify_all()
            return batch

    async def full(self) -> None:
        """Returns when a full batch waits that needs no care."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._is_full() and not self._at_once(self._waiting[0].opened))

    def _is_full(self) -> bool:
        return len(self._waiting) >= self._records or self._waiting_weight >= self._most

    def _at_once(self, opened: Opened) -> int | None:
        return self._notebook.at_once(place_in(opened[0])) if self._notebook.careful else None

    def _cut(self) -> Batch:
        at_once = self._at_once(self._waiting[0].opened)
        most = self._records if at_once is None else at_once
        weight = 0
        taken: list[Opened] = []
        left: list[_Waiting] = []
        # A record that stays holds back all that follow in its partition.
        held: set[int] = set()
        first, _ = place_in(self._waiting[0].opened[0])
        for number, waiting in enumerate(self._waiting):
            if len(taken) >= most:
                left += self._waiting[number:]
                break
            opened = waiting.opened
            partition, _ = place_in(opened[0])
            alike = self._at_once(opened) == at_once and (at_once is None or partition == first)
            if partition in held or not alike or (taken and weight + waiting.weight > self._most):
                held.add(partition)
                left.append(waiting)
            else:
                taken.append(opened)
                weight += waiting.weight
        self._waiting = left
        self._waiting_weight -= weight
        return Batch(taken, careful=at_once is not None)


def place_in(event: Event) -> Place:
    """Where the event's record lies in the topic."""
    return event.message.partition, event.message.offset
