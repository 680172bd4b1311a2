"""Plans the outage of the scenario: where and when it happens, and how it builds up and decays."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

SHARE = 0.18
"""Share of all fresh posts of a scenario that the outage causes."""
BUILD_UP = timedelta(hours=1.5)
HALF_LIFE = timedelta(minutes=50)


@dataclass(frozen=True)
class Incident:
    """An outage.

    Args:
        start: when the first people notice it.
        peak: when the repair begins to show.
        half_life: time in which complaints halve after the peak.
        place: index of the place in each language's grammar, since an outage happens somewhere and not everywhere.
    """

    start: datetime
    peak: datetime
    half_life: timedelta
    place: int

    def strength(self, when: datetime) -> float:
        """Returns how loud the outage is, 0..1. It builds up convexly to 1 at the peak and then decays
        exponentially."""
        if when < self.start:
            return 0.0
        if when < self.peak:
            return float(((when - self.start) / (self.peak - self.start)) ** 1.6)
        return float(0.5 ** ((when - self.peak) / self.half_life))

    def over(self, when: datetime) -> bool:
        """Returns whether most customers are back online."""
        return when > self.peak + self.half_life


def plan(rng: Random, start: datetime, span: timedelta) -> Incident:
    """Returns an outage in the middle part of the span. In a short span it is shorter in proportion."""
    begins = start + span * rng.uniform(0.35, 0.55)
    build_up = min(BUILD_UP * rng.uniform(0.7, 1.3), span * 0.15)
    return Incident(begins, begins + build_up, min(HALF_LIFE, span * 0.08), rng.randrange(8))
