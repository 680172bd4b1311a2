"""Why a case went where it went, in codes, numbers and short texts.

Comes in: the reps of a team at the moment of the decision. Goes out: counts by reason, texts. The same situation
gives the same words. Never here: a decision.
"""

from collections import Counter
from typing import NamedTuple

from pipeline.route.matching.lanes import LaneKey
from pipeline.route.state.entities import Rep
from pipeline.route.turn import Turn


class Survey(NamedTuple):
    """How the team stood: counts for `Candidates`."""

    present: int
    excluded: tuple[tuple[str, int], ...]


def survey(turn: Turn, lane: LaneKey, takers: list[Rep]) -> Survey:
    """Counts the signed-in reps of the lane's team; each one not eligible under the first reason that holds."""
    eligible = {rep.rep_id for rep in takers}
    members = turn.state.indexes.reps.get((lane.workspace, lane.team), {}).values()
    excluded = Counter(_obstacle(rep, lane) for rep in members if rep.rep_id not in eligible)
    return Survey(sum(rep.present for rep in members), tuple(sorted(excluded.items())))


def _obstacle(rep: Rep, lane: LaneKey) -> str:
    if not rep.available:
        return "away"
    if rep.not_responding:
        return "not_responding"
    if not rep.skills.issuperset(lane.skills):
        return "missing_skill"
    if rep.rep_id in lane.refused:
        return "refused_before"
    return "at_capacity"


def why_case(queue: str, waiting: int, oldest_turn: int | None) -> tuple[str, str]:
    """Why this case of its queue; `oldest_turn` is n when it was taken because each n-th pick is the oldest."""
    if oldest_turn is not None:
        return "route.oldest_turn", f"oldest of {waiting} waiting in queue {queue}; every {oldest_turn}th pick is"
    return "route.highest_priority", f"highest priority of {waiting} waiting in queue {queue}"


def why_rep(turn: Turn, rep: Rep, takers: list[Rep], *, start_over: bool) -> tuple[str, str]:
    """Why this rep of those who could take it."""
    load = turn.state.indexes.load(rep.workspace, rep.rep_id)
    at = f"has {load} of {rep.capacity} cases"
    if start_over:
        return "route.start_over", f"every rep who could take it has refused; {at}"
    if len(takers) == 1:
        return "route.only_rep", f"the only rep who can take it now; {at}"
    return "route.lowest_load", f"lowest load of {len(takers)} reps, then longest without an offer; {at}"
