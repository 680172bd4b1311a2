"""Counts the open cases of each queue while they change, beside those that wait."""

from collections import defaultdict

from pipeline.route.state.entities import Case


class Tally:
    """Counts of the open cases of one queue."""

    __slots__ = ("breached", "due_soon", "held")

    def __init__(self) -> None:
        self.held = 0
        """Those that a rep has or is offered."""
        self.due_soon = 0
        """Those with a deadline that was warned of and is not missed."""
        self.breached = 0
        """Those that have missed a deadline."""


Tallies = defaultdict[str, Tally]
"""The counts of each queue of a workspace. They are a function of the open cases."""


def new_tallies() -> Tallies:
    """Returns the counts of no cases."""
    return defaultdict(Tally)


def tally(tallies: Tallies, old: Case | None, new: Case | None) -> None:
    """Takes one change of a case."""
    if old is not None and new is not None and old.queue == new.queue:
        if (old.offer is None) != (new.offer is None):
            tallies[new.queue].held += 1 if old.offer is None else -1
        if old.clocks is not new.clocks:
            _count_deadlines(tallies[new.queue], old, -1)
            _count_deadlines(tallies[new.queue], new, 1)
        return
    for case, by in ((old, -1), (new, 1)):
        # Nothing is counted of most cases that begin to wait.
        if case is not None and (case.offer is not None or case.clocks is not None):
            tally_of = tallies[case.queue]
            if case.offer is not None:
                tally_of.held += by
            _count_deadlines(tally_of, case, by)


def _count_deadlines(tally_of: Tally, case: Case, by: int) -> None:
    clocks = case.clocks
    if clocks is not None:
        tally_of.due_soon += by * clocks.due_soon
        tally_of.breached += by * bool(clocks.breached)
