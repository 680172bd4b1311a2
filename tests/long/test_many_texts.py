"""A hundred thousand generated texts, and the longest ones, through every pure function that reads a text."""

import pytest

from tests.property import test_bounded_texts as bounds
from tests.text_functions import DIRECT, FUNCTIONS, TAILS, UNITS, generated, repeated

TEXTS = 100_000
LONGEST = 64_000


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", [*FUNCTIONS, *DIRECT])
def test_none_of_100_000_texts_costs_more_than_a_constant_and_its_share(name: str) -> None:
    assert [number for number in range(TEXTS) if bounds.is_too_slow(name, generated(number))] == []


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", [*FUNCTIONS, *DIRECT])
def test_the_longest_texts_cost_no_more_than_a_constant_and_their_share(name: str) -> None:
    tails = TAILS if "privacy" in name else TAILS[:1]
    texts = ((unit, tail) for unit in UNITS for tail in tails)
    slow = [(unit, tail) for unit, tail in texts if bounds.is_too_slow(name, repeated(unit, LONGEST, tail))]
    assert slow == []
