"""What measurements come down to: percentiles, medians with their spread, ratios.

In: numbers. Out: fewer numbers. Never here: a clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest-rank percentile; 0 for no values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


@dataclass(frozen=True)
class Spread:
    """The middle of some measurements, and the lowest and highest of them."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Of at least one value."""
    return Spread(median(values), min(values), max(values))


def ratios(rates: Sequence[float], others: Sequence[float]) -> Spread:
    """Round by round, so that a machine whose speed drifts from round to round drifts out of the ratio."""
    return spread([rate / other for rate, other in zip(rates, others, strict=True)])
