"""Keeps the answers that reps have yet to give, and tells how far the input of the desk is done.

It takes input positions with the events that follow from each. It returns the events that are due, and the offsets
that may be committed.
"""

import heapq
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from schemas.people.rep import AnyRepEvent


class DueAnswers:
    """Events in order of their time.

    An offset may be committed once all answers to its record and to the records before it are given. An earlier
    commit would lose answers in a crash.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, str, int, int, AnyRepEvent]] = []
        self._open: dict[int, dict[int, int]] = defaultdict(dict)
        self._next: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, partition: int, offset: int, answers: Sequence[AnyRepEvent]) -> None:
        """Adds the answers to an input record that was read; there may be none."""
        self._next[partition] = offset + 1
        if answers:
            self._open[partition][offset] = len(answers)
        for event in answers:
            heapq.heappush(self._heap, (event.occurred_at, event.event_id, partition, offset, event))

    def reached_end(self, partition: int, offset: int) -> None:
        """Notes that everything below `offset` was read. Transaction markers lie between the last record and
        it."""
        self._next[partition] = max(offset, self._next.get(partition, 0))

    def take_due(self, now: datetime | None) -> list[AnyRepEvent]:
        """Removes and returns the events that are due at `now`, in order of time; all events when `now` is
        None."""
        due = []
        while self._heap and (now is None or self._heap[0][0] <= now):
            _, _, partition, offset, event = heapq.heappop(self._heap)
            due.append(event)
            remaining = self._open[partition][offset] - 1
            if remaining:
                self._open[partition][offset] = remaining
            else:
                del self._open[partition][offset]
        return due

    def next_due(self) -> datetime | None:
        """Returns when the next answer is due, or None."""
        return self._heap[0][0] if self._heap else None

    def done(self) -> dict[int, int]:
        """Returns, for each partition, the offset of the first record with open answers, or of the next record."""
        # Offsets of a partition are added in order, so that the first open offset is the smallest.
        return {n: next(iter(self._open[n]), offset) for n, offset in self._next.items()}

    def drop(self, partition: int) -> None:
        """Forgets a partition that now belongs to another desk process, which will give its open answers."""
        self._heap = [entry for entry in self._heap if entry[2] != partition]
        heapq.heapify(self._heap)
        self._open.pop(partition, None)
        self._next.pop(partition, None)
