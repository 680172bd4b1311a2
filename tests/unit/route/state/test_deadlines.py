from hypothesis import given
from hypothesis import strategies as st

from pipeline.route.state.deadlines import Deadlines
from pipeline.route.state.heaps import SLACK
from tests.unit.route.state.test_heaps import kept

TURNS = st.tuples(st.sampled_from([-2.0, 0.0]), st.integers(0, 1))
NAMES = st.tuples(st.sampled_from(["acme", "other"]), st.integers(0, 5))
CHANGES = st.lists(st.tuples(NAMES, st.none() | st.integers(0, 3), TURNS), max_size=60)


@given(CHANGES)
def test_what_is_due_first_is_that_of_all_that_hold(
    changes: list[tuple[tuple[str, int], int | None, tuple[float, int]]],
) -> None:
    deadlines, held = Deadlines(), dict[tuple[str, str], tuple[int, tuple[float, int]]]()
    for (workspace, number), due_ms, turn in changes:
        # The one without a name is another thing in each workspace.
        name = f"{workspace}-{number}" if number else ""
        deadlines.set(workspace, name, due_ms, turn)
        held.pop((workspace, name), None)
        if due_ms is not None:
            held[workspace, name] = due_ms, turn
        due = min(((*when, *thing) for thing, when in held.items()), default=None)
        assert deadlines.first() == (None if due is None else (due[0], *due[2:]))
        assert len(deadlines) == len(held)


def test_deadlines_that_hold_no_longer_take_bounded_room() -> None:
    deadlines = Deadlines()
    for due_ms in range(10 * SLACK):
        deadlines.set("acme", "case", due_ms)
    assert deadlines.first() == (10 * SLACK - 1, "acme", "case")
    deadlines.set("acme", "first", 0)
    assert kept(deadlines._order) <= SLACK + 4
    assert deadlines.first() == (0, "acme", "first")


def test_a_deadline_that_was_set_before_takes_no_more_room() -> None:
    deadlines = Deadlines()
    deadlines.set("acme", "first", 0)
    for _ in range(10 * SLACK):
        deadlines.set("acme", "case", 1)
        deadlines.set("acme", "case", None)
    assert kept(deadlines._order) <= SLACK + 4
