"""Who may take a waiting case now, and which of the waiting cases a class of reps may take.

Whoever has refused a case does not get it again before the refusal lapses or everybody present who could take it
has refused it. Somebody who is busy now may still want it, or those who refused would be asked again and again
while the others answer. Nothing is decided here.
"""

from collections.abc import Iterable

from pipeline.route.state.classes import DemandClass, FreeRep, RepClass
from pipeline.route.state.entities import Case
from pipeline.route.state.lanes import Age, Rank, rank_of
from pipeline.route.state.state import State


def demand_of(state: State, case: Case) -> DemandClass:
    """Returns the demand class of a case."""
    return state.indexes.workspace(case.workspace).classes.demand_of(case)


def free_taker(state: State, demand: DemandClass, reps: RepClass, case: Case) -> FreeRep | None:
    """Returns the next free rep of the class who may take the case."""
    if not reps.free:
        return None
    if not case.refused:
        return reps.free[0]
    refused = dict(case.refused)
    # Ends after as many reps as have refused the case.
    for place in reps.free:
        if place[3] not in refused:
            return place
    return reps.free[0] if len(present_refusers(state, demand, case)) == demand.present else None


def best_taker(state: State, case: Case) -> tuple[FreeRep, RepClass] | None:
    """Returns the free rep, of all classes, who gets the case, and the rep's class."""
    demand = demand_of(state, case)
    found = ((free_taker(state, demand, reps, case), reps) for reps in demand.takers)
    return min(
        ((place, reps) for place, reps in found if place is not None), key=lambda taker: taker[0], default=None
    )


def present_refusers(state: State, demand: DemandClass, case: Case) -> list[str]:
    """Returns the reps who have refused the case, are present and could take it otherwise."""
    staff = state.indexes.workspace(case.workspace).staff
    return [
        rep_id
        for rep_id, _ in case.refused
        if (place := staff.place(rep_id)) is not None
        and place.reps is not None
        and place.rep is not None
        and place.rep.present
        and demand.suits(place.reps)
    ]


def first_case(state: State, reps: RepClass) -> Case | None:
    """Returns the waiting case of the highest priority that somebody free of the class may take."""
    heads = []
    for demand in reps.demands:
        if len(demand.fresh):
            heads.append(_case(state, demand, demand.fresh.by_rank[0]))
        if len(demand.parked):
            heads.extend(_first_takeable(state, demand, reps, demand.parked.by_rank))
    return min(heads, key=rank_of, default=None) if reps.free else None


def oldest_case(state: State, reps: RepClass) -> Case | None:
    """Returns the oldest waiting case that somebody free of the class may take."""
    heads = []
    for demand in reps.demands:
        if len(demand.fresh):
            heads.append(_case(state, demand, demand.fresh.by_age[0]))
        if len(demand.parked):
            heads.extend(_first_takeable(state, demand, reps, demand.parked.by_age))
    return min(heads, key=lambda case: (case.queued_at_ms, case.case_id), default=None) if reps.free else None


def _first_takeable(
    state: State, demand: DemandClass, reps: RepClass, order: Iterable[Rank | Age]
) -> Iterable[Case]:
    """Yields the first case of the lane that somebody free of the class may take, if there is one."""
    # Passes over no more than the cases that the free reps of the class have refused lately.
    for place in order:
        case = _case(state, demand, place)
        if free_taker(state, demand, reps, case) is not None:
            yield case
            return


def _case(state: State, demand: DemandClass, place: Rank | Age) -> Case:
    case = state.case(demand.key.workspace, place[-1])
    assert case is not None, "lanes hold open cases"
    return case
