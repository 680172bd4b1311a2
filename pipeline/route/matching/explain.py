"""Says why a case went where it went, in codes, numbers and short texts.

It describes the reps of a team at the moment of a decision that `matching` has made, from the counts that the
classes keep. The same situation gives the same words.
"""

from bisect import insort

from msgspec import Struct

from pipeline.route.assignments import Candidate
from pipeline.route.matching.takers import demand_of, present_refusers
from pipeline.route.state.classes import FreeRep, RepClass
from pipeline.route.state.entities import Case, Rep
from pipeline.route.turn import Turn

MOST_CANDIDATES = 3
"""An offer names so many of those who could have got it, which is enough to see what decided."""


class Survey(Struct, gc=False):
    """How the team stood at the moment of the offer, as counts for `Candidates`."""

    eligible: int
    present: int
    excluded: tuple[tuple[str, int], ...]


def survey(turn: Turn, case: Case, *, start_over: bool) -> Survey:
    """Counts the signed-in reps of the teams that may take the case.

    Each who is not eligible counts under the first reason that holds.
    """
    demand = demand_of(turn.state, case)
    workspace = turn.state.workspaces[case.workspace]
    team = workspace.classes.pool(demand.terms.teams)
    able, free = demand.present, sum([len(reps.free) for reps in demand.takers])
    refusers = idle = excused = 0
    if case.refused:
        places = [workspace.staff.place(rep_id) for rep_id in present_refusers(turn.state, demand, case)]
        refusers, idle = len(places), sum(place is not None and place.free is not None for place in places)
        # They are asked once more, so their refusal is no reason against them.
        excused = idle if start_over else 0
    excluded = (
        ("at_capacity", able - free - (refusers - idle)),
        ("away", team.away),
        ("missing_skill", team.present - able),
        ("not_responding", team.not_responding),
        ("refused_before", refusers - excused),
    )
    return Survey(free - idle + excused, team.present, tuple([pair for pair in excluded if pair[1]]))


def best(turn: Turn, case: Case, reps: RepClass, chosen: FreeRep, *, start_over: bool) -> list[Candidate]:
    """Returns the reps who fit best of those who could take the case now, the chosen one first.

    Where the case is taken because it is the oldest, another rep may have come before the chosen one.
    """
    demand = demand_of(turn.state, case)
    refused = frozenset() if start_over else {rep_id for rep_id, _ in case.refused}
    first = demand.misses.get(reps, 0), chosen
    found: list[tuple[int, FreeRep]] = []
    for takers in demand.takers:
        misses = demand.misses.get(takers, 0)
        for place in takers.free[: MOST_CANDIDATES + len(refused)]:
            # The next ones of the class come after this one.
            if len(found) == MOST_CANDIDATES and (misses, place) > found[-1]:
                break
            if place[3] not in refused and place is not chosen:
                insort(found, (misses, place))
                del found[MOST_CANDIDATES:]
    asked = len(demand.terms.whole)
    return [_candidate(turn, place, misses, asked) for misses, place in (first, *found[: MOST_CANDIDATES - 1])]


def _candidate(turn: Turn, place: FreeRep, misses: int, asked: int) -> Candidate:
    load, offered_ms, _, rep_id = place
    idle_s = (turn.now_ms - offered_ms) // 1000 if offered_ms else None
    return Candidate(rep_id, round(1 - misses / asked, 3) if asked else 1.0, round(load, 3), idle_s)


def why_case(turn: Turn, case: Case, reps: RepClass, oldest_every: int | None) -> tuple[str, str]:
    """Says why it was this case.

    `oldest_every` is n when the case was taken because one pick in n takes the oldest, and None when it was taken
    for its priority.
    """
    if oldest_every is not None:
        waiting = sum(map(len, reps.demands))
        picks = f"one pick in {oldest_every} takes the oldest"
        return "route.oldest_turn", f"oldest of {waiting} waiting for reps of these teams and skills; {picks}"
    waiting = turn.state.workspaces[case.workspace].waiting[case.queue]
    return "route.highest_priority", f"highest priority of {waiting} waiting in queue {case.queue}"


def why_rep(turn: Turn, rep: Rep, eligible: int, *, start_over: bool, misses: bool) -> tuple[str, str]:
    """Says why it was this rep of those who could take the case."""
    at = f"has {turn.state.indexes.load(rep.workspace, rep.rep_id)} of {rep.capacity} cases"
    if start_over:
        return "route.start_over", f"every rep who could take it has refused; {at}"
    if eligible == 1:
        return "route.only_rep", f"the only rep who can take it now; {at}"
    if misses:
        detail = f"the most of the skills of {eligible} reps, then lowest load; {at}"
        return "route.most_skills", detail
    return "route.lowest_load", f"lowest load of {eligible} reps, then longest without an offer; {at}"
