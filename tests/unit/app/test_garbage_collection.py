"""A worker with millions of objects is never held up by the garbage collector, and loses no memory by that."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from pipeline.app.garbage_collection import FEW, LOOKS, ShortPauses


class Node:
    """Something that may point at itself in a circle."""

    def __init__(self) -> None:
        self.other: Node | None = None


def circle() -> Node:
    first, second = Node(), Node()
    first.other, second.other = second, first
    return first


@pytest.fixture
def pauses() -> Iterator[ShortPauses]:
    thresholds = gc.get_threshold()
    pauses = ShortPauses()
    yield pauses
    pauses.close()
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def walked() -> int:
    """How many objects a full collection looks at now."""
    return len(gc.get_objects())


def test_what_lives_on_is_not_looked_at_again(pauses: ShortPauses) -> None:
    state = [[number] for number in range(50_000)]
    gc.collect()
    assert walked() < 10_000 < len(state)


def test_a_growing_state_never_has_more_to_look_at_than_the_limit(pauses: ShortPauses) -> None:
    state, most = [], 0
    for number in range(400_000):
        state.append([number])
        if number % 20_000 == 0:
            most = max(most, walked())
    assert most < 100_000 < len(state)


def test_what_lived_before_does_not_put_the_next_look_off() -> None:
    before = [[number] for number in range(1_000_000)]
    thresholds, pauses = gc.get_threshold(), ShortPauses()
    state, most = [], 0
    for number in range(400_000):
        state.append([number])
        if number % 20_000 == 0:
            most = max(most, walked())
    pauses.close()
    gc.set_threshold(*thresholds)
    gc.unfreeze()
    assert most < 100_000 < len(before)


def test_new_circles_are_freed(pauses: ShortPauses) -> None:
    seen = weakref.ref(circle())
    gc.collect()
    assert seen() is None


def test_a_state_that_lived_for_long_is_freed_between_turns_once_it_is_let_go(pauses: ShortPauses) -> None:
    state = circle()
    seen = weakref.ref(state)
    gc.collect()
    pauses.let_go()
    del state
    pauses.between()
    assert seen() is None


def test_what_turns_leave_is_looked_at_at_once_and_frozen_in_the_end(pauses: ShortPauses) -> None:
    state, most = [], 0
    for _ in range(2 * LOOKS):
        pauses.between()
        state += [[number] for number in range(4 * FEW)]
        most = max(most, len(gc.get_objects(generation=0)))
    assert most < 8 * FEW
    assert walked() < (LOOKS + 2) * 4 * FEW < len(state)


def test_between_turns_nothing_is_done_when_nothing_was_let_go(pauses: ShortPauses) -> None:
    frozen = gc.get_freeze_count()
    pauses.between()
    assert gc.get_freeze_count() >= frozen > 0
