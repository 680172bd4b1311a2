"""Deadlines: what is due first, of many things that mostly end before they are due.

Nearly every offer is answered in time. So a deadline that no longer holds is not searched for. It stays in the
heap until it is the first one there, or until most of the heap is like it.
"""

from heapq import heapify, heappop, heappush

Due = tuple[int, str, str]
"""Due time in milliseconds since the epoch, workspace, and name of what is due."""
Turn = tuple[float, int]
"""Of what is due in the same millisecond, the smallest comes first."""
FIRST: Turn = (0.0, 0)
SLACK = 1024
"""So many deadlines that hold no longer are always kept, so that a small heap is not made anew all the time."""


class Deadlines:
    """At most one deadline for each thing.

    Things of different workspaces have different names, except the one without a name of each workspace.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[int, Turn, str, str]] = []
        self._held: dict[str, tuple[int, Turn]] = {}

    def __len__(self) -> int:
        return len(self._held)

    def set(self, workspace: str, name: str, due_ms: int | None, turn: Turn = FIRST) -> None:
        """Sets the only deadline of a thing; None ends it."""
        if due_ms is None:
            self._held.pop(name or workspace, None)
            return
        self._held[name or workspace] = due_ms, turn
        heappush(self._heap, (due_ms, turn, workspace, name))
        if len(self._heap) > 2 * len(self._held) + SLACK:
            self._heap = [due for due in self._heap if self._held.get(due[3] or due[2]) == due[:2]]
            heapify(self._heap)

    def first(self) -> Due | None:
        """Returns what is due first, of equal ones by turn, workspace and name; None where nothing is."""
        heap = self._heap
        while heap:
            due_ms, turn, workspace, name = heap[0]
            if self._held.get(name or workspace) == (due_ms, turn):
                return due_ms, workspace, name
            heappop(heap)
        return None
