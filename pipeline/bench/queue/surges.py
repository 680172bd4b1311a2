"""Makes arrivals as they come to the desk of an airline on bad days: days with nights, and surges of some hours.

The numbers are those of a replay of 14,600 posts to airlines: a quarter of the cases is urgent, a score tells them
from the others with an AUC of .87, and eight reps are busy for two thirds of the time on average. How much of the
work lies in the surges is not known. It is chosen so that a desk that works first in first out reaches about half
of the urgent cases within 15 minutes, as it did in that replay. The priority of the router has no part in it.
"""

import heapq
from collections.abc import Sequence
from math import cos, exp, log, pi, sqrt
from random import Random
from statistics import NormalDist
from typing import NamedTuple

from pipeline.bench.queue.arrivals import START_MS, Arrival

COUNT = 14_000
URGENT = 0.26
AUC = 0.87
LOAD = 0.68
REPS = 8
HANDLE_S = 240
WITHIN_S = 900
FIRST_IN_FIRST_OUT = (0.48, 0.57)
"""Between these lies the share of the urgent cases that a desk without priorities reaches within 15 minutes."""
_SURGES = (2, 4)
_SURGE_HOURS = (6.0, 16.0)
_STEPS = 16
"""Each halves the doubt about how much of the work lies in surges, so that at the end less than one arrival is in
doubt."""


class _Draw(NamedTuple):
    """One arrival before it is known whether it belongs to a surge."""

    lot: float
    """From 0 to 1. It belongs to a surge if this is less than the surges' share of all arrivals."""
    day_s: float
    """When it comes if it belongs to none, in seconds since the start."""
    surge_s: float
    """When it comes with a surge."""
    urgent: bool
    score: float


def make_arrivals(seed: int, count: int = COUNT) -> list[Arrival]:
    """Returns the arrivals of that seed in order of time. The same seed gives the same ones."""
    # A string seeds by SHA-512, which gives the same chance in every process. It hides no secret.
    chance = Random(f"arrivals/{seed}")  # noqa: S311
    span_s = count * HANDLE_S / (REPS * LOAD)
    draws = _draws(chance, count, span_s)
    wanted = chance.uniform(*FIRST_IN_FIRST_OUT)
    share, step = 0.5, 0.25
    for _ in range(_STEPS):
        share += step if _reached(_timed(draws, share)) > wanted else -step
        step /= 2
    return [
        Arrival(START_MS + round(1000 * at_s), draw.urgent, 100 * draw.score, 1000 * HANDLE_S)
        for at_s, draw in _timed(draws, share)
    ]


def _draws(chance: Random, count: int, span_s: float) -> Sequence[_Draw]:
    surges = [
        (chance.uniform(0, span_s), 3600 * chance.uniform(*_SURGE_HOURS)) for _ in range(chance.randint(*_SURGES))
    ]
    lengths = [length_s for _, length_s in surges]
    urgent = set(chance.sample(range(count), round(URGENT * count)))
    draws = []
    for number in range(count):
        # It swells quickly and ebbs away slowly, as news does.
        start_s, length_s = chance.choices(surges, lengths)[0]
        surge_s = min(span_s, start_s + length_s * chance.betavariate(2, 4))
        is_urgent = number in urgent
        draws.append(
            _Draw(chance.random(), _by_day(chance, span_s), surge_s, is_urgent, _score(chance, is_urgent))
        )
    return draws


def _by_day(chance: Random, span_s: float) -> float:
    """Returns a time by the rhythm of days, with four times as much at four in the afternoon as twelve hours
    later."""
    while True:
        at_s = chance.uniform(0, span_s)
        if chance.uniform(0, 2) < 1 + 0.6 * cos(2 * pi * (at_s / 86_400 - 16 / 24)):
            return at_s


def _score(chance: Random, urgent: bool) -> float:
    """Returns the probability that a case is urgent by a signal that tells urgent cases from others with `AUC`.

    The signal is normal in both classes, with equal variance. Their means are d' = sqrt(2) z(AUC) apart (Green and
    Swets, Signal Detection Theory, 1966), and the probability follows by Bayes.
    """
    apart = sqrt(2) * NormalDist().inv_cdf(AUC)
    signal = chance.gauss(apart if urgent else 0.0, 1.0)
    odds_log = apart * signal - apart**2 / 2 + log(URGENT / (1 - URGENT))
    return 1 / (1 + exp(-odds_log))


def _timed(draws: Sequence[_Draw], share: float) -> list[tuple[float, _Draw]]:
    timed = [(draw.surge_s if draw.lot < share else draw.day_s, draw) for draw in draws]
    return sorted(timed, key=lambda one: one[0])


def _reached(timed: Sequence[tuple[float, _Draw]]) -> float:
    """Returns the share of the urgent cases that are begun within 15 minutes, first in first out."""
    free_s = [0.0] * REPS
    reached = total = 0
    for at_s, draw in timed:
        begun_s = max(at_s, free_s[0])
        heapq.heapreplace(free_s, begun_s + HANDLE_S)
        total += draw.urgent
        reached += draw.urgent and begun_s - at_s <= WITHIN_S
    return reached / total
