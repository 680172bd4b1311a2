"""Names in the order of a key that changes: the smallest comes first, and any name can be removed at any time.

The answer never depends on the order of insertion, so that a structure rebuilt by a restore answers as the one
that grew.
"""

from heapq import heapify, heappop, heappush
from typing import Any, Generic, TypeVar

Name = TypeVar("Name")
Key = TypeVar("Key", bound=tuple[Any, ...])

SLACK = 64
"""Dead entries that the heap may hold before it is rebuilt, besides as many as there are live ones."""


class Ordered(Generic[Name, Key]):
    """A heap that drops an outdated entry when it comes to the top: O(log n) for each change, amortised.

    The keys of different names must differ, so that "the smallest" is one name whatever the heap looks like
    inside.
    """

    def __init__(self) -> None:
        self._keys: dict[Name, Key] = {}
        self._heap: list[tuple[Key, Name]] = []

    def __len__(self) -> int:
        return len(self._keys)

    def set(self, name: Name, key: Key) -> None:
        """Adds `name` or moves it to `key`."""
        if self._keys.get(name) == key:
            return
        self._keys[name] = key
        heappush(self._heap, (key, name))
        # An entry that never comes to the top would stay for ever, and a case whose priority keeps rising leaves
        # one behind with each step.
        if len(self._heap) > 2 * len(self._keys) + SLACK:
            self._heap = [(key, name) for name, key in self._keys.items()]
            heapify(self._heap)

    def discard(self, name: Name) -> None:
        """Removes `name` if it is there."""
        self._keys.pop(name, None)

    def first(self) -> tuple[Key, Name] | None:
        """Returns the smallest key and its name; None when empty."""
        while self._heap:
            key, name = self._heap[0]
            if self._keys.get(name) == key:
                return key, name
            # The name was removed or has another key by now, under which it stands further down.
            heappop(self._heap)
        return None
