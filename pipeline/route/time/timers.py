"""Timers: unanswered offers and cases go back, refusals lapse, queues open, what is old enough is forgotten.

A case has one timer at most, for what is due next. The due times come from the indexes, and what they lead to goes
through a `Turn` as after a record. No clock is read here, for the driving loop says how late it is.
"""

from pipeline.route.cases import ending, handover, requeue
from pipeline.route.limits import opening, silence
from pipeline.route.matching import matching
from pipeline.route.people import presence
from pipeline.route.state.entities import HOURS_TIMER, LENDING_TIMER, REP_TIMER, Case
from pipeline.route.state.state import State
from pipeline.route.turn import Turn


def next_due_ms(state: State) -> int | None:
    """Returns when the earliest timer is due, in milliseconds since the epoch; None without timers."""
    due_ms, other_ms = state.indexes.next_due_ms(), state.handled.next_due_ms()
    if due_ms is None:
        return other_ms
    return due_ms if other_ms is None or due_ms <= other_ms else other_ms


def fire_first(turn: Turn) -> None:
    """Handles the earliest timer, which is due, and offers what it has made possible."""
    state, due_ms = turn.state, next_due_ms(turn.state)
    if due_ms == state.handled.next_due_ms():
        # One entry a turn. A minute of a busy partition has thousands, too many for one transaction.
        state.handled.end_entry()
    elif due_ms == state.indexes.closed.first_ms:
        turn.forget_closed()
    else:
        first = state.indexes.timers.first()
        assert first is not None, "it is due"
        _, workspace, case_id = first
        if case_id.startswith(REP_TIMER):
            _fire_rep(turn, workspace, _named(case_id))
        elif case_id.startswith(HOURS_TIMER):
            opening.turn_over(state, turn.book, workspace, _named(case_id), turn.now_ms)
        elif case_id.startswith(LENDING_TIMER):
            state.indexes.touched.queues.add((workspace, _named(case_id)))
        elif case_id:
            _fire_case(turn, workspace, case_id)
        else:
            requeue.move_some(turn, workspace)
        # After each timer and not once at the end, so that it makes no difference how many of them the loop lets
        # fire in one call.
        matching.match(turn)
    turn.counts.append("timers_fired")


def park_first(state: State) -> None:
    """Gives up the earliest timer of a case, if there is one. The case has none until its next step.

    The same for a move of cases, which begins anew with the next policy, for a rep who left, who is then kept
    until the next time, and for a queue, which then is open until the next policy.
    """
    first = state.indexes.timers.first()
    if first is None:
        return
    _, workspace, case_id = first
    if case_id.startswith(REP_TIMER):
        rep = state.rep(workspace, _named(case_id))
        assert rep is not None, "only reps who are known have a timer"
        state.put_rep(presence.without_leases(rep)._replace(left_ms=None, bound_ms=None))
        return
    if case_id.startswith(HOURS_TIMER):
        state.put("hours", workspace, _named(case_id), None)
        return
    if case_id.startswith(LENDING_TIMER):
        state.put("lending", workspace, _named(case_id), None)
        return
    case = state.case(workspace, case_id)
    if case is None:
        state.put("move", workspace, "", None)
    else:
        state.put_case(case._replace(timer_parked=True))


def _named(timer: str) -> str:
    """Returns the rep or the queue whose timer it is."""
    return timer.split("/", 2)[2]


def _fire_rep(turn: Turn, workspace: str, rep_id: str) -> None:
    rep = turn.state.rep(workspace, rep_id)
    assert rep is not None, "only reps who are known have a timer"
    if rep.left_ms is not None:
        turn.forget_rep(rep)
    elif rep.bound_ms is not None and rep.bound_ms <= turn.now_ms:
        presence.count_offers(turn, rep)
    else:
        presence.end_leases(turn, rep)


def _fire_case(turn: Turn, workspace: str, case_id: str) -> None:
    case = turn.state.case(workspace, case_id)
    assert case is not None, "only open cases have a timer"
    if case.clocks is not None and turn.ring(case, case.clocks, turn.now_ms) is not case:
        return
    if (window_ms := case.window_ms) is not None and window_ms <= turn.now_ms:
        turn.tell_window(case, turn.now_ms)
    elif (times := case.extras.times) is not None and times.limit_ms is not None and times.limit_ms <= turn.now_ms:
        _reach_limit(turn, case)
    elif case.offer is None and case.extras.sticky_ms is not None and case.extras.sticky_ms <= turn.now_ms:
        turn.step(case.let_go(), "sticky_ended", "time_over", rep_id=case.extras.sticky_rep)
    elif case.offer is None and case.extras.ring_ms is not None and case.extras.ring_ms <= turn.now_ms:
        turn.widen(case)
    elif case.offer is None:
        turn.state.put_case(case.lapsed(turn.now_ms))
    elif case.state == "held":
        handover.resume(turn, case, "time_over")
    elif case.state == "wrapping":
        ending.wrap_up(turn, case, "time_over")
    else:
        _time_out(turn, case, case.offer.rep_id)


def _reach_limit(turn: Turn, case: Case) -> None:
    followed = silence.limited(turn.book, case)
    if followed is not case:
        # A policy since has other limits, and the case has not been counted anew yet.
        turn.state.put_case(followed)
    elif case.owed_ms is None:
        ending.end_idle(turn, case)
    else:
        handover.take_back(turn, case)


def _time_out(turn: Turn, case: Case, rep_id: str) -> None:
    released = turn.release(case, "timed_out")
    released = released.refused_by(rep_id, turn.book.kept_away_ms(case, turn.now_ms, timed_out=True))
    released = turn.step(released, "timed_out", "not_answered", rep_id=rep_id)
    handover.come_back(turn, released, case, "not_answered")
    rep = turn.state.rep(case.workspace, rep_id)
    if rep is not None:
        missed = rep.missed_offer(turn.book.missed_offers(case.workspace))
        turn.state.put_rep(missed)
        if missed.not_responding and not rep.not_responding:
            handover.give_up_cases(turn, case.workspace, rep_id, "not_responding")
