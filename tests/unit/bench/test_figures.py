"""Percentiles, spreads and ratios are taken of measurements."""

import pytest

from pipeline.bench.figures import Spread, percentile, ratios, spread


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, 0), ([7], 0.99, 7), ([3, 1, 2], 0.5, 2), (list(range(100)), 0.99, 99), (list(range(9)), 0.5, 4)],
)  # fmt: skip
def test_percentiles_are_values_that_occurred(values: list[float], share: float, expected: float) -> None:
    assert percentile(values, share) == expected


def test_a_spread_is_the_median_between_the_ends() -> None:
    assert spread([4, 1, 9]) == Spread(4, 1, 9)


def test_ratios_are_taken_round_by_round() -> None:
    # The machine is half as fast in the second round: the ratio does not see it.
    assert ratios([100, 50, 90], [50, 25, 30]) == Spread(2, 2, 3)
