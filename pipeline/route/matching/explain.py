"""Says why a case went where it went, in codes, numbers and short texts.

It describes the reps of a team at the moment of a decision that `matching` has made. The same situation gives the
same words.
"""

from collections import Counter
from typing import NamedTuple

from pipeline.route.state.entities import Rep
from pipeline.route.state.lanes import LaneKey
from pipeline.route.turn import Turn


class Survey(NamedTuple):
    """How the team stood at the moment of the offer, as counts for `Candidates`."""

    present: int
    excluded: tuple[tuple[str, int], ...]


def survey(turn: Turn, lane: LaneKey, takers: list[Rep]) -> Survey:
    """Counts the signed-in reps of the lane's team, each who is not eligible under the first reason that holds."""
    eligible = {rep.rep_id for rep in takers}
    members = turn.state.indexes.signed_in.get((lane.workspace, lane.team), {}).values()
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


def why_case(queue: str, waiting: int, oldest_every: int | None) -> tuple[str, str]:
    """Says why it was this case of its queue.

    `oldest_every` is n when the case was taken because one pick in n takes the oldest, and None when it was taken
    for its priority.
    """
    if oldest_every is not None:
        picks = f"one pick in {oldest_every} takes the oldest"
        return "route.oldest_turn", f"oldest of {waiting} waiting in queue {queue}; {picks}"
    return "route.highest_priority", f"highest priority of {waiting} waiting in queue {queue}"


def why_rep(turn: Turn, rep: Rep, takers: list[Rep], *, start_over: bool) -> tuple[str, str]:
    """Says why it was this rep of those who could take the case."""
    load = turn.state.indexes.load(rep.workspace, rep.rep_id)
    at = f"has {load} of {rep.capacity} cases"
    if start_over:
        return "route.start_over", f"every rep who could take it has refused; {at}"
    if len(takers) == 1:
        return "route.only_rep", f"the only rep who can take it now; {at}"
    return "route.lowest_load", f"lowest load of {len(takers)} reps, then longest without an offer; {at}"
