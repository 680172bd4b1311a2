"""Measures several candidates in turn, again and again, so that a drift of the machine's speed hits all of them
alike.

It takes candidates and returns the rate of each one in each round. What a candidate does is its own matter.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
Report = Callable[[str], None]
"""Takes lines of progress."""


@dataclass(frozen=True)
class Candidate:
    """Describes something that has a rate."""

    name: str
    posts: int
    """Counts the distinct posts that it works on, over all rounds."""
    run: Callable[[int], int]
    """Does the work of the round with the given number, and returns how many posts that were."""


@dataclass(frozen=True)
class Measured:
    """Holds what was measured of one candidate."""

    name: str
    posts: int
    rates: list[float]
    """Holds the posts a second of each round."""


def alternate(
    candidates: Sequence[Candidate],
    rounds: int,
    *,
    report: Report,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Measured]:
    """Warms each candidate up with a round that does not count, then measures all of them round by round.

    Every other round goes backwards, so that no candidate always follows the same other one.

    Args:
        candidates: in the order of the result.
        rounds: at least one.
        report: is told the number of the round.
        clock: returns seconds.
    """
    report(f"warming up: {len(candidates)} candidates")
    for candidate in candidates:
        # The first run pays for lazy loading and cold caches, which are no rate.
        candidate.run(0)
    rates: list[list[float]] = [[] for _ in candidates]
    for number in range(rounds):
        report(f"round {number + 1} of {rounds}")
        places = range(len(candidates))
        for place in places if number % 2 == 0 else reversed(places):
            started = clock()
            done = candidates[place].run(number)
            rates[place].append(done / (clock() - started))
    return [
        Measured(candidate.name, candidate.posts, candidate_rates)
        for candidate, candidate_rates in zip(candidates, rates, strict=True)
    ]


def portion(items: Sequence[T], number: int, share: int) -> Sequence[T]:
    """Returns every `share`-th item, starting elsewhere in each round.

    A round stays short, and all rounds together see every item.
    """
    return items[number % share :: share]
