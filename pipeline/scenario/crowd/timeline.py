"""Decides when posts happen, by a daily rhythm with the outage on top of it."""

from bisect import bisect
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import NamedTuple

from pipeline.scenario.crowd.incident import SHARE, Incident

HOURLY = (30, 18, 11, 8, 8, 13, 28, 52, 74, 82, 80, 82, 90, 84, 78, 80, 86, 94, 100, 104, 108, 98, 76, 50)
"""Relative number of posts by hour of the day (UTC), where 100 is about the level of the evening."""
BINS = 2000
"""Parts of the span in which the density of posts is taken as constant."""


class Moment(NamedTuple):
    """When something is posted, and whether the outage is the reason."""

    at: datetime
    outage: bool


def moments(rng: Random, count: int, start: datetime, span: timedelta, incident: Incident) -> list[Moment]:
    """Returns `count` moments within [start, start + span), in order and in whole milliseconds."""
    width = span / BINS
    middles = [start + width * (number + 0.5) for number in range(BINS)]
    base = [_rhythm(when) for when in middles]
    loud = [incident.strength(when) for when in middles]
    # Scaled so that the outage causes its share of all fresh posts, however long or loud it is.
    factor = SHARE / (1 - SHARE) * sum(base) / max(sum(loud), 1e-9)
    extra = [strength * factor for strength in loud]
    total = list(accumulate(low + high for low, high in zip(base, extra, strict=True)))
    drawn = []
    for _ in range(count):
        number = min(bisect(total, rng.random() * total[-1]), BINS - 1)
        at = start + width * (number + rng.random())
        outage = rng.random() * (base[number] + extra[number]) < extra[number]
        drawn.append(Moment(at.replace(microsecond=at.microsecond // 1000 * 1000), outage))
    return sorted(drawn)


def _rhythm(when: datetime) -> float:
    now, after = HOURLY[when.hour], HOURLY[(when.hour + 1) % 24]
    return now + (after - now) * when.minute / 60
