"""Timers: an offer that nobody answered goes back, and entries about forgotten inputs end.

The due times come from the indexes, and what they lead to goes through a `Turn` as after a record. No clock is
read here, for the driving loop says how late it is.
"""

from collections.abc import Callable

from pipeline.route.matching import matching
from pipeline.route.state.entities import Case
from pipeline.route.state.state import State
from pipeline.route.turn import Turn


def next_due_ms(state: State) -> int | None:
    """Returns when the earliest timer is due, in milliseconds since the epoch; None without timers."""
    earliest = state.indexes.timers.first()
    dues_ms = state.handled.next_due_ms(), None if earliest is None else earliest[0][0]
    return min((due_ms for due_ms in dues_ms if due_ms is not None), default=None)


def fire_due(state: State, until_ms: int, limit: int, new_turn: Callable[[], Turn]) -> int:
    """Fires the timers due at or before `until_ms`, in the order of their due times, but at most `limit`.

    Returns:
        How many fired.
    """
    fired = 0
    while fired < limit and (due_ms := next_due_ms(state)) is not None and due_ms <= until_ms:
        turn = new_turn()
        if due_ms == state.handled.next_due_ms():
            # One entry a turn. A minute of a busy partition has thousands, too many for one transaction.
            state.handled.end_entry()
        elif earliest := state.indexes.timers.first():
            (_, _, name), _ = earliest
            _time_out(turn, name)
            # Matched after each timer and not once at the end, so that it makes no difference how many timers the
            # loop lets fire in one call.
            if turn.live:
                matching.match(turn)
        turn.counts.append("timers_fired")
        fired += 1
    return fired


def _time_out(turn: Turn, case_key: str) -> None:
    case = turn.state.get(case_key)
    assert isinstance(case, Case)
    assert case.offer is not None, "only offers have a timer"
    rep_id = case.offer.rep_id
    released = turn.release(case, "timed_out")
    turn.step(released.refused_by(rep_id), "timed_out", "not_answered", rep_id=rep_id)
    rep = turn.state.rep(case.workspace, rep_id)
    if rep is not None:
        turn.state.put_rep(rep.missed_offer())
