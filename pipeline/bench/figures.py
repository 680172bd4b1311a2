"""Condenses measurements into percentiles, medians with their spread, and ratios.

Numbers come in and fewer numbers go out. No clock is read here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


def percentile(values: Sequence[float], share: float) -> float:
    """Returns the nearest-rank percentile, or 0 for no values.

    Args:
        values: in any order.
        share: from 0 to 1, so .99 is the 99th percentile.
    """
    # No value is interpolated, so every percentile is a value that did occur.
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


@dataclass(frozen=True)
class Spread:
    """Holds the median of some measurements, and the lowest and highest of them."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Returns the spread of at least one value."""
    return Spread(median(values), min(values), max(values))


def ratios(rates: Sequence[float], others: Sequence[float]) -> Spread:
    """Divides the rates of each round by the others of that round.

    A machine whose speed drifts from round to round therefore drifts out of the ratio.
    """
    return spread([rate / other for rate, other in zip(rates, others, strict=True)])
