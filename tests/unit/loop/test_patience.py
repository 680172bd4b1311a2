"""How long the records of a partition wait for policies that are on their way."""

from pipeline.loop.patience import PATIENCE_MS, REST_MS, Patience
from pipeline.ports.decider import PolicyAwaited
from tests.unit.loop.test_driver import at


def held_ms(patience: Patience, workspaces: int) -> int:
    """Returns how long one record each of so many workspaces waits, one behind the other."""
    now_ms = 0
    for n in range(workspaces):
        while patience.holds(PolicyAwaited(f"w{n}", 2), at(now_ms)):
            now_ms += 1000
    return now_ms


def test_many_workspaces_whose_policies_never_come_hold_up_the_others_no_longer_than_one() -> None:
    assert held_ms(Patience(), 50) == PATIENCE_MS


def test_after_a_rest_a_record_waits_again_and_so_it_does_once_another_policy_has_come() -> None:
    patience = Patience()
    held_ms(patience, 1)
    late = PolicyAwaited("late", 2)
    assert not patience.holds(late, at(PATIENCE_MS + REST_MS - 1))
    assert patience.holds(late, at(PATIENCE_MS + REST_MS))
    patience = Patience()
    held_ms(patience, 1)
    patience.arrived("other")
    assert patience.holds(late, at(PATIENCE_MS))
    assert not patience.holds(PolicyAwaited("w0", 2), at(PATIENCE_MS)), "its own time is over"
