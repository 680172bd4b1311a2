"""A hundred thousand days on the router and on the plain one. `tests/reference` says what a day is."""

import pytest

from tests.reference.days import play_days


@pytest.mark.timeout(6 * 3_600)
def test_the_router_decides_as_the_text_says_for_long() -> None:
    assert play_days(range(1_000, 101_000)) > 500_000
