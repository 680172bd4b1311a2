"""The queue between reading and scoring: bounded, and cut into batches when the engine asks for one.

Batches grow with the load, because what arrives while the engine is busy becomes the next batch. A batch is cut by
the cost of its posts as well as by their number. Otherwise 512 posts of 20,000 characters, or 512 short direct
messages full of digits, would take longer than a batch may (`cost.py`).
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from pipeline.enrich.batches.events import Opened, Place, place_of
from pipeline.enrich.batches.notes import AttemptNotes


class Batch(NamedTuple):
    """Records that are scored together; in each partition in the order of the log, without a gap."""

    records: Sequence[Opened]
    careful: bool = False
    """Whether it repeats records that were being scored when a worker ended: nothing else is scored beside it."""

    @property
    def places(self) -> list[Place]:
        """Where its records lie."""
        return [place_of(event) for event, _ in self.records]


class _Waiting(NamedTuple):
    opened: Opened
    cost: int


class BatchQueue:
    """A queue with one writer, which reads the topic, and one reader, which scores.

    Args:
        max_records: most records of a batch.
        max_cost: most cost of a batch, in characters of ordinary posts, unless a single post costs more.
        cost_of: what a record may cost.
        notes: says which records need care.
    """

    def __init__(
        self, max_records: int, max_cost: int, cost_of: Callable[[Opened], int], notes: AttemptNotes
    ) -> None:
        self._max_records = max_records
        self._max_cost = max_cost
        self._cost_of = cost_of
        self._notes = notes
        self._waiting: list[_Waiting] = []
        self._waiting_cost = 0
        self._ended = False
        self._changed = asyncio.Condition()

    async def put(self, opened: Sequence[Opened]) -> None:
        """Adds records; returns when less than a full batch waits."""
        async with self._changed:
            added = [_Waiting(record, self._cost_of(record)) for record in opened]
            self._waiting += added
            self._waiting_cost += sum(record.cost for record in added)
            self._changed.notify_all()
            # Without this wait the writer would read on while the engine is busy, and memory would grow with the
            # backlog.
            await self._changed.wait_for(lambda: not self._is_full())

    async def end(self) -> None:
        """Tells the reader that nothing more will be put."""
        async with self._changed:
            self._ended = True
            self._changed.notify_all()

    async def next(self) -> Batch | None:
        """Waits for at least one record and returns a batch; None when nothing more will come."""
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
            await self._changed.wait_for(lambda: self._is_full() and not self._part_size(self._waiting[0].opened))

    def _is_full(self) -> bool:
        return len(self._waiting) >= self._max_records or self._waiting_cost >= self._max_cost

    def _part_size(self, opened: Opened) -> int | None:
        return self._notes.part_size(place_of(opened[0])) if self._notes.careful else None

    def _cut(self) -> Batch:
        """Takes from the front what may be scored together; a batch is never empty.

        A careful batch holds records of one partition that may be repeated together, and none that needs no care.
        Then one of its own records ended the worker, if any did.
        """
        part_size = self._part_size(self._waiting[0].opened)
        max_records = self._max_records if part_size is None else part_size
        first_partition, _ = place_of(self._waiting[0].opened[0])
        cost = 0
        taken: list[Opened] = []
        left: list[_Waiting] = []
        # A record that stays holds back all that follow in its partition. Otherwise an edit could overtake its
        # post, and the note of the batch, which names a first and a last offset, would name records that are
        # not begun.
        held_back: set[int] = set()
        for index, waiting in enumerate(self._waiting):
            if len(taken) >= max_records:
                left += self._waiting[index:]
                break
            partition, _ = place_of(waiting.opened[0])
            fits = not taken or cost + waiting.cost <= self._max_cost
            alike = self._part_size(waiting.opened) == part_size
            alone = part_size is None or partition == first_partition
            if fits and alike and alone and partition not in held_back:
                taken.append(waiting.opened)
                cost += waiting.cost
            else:
                held_back.add(partition)
                left.append(waiting)
        self._waiting = left
        self._waiting_cost -= cost
        return Batch(taken, careful=part_size is not None)
