"""Random days for the two routers, and the smallest day on which they differ."""

import random
from typing import Any, NamedTuple

from tests.reference import policies
from tests.reference.inputs import WAITS_MS, Step
from tests.reference.side import Differ
from tests.reference.two_routers import TwoRouters

BASE = (
    ["post"] * 9 + ["sign_in"] * 6 + ["away", "available", "sign_out"] + ["accept"] * 9 + ["reject"] * 4
    + ["reply"] * 2 + ["resolve"] * 5 + ["tick", "policy", "restart"]
)  # fmt: skip
PEOPLE = ["beat"] * 8
JOINS = (
    ["link"] * 5 + ["context"] * 2 + ["copy"] * 2 + ["repost", "own", "own", "edit", "edit", "delete", "anonymous"]
    + ["thanks"]
)  # fmt: skip
WORK = [
    "hold", "await", "await", "resume", "consult", "advised", "transfer", "transfer", "transfer", "wrap_up",
    "merge", "split", "priority", "end", "contact", "contact",
]  # fmt: skip


# Whose turn it is begins with the policy in which reps take turns, so that it stays the same here.
LIMITS = (
    [kind for kind in BASE if kind != "policy"] + WORK + ["pick"] * 6 + ["link"] * 3 + ["own"] * 2
    + ["accept"] * 3 + ["reply"] * 2 + ["hold"] * 2 + ["await"] * 3 + ["resume"] * 5
)  # fmt: skip


SIGNALS = ["signal"] * 6
LAG = ["lag"]
"""Not where desktops have leases, of which those that end meanwhile begin anew. That has tests of its own."""

STICKY = (
    BASE + ["policy"] * 4 + ["post"] * 12 + ["sign_in"] * 8 + ["accept"] * 24
    + ["resolve"] * 20 + ["link", "reply", "own", "own", "transfer", "end", "split"] * 2
)  # fmt: skip
LENDING = BASE + WORK + ["policy", "policy"] + ["post"] * 4 + ["sign_in"] * 4 + ["pick"] * 2


class Kind(NamedTuple):
    """What may happen on a day, and under which policies."""

    steps: list[str]
    policies: tuple[dict[str, Any], ...]
    levels: bool = False
    crowd: bool = True
    windows: bool = False
    workspaces: int = 1


KINDS: dict[str, Kind] = {
    "matching": Kind(BASE + LAG, policies.PLAIN),
    "people": Kind(BASE + PEOPLE, policies.PEOPLE),
    "skills": Kind(BASE + LAG, policies.SKILLED, levels=True),
    "joins": Kind(BASE + JOINS + LAG, policies.JOINS, crowd=False),
    "work": Kind(BASE + WORK + LAG, policies.WORK),
    "clocks": Kind(BASE + JOINS + WORK + LAG, policies.CLOCKED, crowd=False),
    "limits": Kind(LIMITS, policies.LIMITED, crowd=False),
    "hours": Kind(BASE + JOINS + WORK + ["pick"] * 2 + LAG, policies.SHUT, crowd=False),
    "time": Kind(BASE + WORK + SIGNALS + LAG, policies.BY_TIME, crowd=False),
    "signals": Kind(BASE + JOINS + WORK + SIGNALS + LAG, policies.CLOCKED, crowd=False),
    "windows": Kind(BASE + JOINS + WORK + LAG, policies.JOINS + policies.CLOCKED, crowd=False, windows=True),
    "lending": Kind(LENDING + LAG, policies.LENT, levels=True),
    "sticky": Kind(STICKY + WORK + LAG, policies.STICKY, crowd=False),
    "all": Kind(
        BASE + PEOPLE + JOINS + WORK + SIGNALS,
        policies.PEOPLE
        + policies.JOINS
        + policies.WORK
        + policies.SKILLED
        + policies.CLOCKED
        + policies.SHUT
        + policies.BY_TIME,
        levels=True,
        crowd=False,
        windows=True,
    ),
    "workspaces": Kind(
        BASE + PEOPLE + JOINS + WORK + SIGNALS + ["policy", "post", "post", "accept"],
        policies.PEOPLE + policies.STICKY + policies.LENT + policies.CLOCKED + policies.BY_TIME,
        levels=True,
        crowd=False,
        workspaces=3,
    ),
}


class Day(NamedTuple):
    """A day that can be played again."""

    kind: Kind
    first_policy: int
    steps: list[Step]


def play_days(seeds: range, names: tuple[str, ...] = tuple(KINDS)) -> int:
    """Plays a day of each seed, the kinds in turn, and returns how many offers were made.

    Raises:
        AssertionError: the routers differ. It tells the story of the first such day with the fewest steps.
    """
    offers = 0
    for seed in seeds:
        day = _day(seed, KINDS[names[seed % len(names)]])
        played = _new(day)
        try:
            played.play(day.steps)
        except Differ:
            story = _story(_fewest(day))
            raise AssertionError(f"day {seed}, without the steps that do not matter:\n{story}") from None
        offers += played.offers
    return offers


def _new(day: Day) -> TwoRouters:
    return TwoRouters(
        day.kind.policies,
        day.first_policy,
        day.kind.workspaces,
        levels=day.kind.levels,
        crowd=day.kind.crowd,
        windows=day.kind.windows,
    )


def _day(seed: int, kind: Kind) -> Day:
    chance = random.Random(seed)
    first_policy = chance.randrange(len(kind.policies))
    count = chance.randint(5, 80)
    steps = [
        Step(
            chance.choice(kind.steps),
            chance.randrange(5),
            chance.randrange(10),
            chance.randrange(len(WAITS_MS)),
            chance.randrange(kind.workspaces),
        )
        for _ in range(count)
    ]
    return Day(kind, first_policy, steps)


def _story(day: Day) -> str:
    """Returns the story up to the first difference, or nothing where there is none."""
    try:
        _new(day).play(day.steps)
    except Differ as difference:
        return str(difference)
    return ""


def _fewest(day: Day) -> Day:
    """Leaves out what can be left out, in halves, quarters and so on down to single steps."""
    size = len(day.steps)
    while size:
        at = 0
        while at < len(day.steps):
            fewer = day._replace(steps=day.steps[:at] + day.steps[at + size :])
            if _story(fewer):
                day = fewer
            else:
                at += size
        size //= 2
    return day
