"""Deadlines: what is due first, of many things that mostly end before they are due."""

from pipeline.route.state.heaps import Heaps

Due = tuple[int, str, str]
"""Due time in milliseconds since the epoch, workspace, and name of what is due."""
Turn = tuple[float, int]
"""Of what is due in the same millisecond, the smallest comes first."""
FIRST: Turn = (0.0, 0)


class Deadlines:
    """At most one deadline for each thing.

    Things of different workspaces have different names, except the one without a name of each workspace.
    """

    def __init__(self) -> None:
        self._held: dict[str, tuple[int, float, int, str, str]] = {}
        """Due time, turn, workspace and name by name, in both of which a workspace stands for no name."""
        self._order = Heaps(self._held.get)
        self.first_ms: int | None = None
        """When the first of them is due; None where nothing is."""

    def __len__(self) -> int:
        return len(self._held)

    def set(self, workspace: str, name: str, due_ms: int | None, turn: Turn = FIRST) -> None:
        """Sets the only deadline of a thing; None ends it."""
        name = name or workspace
        if self._held.pop(name, None) is not None:
            self._order.drop(name)
        if due_ms is not None:
            # One flat tuple, because the collector walks over each.
            due = self._held[name] = due_ms, turn[0], turn[1], workspace, name
            self._order.add(due)
        first = self._order.first
        self.first_ms = None if first is None else first[0]

    def first(self) -> Due | None:
        """Returns what is due first, of equal ones by turn, workspace and name; None where nothing is."""
        first = self._order.first
        if first is None:
            return None
        due_ms, _, _, workspace, name = first
        return due_ms, workspace, "" if name == workspace else name
