"""Lanes: the waiting cases that the same reps may take, in order of priority and in order of age.

A lane answers which of its cases goes first without a walk over them, so that it is as fast with a million cases
as with one.
"""

from typing import NamedTuple

from pipeline.route.state.entities import Case
from pipeline.route.state.ordering import Ordered

Rank = tuple[float, int, str]
"""(-priority, queued_at, case_id), so that the smallest rank goes first."""


class LaneKey(NamedTuple):
    """All that decides who may take a case. Cases that agree in it are interchangeable for matching."""

    workspace: str
    queue: str
    team: str
    skills: tuple[str, ...]
    refused: tuple[str, ...]


def lane_key(case: Case) -> LaneKey:
    """Returns the key of the lane in which a waiting case stands."""
    return LaneKey(case.workspace, case.queue, case.team, case.skills, case.refused)


class Lane:
    """The waiting cases of one lane, which can be taken by priority and by age."""

    def __init__(self, key: LaneKey) -> None:
        self.key = key
        self._by_rank: Ordered[str, Rank] = Ordered()
        self._by_age: Ordered[str, tuple[int, str]] = Ordered()

    def __len__(self) -> int:
        return len(self._by_rank)

    def add(self, case: Case) -> None:
        """Adds a case, or moves it when its priority has changed."""
        self._by_rank.set(case.case_id, (-case.priority, case.queued_at_ms, case.case_id))
        self._by_age.set(case.case_id, (case.queued_at_ms, case.case_id))

    def discard(self, case_id: str) -> None:
        """Takes a case out if it is there."""
        self._by_rank.discard(case_id)
        self._by_age.discard(case_id)

    def first(self) -> Rank:
        """Returns the rank of the case with the highest priority, of equal ones the older. The lane has cases."""
        entry = self._by_rank.first()
        assert entry is not None, "an empty lane is removed"
        return entry[0]

    def oldest(self) -> tuple[int, str]:
        """Returns queued_at and case_id of the oldest case. The lane has cases."""
        entry = self._by_age.first()
        assert entry is not None, "an empty lane is removed"
        return entry[0]
