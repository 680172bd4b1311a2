"""What is promised holds on any day at any desk. `make test-long` plays more of them."""

import pytest

from tests.property.any_desk import play_days

DAYS, PARTS = 2_000, 4
"""About two minutes of one processor."""


@pytest.mark.parametrize("first", range(0, DAYS, DAYS // PARTS))
def test_every_promise_holds_on_any_day(first: int) -> None:
    assert play_days(range(first, first + DAYS // PARTS)) > DAYS, "there is work on most days"
