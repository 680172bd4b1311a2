"""A hundred thousand days at any desk. `tests/property/any_desk.py` says what a day is, and what must hold."""

import pytest

from tests.property.any_desk import play_days

DAYS, PARTS = 100_000, 20
"""About two hours of one processor. They begin behind the days of `make test`."""


@pytest.mark.timeout(2 * 3_600)
@pytest.mark.parametrize("first", range(2_000, 2_000 + DAYS, DAYS // PARTS))
def test_every_promise_holds_on_any_day_for_long(first: int) -> None:
    assert play_days(range(first, first + DAYS // PARTS)) > DAYS // PARTS
