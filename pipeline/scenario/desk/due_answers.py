"""Answers that are still to be given, and how far the desk's input is thereby done.

Comes in: input positions with the events that each leads to. Goes out: events that are due, offsets that may be
committed. Never here: a clock, Kafka.
"""

import heapq
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from schemas.people.rep import AnyRepEvent


class DueAnswers:
    """Events in order of their time. An offset may be committed once every answer to it and before it is given."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, str, int, int, AnyRepEvent]] = []
        self._open: dict[int, dict[int, int]] = defaultdict(dict)
        self._next: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, partition: int, offset: int, answers: Sequence[AnyRepEvent]) -> None:
        """One input record was read; these are its answers, possibly none."""
        self._next[partition] = offset + 1
        if answers:
            self._open[partition][offset] = len(answers)
        for event in answers:
            heapq.heappush(self._heap, (event.occurred_at, event.event_id, partition, offset, event))

    def reached_end(self, partition: int, offset: int) -> None:
        """Everything below `offset` was read; transaction markers lie between the last record and it."""
        self._next[partition] = max(offset, self._next.get(partition, 0))

    def take_due(self, now: datetime | None) -> list[AnyRepEvent]:
        """Removes and returns what is due at `now`, in order of time; everything when `now` is None."""
        due = []
        while self._heap and (now is None or self._heap[0][0] <= now):
            _, _, partition, offset, event = heapq.heappop(self._heap)
            due.append(event)
            left = self._open[partition][offset] - 1
            if left:
                self._open[partition][offset] = left
            else:
                del self._open[partition][offset]
        return due

    def next_due(self) -> datetime | None:
        """When the next answer is due."""
        return self._heap[0][0] if self._heap else None

    def done(self) -> dict[int, int]:
        """Partition to the offset of the first record that still has answers to give, or of the next record."""
        # Offsets of a partition are added in order: the first one open is the smallest.
        return {n: next(iter(self._open[n]), offset) for n, offset in self._next.items()}

    def drop(self, partition: int) -> None:
        """The partition now belongs to somebody else, who will answer what is open."""
        self._heap = [entry for entry in self._heap if entry[2] != partition]
        heapq.heapify(self._heap)
        self._open.pop(partition, None)
        self._next.pop(partition, None)
