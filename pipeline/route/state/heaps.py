"""The smallest of many places, most of which are given up before they come first."""

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Any, Generic, TypeVar

Place = TypeVar("Place", bound=tuple[Any, ...])
"""It ends in the name of what has the place. No thing has two at a time."""
SLACK = 64
"""So many places that are given up are always kept, so that a small heap is not made anew all the time."""
MOST = 8192
"""With more places in a heap, without those that are given up, there is one heap more."""


class Heaps(Generic[Place]):
    """Places of which only the smallest is ever asked for.

    One that is given up is not searched for. It stays in its heap until it comes first there, or until most of the
    heap is like it. With sorted lists a case took 10 us more on its way through (measured). The places are spread
    over heaps by the hashes of their names, so that only a few thousand are ever cleared away at once. In a single
    heap of 100,000 cases that took a quarter of a second. When one is full, the next in turn is split (W. Litwin,
    Linear Hashing, VLDB 1980).

    Args:
        place_of: returns the place that the thing of that name has now; None for none.
    """

    __slots__ = ("_counts", "_heaps", "_mask", "_place_of", "first")

    def __init__(self, place_of: Callable[[str], Place | None]) -> None:
        self._place_of = place_of
        self._heaps: list[list[Place]] = [[]]
        """The first of each is one that somebody has."""
        self._counts = [0]
        """How many things have a place in each heap."""
        self._mask = 1
        """The bits of a hash that choose a heap."""
        self.first: Place | None = None
        """The smallest place that somebody has."""

    def __len__(self) -> int:
        return sum(self._counts)

    def add(self, place: Place) -> None:
        """Adds the place of a thing that had none."""
        heaps, counts, first = self._heaps, self._counts, self.first
        number = hash(place[-1]) & self._mask
        if number >= len(heaps):
            number &= self._mask >> 1
        heap = heaps[number]
        heappush(heap, place)
        count = counts[number] = counts[number] + 1
        if first is None or place < first:
            self.first = place
        if len(heap) > 2 * count + SLACK:
            heaps[number] = _heap(self._held(number))
        if count > MOST:
            self._split()

    def drop(self, name: str) -> None:
        """Gives up the place of a thing that had one. `place_of` gives its next one already, or None."""
        heaps = self._heaps
        number = hash(name) & self._mask
        if number >= len(heaps):
            number &= self._mask >> 1
        self._counts[number] -= 1
        heap = heaps[number]
        if heap[0][-1] != name:
            return
        heappop(heap)
        while heap and self._place_of(heap[0][-1]) != heap[0]:
            heappop(heap)
        if self.first is not None and self.first[-1] == name:
            self.first = min([heap[0] for heap in heaps if heap], default=None)

    def _number(self, name: str) -> int:
        """Returns the number of the heap in which the place of that name belongs."""
        # Written out where each step of a case comes by. The heaps from the one that is split next have no other
        # half yet.
        number = hash(name) & self._mask
        return number if number < len(self._heaps) else number & self._mask >> 1

    def _held(self, number: int) -> set[Place]:
        """Returns the places of a heap without those that were given up."""
        return {place for place in self._heaps[number] if self._place_of(place[-1]) == place}

    def _split(self) -> None:
        new = len(self._heaps)
        if new > self._mask:
            self._mask = 2 * self._mask + 1
        number = new & self._mask >> 1
        places = self._held(number)
        self._heaps.append([])
        parted = {place for place in places if self._number(place[-1]) == new}
        self._heaps[new] = _heap(parted)
        self._heaps[number] = _heap(places - parted)
        self._counts[number] -= len(parted)
        self._counts.append(len(parted))


def _heap(places: set[Place]) -> list[Place]:
    heap = list(places)
    heapify(heap)
    return heap
