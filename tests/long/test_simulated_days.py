"""A hundred thousand days on the simulated cluster. `tests/simulation` says what a day is."""

import pytest

from tests.simulation.many import play_all


@pytest.mark.timeout(24 * 3_600)
def test_no_fault_loses_doubles_or_delays_a_decision() -> None:
    play_all(0, 100_000, 500)
