"""Makes streams of posts whose events are known, to judge the detector by.

Posts come by a Poisson law whose mean is a day profile times chance. Each hour has a gamma factor of the given
dispersion, and each day a log-normal one. Every second or third day an event multiplies the expected posts by
five for two hours, on half of the streams; the others have none, so that each of their alarms is false.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DISPERSIONS = (0.05, 0.15, 0.3, 0.5)
POSTS_AN_HOUR = (3.0, 8.0, 20.0, 60.0, 200.0)
DAYS, QUIET_DAYS = 28, 7
BIN_S = 600
TIMES = 5.0
EVENT_HOURS = 2
DAY_SPREAD = 0.2
PROFILE = (
    0.55, 0.40, 0.30, 0.26, 0.26, 0.32, 0.45, 0.65, 0.90, 1.10, 1.20, 1.25, 1.30, 1.35, 1.40, 1.45,
    1.50, 1.55, 1.60, 1.60, 1.50, 1.30, 1.05, 0.76,
)  # fmt: skip
"""Posts of each hour of the day, six times as many in the evening as at night, as a brand of one time zone gets
them."""


class Event(NamedTuple):
    """A surge that was put into a stream, in seconds from its start."""

    start_s: float
    end_s: float
    usual_an_hour: float


class Stream(NamedTuple):
    """The posts of one key in each bin."""

    bin_s: int
    posts: tuple[float, ...]
    events: tuple[Event, ...]


def streams(seeds: int) -> Mapping[float, list[Stream]]:
    """Returns for each dispersion `seeds` streams with events and as many without, at each rate."""
    return {
        dispersion: [
            _stream(
                np.random.default_rng([seed, index, int(1000 * dispersion), with_events]),
                rate,
                dispersion,
                with_events,
            )
            for seed in range(seeds)
            for index, rate in enumerate(POSTS_AN_HOUR)
            for with_events in (0, 1)
        ]
        for dispersion in DISPERSIONS
    }


def _stream(chance: np.random.Generator, rate: float, dispersion: float, with_events: int) -> Stream:
    an_hour = 3600 // BIN_S
    profile = np.roll(np.array(PROFILE) / np.mean(PROFILE), int(chance.integers(24)))
    usual = rate / an_hour * _smooth(profile, an_hour)
    hours = np.repeat(chance.gamma(1 / dispersion, dispersion, DAYS * 24), an_hour)
    days = np.repeat(np.exp(chance.normal(-(DAY_SPREAD**2) / 2, DAY_SPREAD, DAYS)), 24 * an_hour)
    mean, events = usual * hours * days, []
    at = QUIET_DAYS * 24 * an_hour + int(chance.integers(24 * an_hour))
    while with_events and at < len(mean) - 24 * an_hour:
        end = at + EVENT_HOURS * an_hour
        mean[at:end] += (TIMES - 1) * usual[at:end]
        events.append(Event(at * BIN_S, end * BIN_S, float(usual[at:end].mean()) * an_hour))
        at += int(24 * an_hour * chance.uniform(1.5, 3.0))
    return Stream(BIN_S, tuple(chance.poisson(mean).astype(float).tolist()), tuple(events))


def _smooth(profile: NDArray[np.float64], an_hour: int) -> NDArray[np.float64]:
    """Returns the profile of all days by bins, straight between the middles of two hours."""
    middles = (np.arange(24 * an_hour) + 0.5) / an_hour - 0.5
    day = np.interp(middles, np.arange(-1, 25), np.concatenate((profile[-1:], profile, profile[:1])))
    return np.tile(day, DAYS)
