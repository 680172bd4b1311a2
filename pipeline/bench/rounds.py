"""Several candidates measured in turn, again and again: a machine whose speed drifts is the same for all of them.

In: candidates. Out: each one's rate in each round. Never here: what a candidate does.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
Say = Callable[[str], None]
"""Takes progress lines."""


@dataclass(frozen=True)
class Candidate:
    """Something with a rate."""

    name: str
    posts: int
    """Distinct posts that it works on, over all rounds."""
    run: Callable[[int], int]
    """Does the work of one round, given its number, and returns how many posts that were."""


@dataclass(frozen=True)
class Measured:
    """What came of one candidate."""

    name: str
    posts: int
    rates: list[float]
    """Posts a second in each round."""


def alternate(
    candidates: Sequence[Candidate],
    rounds: int,
    *,
    say: Say,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Measured]:
    """Warms each candidate up with a round that does not count, then measures all of them, round by round.

    Every other round goes backwards, so that no candidate always comes after the same other one.

    Args:
        candidates: in the order of the result.
        rounds: at least one.
        say: told the number of the round.
        clock: seconds.
    """
    say(f"warming up: {len(candidates)} candidates")
    for candidate in candidates:
        candidate.run(0)
    rates: list[list[float]] = [[] for _ in candidates]
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        places = range(len(candidates))
        for place in places if number % 2 == 0 else reversed(places):
            started = clock()
            done = candidates[place].run(number)
            rates[place].append(done / (clock() - started))
    return [
        Measured(candidate.name, candidate.posts, found)
        for candidate, found in zip(candidates, rates, strict=True)
    ]


def portion(items: Sequence[T], number: int, share: int) -> Sequence[T]:
    """Every `share`-th item, others in each round: a round stays short, and all rounds see every item."""
    return items[number % share :: share]
