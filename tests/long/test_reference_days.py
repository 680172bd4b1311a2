"""A hundred thousand days on the router and on the plain one. `tests/reference` says what a day is."""

import pytest

from tests.reference.days import play_days
from tests.reference.test_plain_router import COMPARED


@pytest.mark.timeout(6 * 3_600)
@pytest.mark.parametrize("kind", COMPARED)
def test_the_router_decides_as_the_text_says_for_long(kind: str) -> None:
    assert play_days(range(1_000, 21_000), (kind,)) > 50_000
