"""However signals come, a priority is one, and what goes to and fro does not move a case for ever."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.route.matching.reranking import FALLS_BY, MOST_STEPS, WEIGHTS, raised

PRIORITIES = st.floats(0, 100, allow_nan=False)
PATHS = st.lists(st.tuples(st.sampled_from(sorted(WEIGHTS)), st.integers(0, MOST_STEPS)), max_size=20)
NEAR = 1e-3
"""A priority is rounded each time, and a small rest up to 100 is divided by as little as 0.4."""


@settings(deadline=None)
@given(PRIORITIES, PATHS)
def test_a_priority_is_that_of_its_steps_whatever_way_led_there(start: float, path: list[tuple[str, int]]) -> None:
    priority, steps = start, dict.fromkeys(WEIGHTS, 0)
    for kind, step in path:
        priority, steps[kind] = raised(priority, kind, steps[kind], step), step
        assert 0 <= priority <= 100
    straight = start
    for kind, step in steps.items():
        straight = raised(straight, kind, 0, step)
    assert abs(priority - straight) < NEAR
    for kind, step in steps.items():
        priority = raised(priority, kind, step, 0)
    assert abs(priority - start) < NEAR


@settings(deadline=None)
@given(PRIORITIES, st.sampled_from(sorted(WEIGHTS)))
def test_more_steps_never_mean_less(start: float, kind: str) -> None:
    priorities = [raised(start, kind, 0, step) for step in range(MOST_STEPS + 1)]
    assert all(less <= more for less, more in itertools.pairwise(priorities))
    assert FALLS_BY > 1
