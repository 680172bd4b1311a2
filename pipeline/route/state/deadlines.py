"""Deadlines: what is due first, of many things that mostly end before they are due.

Nearly every offer is answered in time. So a deadline that no longer holds is not searched for. It stays in the
heap until it is the first one there, or until most of the heap is like it.
"""

from heapq import heapify, heappop, heappush

Due = tuple[int, str, str]
"""Due time in milliseconds since the epoch, workspace, and name of what is due."""
SLACK = 1024
"""So many deadlines that hold no longer are always kept, so that a small heap is not made anew all the time."""


class Deadlines:
    """At most one deadline for each thing.

    Things of different workspaces have different names, except the one without a name of each workspace.
    """

    def __init__(self) -> None:
        self._heap: list[Due] = []
        self._due_ms: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._due_ms)

    def set(self, workspace: str, name: str, due_ms: int | None) -> None:
        """Sets the only deadline of a thing; None ends it."""
        if due_ms is None:
            self._due_ms.pop(name or workspace, None)
            return
        self._due_ms[name or workspace] = due_ms
        heappush(self._heap, (due_ms, workspace, name))
        if len(self._heap) > 2 * len(self._due_ms) + SLACK:
            self._heap = [due for due in self._heap if self._due_ms.get(due[2] or due[1]) == due[0]]
            heapify(self._heap)

    def first(self) -> Due | None:
        """Returns what is due first, of equal ones by workspace and name; None where nothing is."""
        heap = self._heap
        while heap:
            first = heap[0]
            if self._due_ms.get(first[2] or first[1]) == first[0]:
                return first
            heappop(heap)
        return None
