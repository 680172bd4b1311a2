from hypothesis import given
from hypothesis import strategies as st

from pipeline.route.state.entities import Case
from pipeline.route.state.heaps import SLACK
from pipeline.route.state.lanes import FreshLane, rank_of
from tests.unit.route.state.test_heaps import kept

CHANGES = st.lists(st.tuples(st.integers(0, 5), st.none() | st.integers(0, 2)), max_size=60)
"""Each is the number of a case and its priority, which is None where it leaves the lane."""


def case(number: int, priority: float) -> Case:
    return Case(
        workspace="acme",
        case_id=f"c{number}",
        root_post_id="x:p",
        author_id="x:a",
        queue="care",
        team="care",
        skills=(),
        action="respond",
        priority=priority,
        channel="public",
        state="waiting",
        attempt=0,
        refused=(),
        offer=None,
        seq=0,
        posts_total=1,
        queued_at_ms=number // 2,
        respond_by_ms=0,
        replied_at_ms=None,
        updated_at_ms=0,
        trace_ms=0,
    )


class Waiting:
    """A lane beside the cases that wait in it."""

    def __init__(self) -> None:
        self.cases: dict[str, Case] = {}
        self.lane = FreshLane(lambda name: rank_of(self.cases[name]) if name in self.cases else None)

    def change(self, number: int, priority: float | None) -> None:
        old = self.cases.pop(f"c{number}", None)
        new = None if priority is None else case(number, priority)
        if new is not None:
            self.cases[new.case_id] = new
        if old is not None:
            self.lane.remove(old)
        if new is not None:
            self.lane.add(new)


@given(CHANGES)
def test_the_first_in_both_orders_are_those_of_the_cases_that_wait(changes: list[tuple[int, int | None]]) -> None:
    waiting = Waiting()
    for number, priority in changes:
        waiting.change(number, priority)
        cases = waiting.cases.values()
        assert len(waiting.lane) == len(cases)
        assert waiting.lane.first == min(map(rank_of, cases), default=None)
        assert waiting.lane.oldest == min(((c.queued_at_ms, c.case_id) for c in cases), default=None)


def test_places_of_cases_that_have_left_take_bounded_room() -> None:
    waiting = Waiting()
    waiting.change(0, 99)
    for priority in range(10 * SLACK):
        waiting.change(1, priority % 90)
    assert kept(waiting.lane._ranks) <= SLACK + 5
    assert kept(waiting.lane._ages) <= SLACK + 5
