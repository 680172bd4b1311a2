"""Lanes: waiting cases in order of priority and in order of age.

A lane answers which of its cases goes first without a walk over them, so that it is as fast with a million cases
as with one.
"""

from collections.abc import Callable

from sortedcontainers import SortedList

from pipeline.route.state.entities import Case
from pipeline.route.state.heaps import Heaps

FRONT = -1000.0
"""Below the ranks of all cases that do not go first."""
Rank = tuple[float, int, str]
"""(-priority, queued_at in milliseconds, case_id), so that the smallest rank goes first. In a queue that goes by
time to breach it begins with the instant of the next breach in milliseconds."""
Age = tuple[int, str]
"""(queued_at in milliseconds, case_id), so that the smallest is the oldest case."""


def rank_of(case: Case) -> Rank:
    """Returns the place of a case in the order of its queue, of equal ones the older first.

    One that a rep had and did not answer stands before all that nobody had.
    """
    if case.extras.breach_ms is None or case.goes_first:
        front = FRONT if case.goes_first else 0.0
        return front - case.priority, case.queued_at_ms, case.case_id
    return case.extras.breach_ms, case.queued_at_ms, case.case_id


class FreshLane:
    """Waiting cases of which only the first in each order is ever asked for.

    Args:
        place_of: returns the rank of the case with that id, None where it is not in the lane now.
    """

    __slots__ = ("_ages", "_ranks")

    def __init__(self, place_of: Callable[[str], Rank | None]) -> None:
        self._ranks: Heaps[Rank] = Heaps(place_of)
        self._ages: Heaps[Age] = Heaps(lambda case_id: None if (rank := place_of(case_id)) is None else rank[1:])

    def __len__(self) -> int:
        return len(self._ranks)

    @property
    def first(self) -> Rank | None:
        """The place of the case that goes first; None in an empty lane."""
        return self._ranks.first

    @property
    def oldest(self) -> Age | None:
        """The place of the oldest case; None in an empty lane."""
        return self._ages.first

    def add(self, case: Case) -> None:
        """Adds a case, which must not be there."""
        rank = rank_of(case)
        self._ranks.add(rank)
        self._ages.add(rank[1:])

    def remove(self, case: Case) -> None:
        """Takes a case out, which must have been there, and of which `place_of` says what it will be."""
        self._ranks.drop(case.case_id)
        self._ages.drop(case.case_id)


class ParkedLane:
    """Waiting cases in both orders, to be walked over, with their heads at hand."""

    __slots__ = ("by_age", "by_rank", "first", "oldest")

    def __init__(self) -> None:
        self.by_rank: SortedList[Rank] = SortedList()
        self.by_age: SortedList[Age] = SortedList()
        self.first: Rank | None = None
        """The place of the case that goes first; None in an empty lane."""
        self.oldest: Age | None = None
        """The place of the oldest case; None in an empty lane."""

    def __len__(self) -> int:
        return len(self.by_age)

    def add(self, case: Case) -> None:
        """Adds a case, which must not be there."""
        rank, age = rank_of(case), (case.queued_at_ms, case.case_id)
        self.by_rank.add(rank)
        self.by_age.add(age)
        if self.first is None or rank < self.first:
            self.first = rank
        if self.oldest is None or age < self.oldest:
            self.oldest = age

    def remove(self, case: Case) -> None:
        """Takes a case out, which must be there with this priority."""
        rank, age = rank_of(case), (case.queued_at_ms, case.case_id)
        self.by_rank.remove(rank)
        self.by_age.remove(age)
        if rank == self.first:
            self.first = self.by_rank[0] if self.by_rank else None
        if age == self.oldest:
            self.oldest = self.by_age[0] if self.by_age else None
