from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.route.state import heaps
from pipeline.route.state.heaps import SLACK, Heaps

MOST = 8
"""Few, so that a short story needs many heaps."""
CHANGES = st.lists(st.tuples(st.integers(0, 40), st.none() | st.integers(0, 5), st.booleans()), max_size=120)
"""Each is the number of a thing, its place, which is None where it gives that up, and whether that is known before
the place of before is given up, as of a case that goes on to wait at another place."""


class Things:
    """Heaps beside the places that things have, with a count of how often one step asks for a place."""

    def __init__(self) -> None:
        self.places: dict[str, tuple[int, str]] = {}
        self.heaps = Heaps(self.place_of)
        self.asked = self.most_asked = 0

    def place_of(self, name: str) -> tuple[int, str] | None:
        self.asked += 1
        return self.places.get(name)

    def change(self, number: int, place: int | None, *, is_known: bool = False) -> None:
        name = f"t{number}"
        had_one = self.places.pop(name, None) is not None
        if place is not None and is_known:
            self.places[name] = place, name
        if had_one:
            self.step(self.heaps.drop, name)
        if place is not None:
            self.places[name] = place, name
            self.step(self.heaps.add, self.places[name])

    def step(self, taken: Any, of: Any) -> None:
        self.asked = 0
        taken(of)
        self.most_asked = max(self.most_asked, self.asked)


def kept(of: Heaps[Any]) -> int:
    """Returns how many places are kept, also of those that were given up."""
    return sum(map(len, of._heaps))


@given(CHANGES)
def test_the_first_is_the_smallest_of_the_places_that_things_have(
    changes: list[tuple[int, int | None, bool]],
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(heaps, "MOST", MOST)
        things = Things()
        for number, place, is_known in changes:
            things.change(number, place, is_known=is_known)
            assert things.heaps.first == min(things.places.values(), default=None)
            assert len(things.heaps) == len(things.places)


def test_no_step_clears_away_more_than_the_places_of_a_few_heaps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heaps, "MOST", MOST)
    things, many = Things(), 100 * MOST
    # Thing 0 comes first. Behind it as many have given up their places as have not, and then it leaves, too.
    for number in range(2 * many):
        things.change(number, number)
    for number in [*range(1, many), 0]:
        things.change(number, None)
    assert things.heaps.first == (many, f"t{many}")
    # In turn, the first gives up its place and another thing takes the last one.
    for number in range(many, 4 * many):
        things.change(number, None)
        things.change(number + many, number + many)
    assert things.most_asked <= 6 * MOST + 2 * SLACK
    assert kept(things.heaps) <= 2 * many + len(things.heaps._heaps) * (SLACK + 2)
