"""Random days for the two routers, and the smallest day on which they differ."""

import random

from tests.reference.two_routers import KINDS, POLICIES, WAITS_MS, Differ, Step, TwoRouters


def play_days(seeds: range) -> int:
    """Plays a day of each seed and returns how many offers were made.

    Raises:
        AssertionError: the routers differ. It tells the story of the first such day with the fewest steps.
    """
    offers = 0
    for seed in seeds:
        first_policy, steps = _day(seed)
        played = TwoRouters(first_policy)
        try:
            played.play(steps)
        except Differ:
            story = _story(first_policy, _fewest(first_policy, steps))
            raise AssertionError(f"day {seed}, without the steps that do not matter:\n{story}") from None
        offers += played.offers
    return offers


def _day(seed: int) -> tuple[int, list[Step]]:
    chance = random.Random(seed)
    first_policy = chance.randrange(len(POLICIES))
    count = chance.randint(5, 80)
    steps = [
        Step(chance.choice(KINDS), chance.randrange(5), chance.randrange(10), chance.randrange(len(WAITS_MS)))
        for _ in range(count)
    ]
    return first_policy, steps


def _story(first_policy: int, steps: list[Step]) -> str:
    """Returns the story up to the first difference, or nothing where there is none."""
    try:
        TwoRouters(first_policy).play(steps)
    except Differ as difference:
        return str(difference)
    return ""


def _fewest(first_policy: int, steps: list[Step]) -> list[Step]:
    """Leaves out what can be left out, in halves, quarters and so on down to single steps."""
    size = len(steps)
    while size:
        at = 0
        while at < len(steps):
            fewer = steps[:at] + steps[at + size :]
            if _story(first_policy, fewer):
                steps = fewer
            else:
                at += size
        size //= 2
    return steps
