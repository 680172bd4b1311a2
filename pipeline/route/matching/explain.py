"""Says why a case went where it went, in codes, numbers and short texts.

It describes the reps of a team at the moment of a decision that `matching` has made, from the counts that the
classes keep. The same situation gives the same words.
"""

from bisect import insort

from msgspec import Struct

from pipeline.route.assignments import Candidate
from pipeline.route.fairness.order import FreeRep, Rule
from pipeline.route.matching.takers import present_refusers
from pipeline.route.state.classes import DemandClass, RepClass
from pipeline.route.state.entities import Case, Rep
from pipeline.route.turn import Turn

MOST_CANDIDATES = 3
"""An offer names so many of those who could have got it, which is enough to see what decided."""


class Survey(Struct, gc=False):
    """How the team stood at the moment of the offer, as counts for `Candidates`."""

    eligible: int
    present: int
    excluded: tuple[tuple[str, int], ...]


def survey(turn: Turn, demand: DemandClass, case: Case, *, start_over: bool) -> Survey:
    """Counts the signed-in reps of the teams that may take the case.

    Each who is not eligible counts under the first reason that holds.
    """
    team = turn.state.workspaces[case.workspace].classes.pool(demand.terms.teams)
    able, free = demand.present, sum(map(len, _free(demand).values()))
    bounded = demand.bounded
    refusers = idle = bound = excused = 0
    if case.refused:
        places = present_refusers(turn.state, demand, case)
        refusers = len(places)
        idle = sum(
            demand.order in place.free and place.reps is not None and demand.has_room(place.reps)
            for place in places
        )
        bound = sum(place.rep is not None and place.rep.bound_ms is not None for place in places)
        # They are asked once more, so their refusal is no reason against them.
        excused = idle if start_over else 0
    excluded = (
        ("at_capacity", able - free - bounded - (refusers - idle - bound)),
        ("away", team.away),
        ("missing_skill", team.present - able),
        ("not_responding", team.not_responding),
        ("offers_per_hour", bounded - bound),
        ("refused_before", refusers - excused),
    )
    return Survey(free - idle + excused, team.present, tuple([pair for pair in excluded if pair[1]]))


def _free(demand: DemandClass) -> dict[RepClass, list[FreeRep]]:
    """Returns the reps of each class who could take one of the cases now, those aside whose team lends no more."""
    if not demand.loans:
        return demand.takers
    return {reps: free for reps, free in demand.takers.items() if demand.has_room(reps)}


def best(
    turn: Turn, demand: DemandClass, case: Case, reps: RepClass, chosen: FreeRep, *, start_over: bool
) -> list[Candidate]:
    """Returns the reps who fit best of those who could take the case now, the chosen one first.

    Where the case is taken because it is the oldest, another rep may have come before the chosen one.
    """
    refused = frozenset() if start_over else {rep_id for rep_id, _ in case.refused}
    first = demand.misses.get(reps, 0), chosen
    found: list[tuple[int, FreeRep]] = []
    for takers, free in _free(demand).items():
        if not free:
            continue
        misses = demand.misses.get(takers, 0)
        for place in free[: MOST_CANDIDATES + len(refused)]:
            # The next ones of the class come after this one.
            if len(found) == MOST_CANDIDATES and (misses, place) > found[-1]:
                break
            if place[3] not in refused and place is not chosen:
                insort(found, (misses, place))
                del found[MOST_CANDIDATES:]
    asked = len(demand.terms.whole)
    named = (first, *found[: MOST_CANDIDATES - 1])
    return [_candidate(turn, demand, place, misses, asked) for misses, place in named]


def _candidate(turn: Turn, demand: DemandClass, place: FreeRep, misses: int, asked: int) -> Candidate:
    load, offered_ms, _, rep_id = place
    if demand.order.rule != "load":
        # Another rule says other things in their places.
        stands = turn.state.workspaces[demand.key.workspace].staff.place(rep_id)
        assert stands is not None
        assert stands.rep is not None, "who is free has signed in"
        load, offered_ms = stands.load / stands.rep.capacity, stands.rep.last_offer_ms
    idle_s = (turn.now_ms - offered_ms) // 1000 if offered_ms else None
    # Cases that may be interrupted can take their share beside a rep's whole capacity.
    load = min(1.0, round(load, 3))
    return Candidate(rep_id, round(1 - misses / asked, 3) if misses else 1.0, load, idle_s)


def why_case(turn: Turn, case: Case, reps: RepClass, oldest_every: int | None) -> tuple[str, str]:
    """Says why it was this case.

    `oldest_every` is n when the case was taken because one pick in n takes the oldest, and None when it was taken
    for its priority.
    """
    if oldest_every is not None:
        waiting = sum(map(len, reps.demands))
        picks = f"one pick in {oldest_every} takes the oldest"
        return "route.oldest_turn", f"oldest of {waiting} waiting for reps of these teams and skills; {picks}"
    if case.goes_first:
        return "route.front", "it was taken from a rep who did not answer it in time, and goes before all others"
    waiting = turn.state.workspaces[case.workspace].waiting[case.queue]
    if case.extras.breach_ms is not None:
        return "route.nearest_deadline", f"nearest deadline of {waiting} waiting in queue {case.queue}"
    return "route.highest_priority", f"highest priority of {waiting} waiting in queue {case.queue}"


def why_rep(
    turn: Turn, demand: DemandClass, case: Case, rep: Rep, eligible: int, *, start_over: bool
) -> tuple[str, str]:
    """Says why it was this rep of those who could take the case."""
    at = _burden(turn, rep)
    place = turn.state.workspaces[rep.workspace].staff.place(rep.rep_id)
    if place is not None and place.reps in demand.loans:
        at = f"{at}; lent by team {demand.team_of(place.reps)}"
    if case.extras.sticky_rep == rep.rep_id:
        return "route.sticky_rep", f"had a case of this customer before; {at}"
    if start_over:
        return "route.start_over", f"every rep who could take it has refused; {at}"
    if eligible == 1:
        return "route.only_rep", f"the only rep who can take it now; {at}"
    code, first, then = _RULES[demand.order.rule]
    if demand.misses:
        return "route.most_skills", f"the most of the skills of {eligible} reps, then {first}; {at}"
    return code, f"{first} of {eligible} reps{then}; {at}"


_RULES: dict[Rule, tuple[str, str, str]] = {
    "load": ("route.lowest_load", "lowest load", ", then longest without an offer"),
    "longest_idle": ("route.longest_idle", "longest without an offer", ""),
    "round_robin": ("route.round_robin", "longest without an offer of this queue", ""),
}
"""By rule of fairness its code, what it looks at, and what decides among equals."""


def _burden(turn: Turn, rep: Rep) -> str:
    place = turn.state.workspaces[rep.workspace].staff.place(rep.rep_id)
    cases, load = (0, 0) if place is None else (len(place.held), place.load)
    if load == cases:
        return f"has {cases} of {rep.capacity} cases"
    return f"has {cases} cases, which take {load} of {rep.capacity}"
