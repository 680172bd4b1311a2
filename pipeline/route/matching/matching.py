"""Which waiting case is offered to which free rep.

Comes in: lanes of waiting cases and the free reps of the teams in which something has changed. Goes out: offers.
After it no waiting case has a free rep who may take it. Never here: a walk over waiting cases (only over lanes).

Order of cases: the queue whose best case has the highest priority, then the older one; within that queue every
n-th pick is its oldest case. That reserved share cured starvation at the least cost to urgent posts in the queue
replay of the design (mean wait of urgent posts 39 min against 153 first-in first-out, 147 by ageing).
Order of reps: lowest share of capacity in use, then longest since the last offer, then a hash that differs from
case to case.
"""

from typing import NamedTuple

import xxhash

from pipeline.route.matching import explain
from pipeline.route.matching.lanes import Lane, LaneKey
from pipeline.route.state.entities import Case, Offer, Rep
from pipeline.route.state.indexes import Team
from pipeline.route.turn import Turn


class _Open(NamedTuple):
    """A lane whose cases somebody may take now."""

    lane: Lane
    takers: list[Rep]
    start_over: bool


def match(turn: Turn) -> None:
    """Makes every offer that has become possible."""
    teams = turn.state.indexes.touched
    while teams:
        open_lanes = [found for team in teams for found in _open_lanes(turn, team)]
        if not open_lanes:
            break
        best = min(open_lanes, key=lambda found: found.lane.first())
        queue = [found for found in open_lanes if found.lane.key.queue == best.lane.key.queue]
        _offer(turn, best, queue)
    teams.clear()


def _open_lanes(turn: Turn, team: Team) -> list[_Open]:
    lanes, free = turn.state.indexes.lanes.get(team), turn.state.indexes.free.get(team)
    if not lanes or not free:
        return []
    found = []
    for lane in lanes.values():
        takers, start_over = _takers(turn, lane.key, free)
        if takers:
            found.append(_Open(lane, takers, start_over))
    return found


def _takers(turn: Turn, lane: LaneKey, free: dict[str, Rep]) -> tuple[list[Rep], bool]:
    skilled = [rep for rep in free.values() if rep.skills.issuperset(lane.skills)]
    if not lane.refused or not skilled:
        return skilled, False
    fresh = [rep for rep in skilled if rep.rep_id not in lane.refused]
    if fresh:
        return fresh, False
    # Somebody who is busy now may still want it: only when nobody present is left does it go round again.
    everybody = turn.state.indexes.reps[lane.workspace, lane.team].values()
    waiting_for = (
        rep
        for rep in everybody
        if rep.present and rep.rep_id not in lane.refused and rep.skills.issuperset(lane.skills)
    )
    return ([], False) if any(waiting_for) else (skilled, True)


def _offer(turn: Turn, best: _Open, queue: list[_Open]) -> None:
    workspace, name = best.lane.key.workspace, best.lane.key.queue
    every = turn.book.oldest_every(workspace)
    chosen, case_id, oldest_turn = best, best.lane.first()[2], None
    if (turn.state.picks(workspace, name) + 1) % every == 0:
        chosen = min(queue, key=lambda found: found.lane.oldest())
        case_id, oldest_turn = chosen.lane.oldest()[1], every
    case = turn.state.case(workspace, case_id)
    assert case is not None, "lanes hold open cases"
    waiting = sum(
        len(lane)
        for lane in turn.state.indexes.lanes[workspace, case.team].values()
        if lane.key.queue == case.queue
    )
    _offer_case(turn, case, chosen, explain.why_case(case.queue, waiting, oldest_turn))


def _offer_case(turn: Turn, case: Case, chosen: _Open, why_case: tuple[str, str]) -> None:
    rep = _choose(turn, chosen.takers, case.case_id)
    surveyed = explain.survey(turn, chosen.lane.key, chosen.takers)
    offer = Offer(
        rep_id=rep.rep_id,
        expires_at_ms=turn.now_ms + turn.book.offer_timeout_ms(case.workspace, case.queue),
        eligible=len(chosen.takers),
        present=surveyed.present,
        excluded=surveyed.excluded,
        why=(why_case, explain.why_rep(turn, rep, chosen.takers, start_over=chosen.start_over)),
    )
    turn.count_pick(case)
    turn.state.put_rep(rep._replace(last_offer_ms=turn.now_ms))
    case = case._replace(
        state="offered",
        attempt=case.attempt + 1,
        offer=offer,
        refused=() if chosen.start_over else case.refused,
    )
    case = turn.tell(case, "offered", "matched", rep_id=rep.rep_id)
    turn.publish(case, offer, "offered", "matched")


def _choose(turn: Turn, takers: list[Rep], case_id: str) -> Rep:
    ranks = [
        (turn.state.indexes.load(rep.workspace, rep.rep_id) / rep.capacity, rep.last_offer_ms) for rep in takers
    ]
    lowest = min(ranks)
    equal = [rep for rep, rank in zip(takers, ranks, strict=True) if rank == lowest]
    return min(equal, key=lambda rep: (xxhash.xxh3_64_intdigest(f"{rep.rep_id}\n{case_id}".encode()), rep.rep_id))
