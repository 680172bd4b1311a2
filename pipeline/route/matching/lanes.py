"""The order in which cases wait: by priority, or by age, in lanes of cases that the same reps may take.

Comes in: waiting cases. Goes out: the first of a lane. Never here: a walk over the waiting cases; a lane is as
fast with a million cases as with one.
"""

from typing import NamedTuple

from pipeline.route.matching.ordering import Ordered
from pipeline.route.state.entities import Case

Rank = tuple[float, int, str]
"""-priority, queued_at, case_id: the smallest goes first."""


class LaneKey(NamedTuple):
    """What decides who may take a case; cases that agree in it are interchangeable for matching."""

    workspace: str
    queue: str
    team: str
    skills: tuple[str, ...]
    refused: tuple[str, ...]


def lane_key(case: Case) -> LaneKey:
    """The lane in which a waiting case stands."""
    return LaneKey(case.workspace, case.queue, case.team, case.skills, case.refused)


class Lane:
    """The waiting cases of one lane."""

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
        """The rank of the case with the highest priority, the older one when equal. Only of a lane with cases."""
        found = self._by_rank.first()
        assert found is not None, "an empty lane is removed"
        return found[0]

    def oldest(self) -> tuple[int, str]:
        """queued_at and case_id of the oldest case. Only of a lane with cases."""
        found = self._by_age.first()
        assert found is not None, "an empty lane is removed"
        return found[0]
