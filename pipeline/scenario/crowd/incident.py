"""The outage of the scenario: where, when, how it builds up and decays."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

SHARE = 0.18
"""Share of all fresh posts of a scenario that the outage causes."""
BUILD_UP = timedelta(hours=1.5)
HALF_LIFE = timedelta(minutes=50)


@dataclass(frozen=True)
class Incident:
    """One outage.

    Args:
        start: the first people notice.
        peak: the repair begins to show.
        half_life: after the peak, complaints halve in this time.
        place: index of the place in each language's grammar; what happens is somewhere, not everywhere.
    """

    start: datetime
    peak: datetime
    half_life: timedelta
    place: int

    def strength(self, when: datetime) -> float:
        """How loud it is, 0..1, 1 at the peak: a convex build-up, then an exponential decay."""
        if when < self.start:
            return 0.0
        if when < self.peak:
            return float(((when - self.start) / (self.peak - self.start)) ** 1.6)
        return float(0.5 ** ((when - self.peak) / self.half_life))

    def over(self, when: datetime) -> bool:
        """Whether most are back online."""
        return when > self.peak + self.half_life


def plan(rng: Random, start: datetime, span: timedelta) -> Incident:
    """An outage in the middle part of the span; in a short span it is as much shorter."""
    begins = start + span * rng.uniform(0.35, 0.55)
    build_up = min(BUILD_UP * rng.uniform(0.7, 1.3), span * 0.15)
    return Incident(begins, begins + build_up, min(HALF_LIFE, span * 0.08), rng.randrange(8))
