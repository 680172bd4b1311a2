"""Who may take a waiting case now, and which of the waiting cases a class of reps may take.

Whoever has refused a case does not get it again before the refusal lapses or everybody present who could take it
has refused it. Somebody who is busy now may still want it, or those who refused would be asked again and again
while the others answer. Nothing is decided here.
"""

from collections.abc import Callable, Iterable
from operator import attrgetter, itemgetter
from typing import Generic, NamedTuple, TypeVar

from pipeline.route.fairness.order import FreeRep, Place
from pipeline.route.state.classes import DemandClass, RepClass
from pipeline.route.state.entities import Case
from pipeline.route.state.lanes import Age, FreshLane, ParkedLane, Rank
from pipeline.route.state.state import State

Spot = TypeVar("Spot", Rank, Age)


def demand_of(state: State, case: Case) -> DemandClass:
    """Returns the demand class of a case."""
    return state.workspaces[case.workspace].classes.demand_of(case)


def free_taker(state: State, demand: DemandClass, reps: RepClass, case: Case) -> FreeRep | None:
    """Returns the next free rep of the class who may take the case."""
    free = demand.takers[reps]
    if not free or not demand.has_room(reps):
        return None
    if case.extras.sticky_rep is not None and (place := awaited(state, demand, case)) is not None:
        return place.free.get(demand.order) if place.reps is reps else None
    if not case.refused:
        return free[0]
    refused = dict(case.refused)
    # Ends after as many reps as have refused the case.
    for each in free:
        if each[3] not in refused:
            return each
    return free[0] if len(present_refusers(state, demand, case)) == demand.present else None


def awaited(state: State, demand: DemandClass, case: Case) -> Place | None:
    """Returns where the rep stands for whom the case waits; None where it waits for nobody.

    It does so as long as the rep is present with room for the case. Whoever has had as many offers within the hour
    as are allowed may still be waited for.
    """
    if case.extras.sticky_rep is None:
        return None
    staff = state.workspaces[case.workspace].staff
    place = staff.place(case.extras.sticky_rep)
    if place is None or place.reps not in demand.takers or not staff.could_take(case.extras.sticky_rep, case):
        return None
    return place


def best_taker(state: State, demand: DemandClass, case: Case) -> tuple[FreeRep, RepClass] | None:
    """Returns the free rep, of all classes, who gets the case of this class, and the rep's class."""
    # Mostly nobody is free.
    if not any(demand.takers.values()):
        return None
    if demand.misses or demand.loans:
        return _best_fitting(state, demand, case)
    best = None
    plain = not case.refused and case.extras.sticky_rep is None
    for reps, free in demand.takers.items():
        if not free:
            continue
        place = free[0] if plain else free_taker(state, demand, reps, case)
        if place is not None and (best is None or place < best[0]):
            best = place, reps
    return best


def _best_fitting(state: State, demand: DemandClass, case: Case) -> tuple[FreeRep, RepClass] | None:
    """Returns the same where rings have dropped skills, so that who has more of them comes first, or where teams
    lend reps."""
    free = (
        (demand.misses.get(reps, 0), place, reps)
        for reps in demand.takers
        if (place := free_taker(state, demand, reps, case)) is not None
    )
    best = min(free, key=itemgetter(0, 1), default=None)
    return None if best is None else best[1:]


def present_refusers(state: State, demand: DemandClass, case: Case) -> list[Place]:
    """Returns where the reps stand who have refused the case, are present and could take it otherwise."""
    staff = state.workspaces[case.workspace].staff
    return [
        place
        for rep_id, _ in case.refused
        if (place := staff.place(rep_id)) is not None
        and place.reps is not None
        and place.rep is not None
        and place.rep.present
        and demand.suits(place.reps)
    ]


def first_case(state: State, reps: RepClass) -> Case | None:
    """Returns the waiting case of the highest priority that somebody free of the class may take."""
    return _best_case(state, reps, _BY_RANK)


def oldest_case(state: State, reps: RepClass) -> Case | None:
    """Returns the oldest waiting case that somebody free of the class may take."""
    return _best_case(state, reps, _BY_AGE)


def _best_case(state: State, reps: RepClass, order: "_Order[Spot]") -> Case | None:
    best = None
    if not reps.is_free:
        return None
    for demand, free in reps.demands.items():
        if not free or (demand.loans and not demand.has_room(reps)):
            continue
        place = order.head(demand.fresh)
        if place is not None and (best is None or place < best):
            best = place
        if demand.parked.first is not None:
            place = _first_takeable(state, demand, reps, order.walk(demand.parked))
            if place is not None and (best is None or place < best):
                best = place
    return None if best is None else _case(state, reps, best)


class _Order(NamedTuple, Generic[Spot]):
    """One of the two orders of a lane."""

    head: Callable[[FreshLane | ParkedLane], Spot | None]
    walk: Callable[[ParkedLane], Iterable[Spot]]


_BY_RANK: _Order[Rank] = _Order(attrgetter("first"), attrgetter("by_rank"))
_BY_AGE: _Order[Age] = _Order(attrgetter("oldest"), attrgetter("by_age"))


def _first_takeable(state: State, demand: DemandClass, reps: RepClass, order: Iterable[Spot]) -> Spot | None:
    """Returns the place of the first case that somebody free of the class may take; None where there is none."""
    # Passes over no more than the cases that the free reps of the class have refused lately.
    return next((place for place in order if free_taker(state, demand, reps, _case(state, reps, place))), None)


def _case(state: State, reps: RepClass, place: Rank | Age) -> Case:
    case = state.case(reps.key.workspace, place[-1])
    assert case is not None, "lanes hold open cases"
    return case
