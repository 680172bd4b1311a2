"""The pace at which the cases of a queue are taken up, and the wait that follows from it."""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

WINDOW_MS = 3_600_000
Queue = tuple[str, str]
"""Workspace and name of a queue."""


class _Look(NamedTuple):
    at_ms: int
    taken: Mapping[Queue, int]
    """How many cases of each queue had been taken up since the router began."""


class Pace:
    """The pace of the last hour, or since the router began where that is less than an hour ago."""

    def __init__(self) -> None:
        self._looks: deque[_Look] = deque()

    def look(self, at_ms: int, taken: Mapping[Queue, int]) -> None:
        """Takes how many cases of each queue have been taken up so far. It keeps what it is given."""
        self._looks.append(_Look(at_ms, taken))
        while self._looks[0].at_ms < at_ms - WINDOW_MS:
            self._looks.popleft()

    def expected_wait_s(self, queue: Queue, waiting: int) -> int | None:
        """Returns the seconds after which a new case would be taken up, if all that wait were taken up before it.

        It is their number over the pace, by Little's law (J. Little, A Proof for the Queuing Formula L = lambda W,
        Operations Research 1961). None where no case was taken up.
        """
        first, last = self._looks[0], self._looks[-1]
        taken = last.taken.get(queue, 0) - first.taken.get(queue, 0)
        if taken <= 0:
            return None
        return round(waiting * (last.at_ms - first.at_ms) / taken / 1000)
