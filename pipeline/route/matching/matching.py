"""Decides which waiting case is offered to which free rep.

It looks only at what was touched since the last match: cases that have begun to wait, and rep classes of which
somebody has become free. When it is done, no waiting case has a free rep who may take it. It compares the heads of
classes and never walks over reps or waiting cases.

Among cases, the highest priority comes first, of equal ones the oldest. Of each n picks by a rep class
(`oldest_every` of the policy) one takes the oldest case that the class may take, whatever its queue. So the k-th
oldest of those waits at most n k picks of that class, whoever of its reps comes and goes. Older ones that come
back to wait meanwhile count among the k. That reserved share cured starvation at the least cost to urgent posts in
a queue replay of 14,600 posts to airlines (urgent posts waited 39 min on average, against 153 min first-in
first-out and 147 min with a priority that grows with age).

Among reps, the rule of the queue decides, at last a hash. Usually the lowest share of capacity in use comes first,
then the longest time since the last offer. A case that waits for one rep goes to nobody else meanwhile.
"""

from collections.abc import Mapping

from msgspec import Struct

from pipeline.route.cases import requeue
from pipeline.route.fairness.order import FreeRep
from pipeline.route.matching import explain, lending, takers
from pipeline.route.state.classes import DemandClass, RepClass
from pipeline.route.state.entities import Case, Offer
from pipeline.route.state.indexes import Workspace
from pipeline.route.state.lanes import rank_of
from pipeline.route.state.state import State
from pipeline.route.turn import Turn


class _Pick(Struct, gc=False):
    """A case and the rep who is offered it."""

    case: Case
    reps: RepClass
    """The class of the rep."""
    place: FreeRep
    """The rep, as one of the free ones of the class."""
    oldest_every: int | None
    """n where this pick takes the oldest case, None where it takes the one of the highest priority."""


def match(turn: Turn, limit: int | None = None) -> bool:
    """Makes every offer that has become possible, but at most `limit`, and none while the turn is not live.

    Returns:
        Whether no more is possible.
    """
    touched = turn.state.indexes.touched
    if not (touched.cases or touched.freed or touched.thinned or touched.loosened or touched.queues):
        return True
    if touched.cases:
        requeue.follow_policy(turn, touched.cases)
    if touched.queues:
        lending.review(turn)
    made = 0
    if turn.live:
        cases = _takeable(turn.state, touched.cases)
        if touched.loosened:
            cases = _with_loosened(turn.state, cases)
        if cases or touched.freed or touched.thinned:
            classes = touched.freed.copy()
            if touched.thinned:
                classes |= _with_refusers(touched.thinned)
            while made != limit and (case := _first(turn.state, cases, classes)) is not None:
                _offer(turn, _pick(turn, case))
                made += 1
                if touched.queues:
                    # Another team may lend no longer, and leave cases that all who remain have refused.
                    lending.review(turn)
                    classes |= touched.freed | _with_refusers(touched.thinned)
                if touched.loosened:
                    cases = _with_loosened(turn.state, cases)
    touched.clear()
    return made != limit


def put_aside_first(turn: Turn) -> None:
    """Puts the case aside that a match would offer first. It is not offered before its next step."""
    touched = turn.state.indexes.touched
    requeue.follow_policy(turn, touched.cases)
    lending.review(turn)
    first = _first(turn.state, _takeable(turn.state, touched.cases), touched.freed.copy())
    if first is not None:
        turn.state.put_case(_pick(turn, first).case._replace(timer_parked=True))
    touched.clear()


def _takeable(state: State, touched: Mapping[str, tuple[Workspace, DemandClass]]) -> list[Case]:
    """Returns those of the cases that somebody free may take, backwards in order of priority."""
    cases = []
    for case_id, (workspace, demand) in touched.items():
        case = workspace.cases.get(case_id)
        if case is not None and _is_takeable(state, demand, case):
            cases.append(case)
    if len(cases) > 1:
        cases.sort(key=rank_of, reverse=True)
    return cases


def _with_loosened(state: State, cases: list[Case]) -> list[Case]:
    """Returns the cases with those that no longer wait for one rep, backwards in order of priority."""
    loosened = state.indexes.touched.loosened
    found = {case.case_id: case for case in cases}
    for workspace, case_id in loosened:
        case = state.case(workspace, case_id)
        if case is not None and _is_takeable(state, takers.demand_of(state, case), case):
            found[case_id] = case
    loosened.clear()
    return sorted(found.values(), key=rank_of, reverse=True)


def _is_takeable(state: State, demand: DemandClass, case: Case) -> bool:
    return case.state == "waiting" and takers.best_taker(state, demand, case) is not None


def _with_refusers(thinned: set[RepClass]) -> set[RepClass]:
    """Returns the classes with somebody free who has perhaps refused a case that nobody else is left to take."""
    demands = {demand for lost in thinned for demand in lost.demands if demand.parked.first is not None}
    return {reps for demand in demands for reps, free in demand.takers.items() if free}


def _first(state: State, cases: list[Case], classes: set[RepClass]) -> Case | None:
    """Returns the case of the highest priority that can be offered now.

    Those of the `cases`, and of the `classes` with somebody free, that lead to nothing are taken out, because a
    match frees nobody.
    """
    best = None
    while cases and best is None:
        # An offer since has perhaps changed it.
        best = state.case(cases[-1].workspace, cases[-1].case_id)
        if best is None or not _is_takeable(state, takers.demand_of(state, best), best):
            best = None
            cases.pop()
    for reps in list(classes):
        head = takers.first_case(state, reps)
        if head is None:
            classes.discard(reps)
        elif best is None or rank_of(head) < rank_of(best):
            best = head
    return best


def _pick(turn: Turn, first: Case) -> _Pick:
    """Returns who picks, and the case that is picked after all."""
    taker = takers.best_taker(turn.state, takers.demand_of(turn.state, first), first)
    assert taker is not None, "the case was found because somebody free may take it"
    place, reps = taker
    every = turn.book.oldest_every(first.workspace)
    if (turn.state.picks(first.workspace, reps.name) + 1) % every:
        return _Pick(first, reps, place, None)
    oldest = takers.oldest_case(turn.state, reps)
    assert oldest is not None, "the first case is one that the class may take"
    oldest_place = takers.free_taker(turn.state, takers.demand_of(turn.state, oldest), reps, oldest)
    assert oldest_place is not None, "the oldest case was found because somebody of the class may take it"
    return _Pick(oldest, reps, oldest_place, every)


def _offer(turn: Turn, pick: _Pick) -> None:
    case, rep_id = pick.case, pick.place[3]
    rep = turn.state.rep(case.workspace, rep_id)
    assert rep is not None, "only a known rep is free"
    start_over = bool(case.refused) and any(refuser == rep_id for refuser, _ in case.refused)
    demand = takers.demand_of(turn.state, case)
    surveyed = explain.survey(turn, demand, case, start_over=start_over)
    best = explain.best(turn, demand, case, pick.reps, pick.place, start_over=start_over)
    offer = Offer(
        rep_id=rep_id,
        expires_at_ms=turn.now_ms + turn.book.offer_timeout_ms(case.workspace, case.queue),
        eligible=surveyed.eligible,
        present=surveyed.present,
        excluded=surveyed.excluded,
        why=(
            explain.why_case(turn, case, pick.reps, pick.oldest_every),
            explain.why_rep(turn, demand, case, rep, surveyed.eligible, start_over=start_over),
        ),
        also_team=None if case.team in pick.reps.team_names else demand.team_of(pick.reps),
    )
    turn.count_pick(case.workspace, pick.reps.name)
    refused = () if start_over else case.refused
    case = turn.step(
        case,
        "offered",
        "matched",
        rep_id=rep_id,
        state="offered",
        attempt=case.attempt + 1,
        offer=offer,
        refused=refused,
    )
    # After the case, because a rep who is full by now need not be put in order once more.
    turn.note_offer(rep, case.queue)
    turn.publish_assignment(case, offer, "offered", "matched", best=best)
