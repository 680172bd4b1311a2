"""When posts happen: a daily rhythm, and the outage on top of it."""

from bisect import bisect
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import NamedTuple

from pipeline.scenario.crowd.incident import SHARE, Incident

HOURLY = (30, 18, 11, 8, 8, 13, 28, 52, 74, 82, 80, 82, 90, 84, 78, 80, 86, 94, 100, 104, 108, 98, 76, 50)
"""Posts by hour of the day (UTC), 100 about the evening's level: quiet at night, a rise to the evening."""
BINS = 2000


class Moment(NamedTuple):
    """When something is posted, and whether because of the outage."""

    at: datetime
    outage: bool


def moments(rng: Random, count: int, start: datetime, span: timedelta, incident: Incident) -> list[Moment]:
    """`count` moments in order, millisecond precision, within [start, start + span)."""
    width = span / BINS
    middles = [start + width * (number + 0.5) for number in range(BINS)]
    base = [_rhythm(when) for when in middles]
    loud = [incident.strength(when) for when in middles]
    factor = SHARE / (1 - SHARE) * sum(base) / max(sum(loud), 1e-9)
    extra = [strength * factor for strength in loud]
    total = list(accumulate(low + high for low, high in zip(base, extra, strict=True)))
    found = []
    for _ in range(count):
        number = min(bisect(total, rng.random() * total[-1]), BINS - 1)
        at = start + width * (number + rng.random())
        outage = rng.random() * (base[number] + extra[number]) < extra[number]
        found.append(Moment(at.replace(microsecond=at.microsecond // 1000 * 1000), outage))
    return sorted(found)


def _rhythm(when: datetime) -> float:
    now, after = HOURLY[when.hour], HOURLY[(when.hour + 1) % 24]
    return now + (after - now) * when.minute / 60
