"""What happens because time has passed: offers that nobody answered, inputs that need no longer be remembered.

Comes in: due times from the indexes. Goes out: released cases, forgotten inputs. Never here: a clock.
"""

from collections.abc import Callable

from pipeline.route.cases.requests import with_refusal
from pipeline.route.matching import matching
from pipeline.route.people.presence import missed_offer
from pipeline.route.state.entities import Case
from pipeline.route.state.indexes import FORGET
from pipeline.route.state.state import State
from pipeline.route.turn import Turn


def next_due_ms(state: State) -> int | None:
    """When the earliest timer is due."""
    found = state.indexes.timers.first()
    return None if found is None else found[0][0]


def fire_due(state: State, until_ms: int, new_turn: Callable[[], Turn]) -> int:
    """Fires the timers due at or before `until_ms`, in order of their time.

    An offer made on the way stands for its full time from now on, so that this ends.

    Returns:
        How many fired.
    """
    fired = 0
    while (found := state.indexes.timers.first()) is not None and found[0][0] <= until_ms:
        (_, kind, name), _ = found
        turn = new_turn()
        if kind == FORGET:
            _forget(turn, int(name))
        else:
            _time_out(turn, name)
            matching.match(turn)
        turn.counts.append("timers_fired")
        fired += 1
    return fired


def _forget(turn: Turn, minute: int) -> None:
    for entity_key in sorted(turn.state.indexes.handled[minute]):
        turn.state.put(entity_key, None)


def _time_out(turn: Turn, case_key: str) -> None:
    case = turn.state.get(case_key)
    assert isinstance(case, Case)
    assert case.offer is not None, "only offers have a timer"
    rep_id = case.offer.rep_id
    released = turn.release(case, "timed_out")
    turn.tell(with_refusal(released, rep_id), "timed_out", "not_answered", rep_id=rep_id)
    missed_offer(turn, case.workspace, rep_id)
