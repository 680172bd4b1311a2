"""Opening hours and the clocks of a case against a minute-by-minute count, over changes of the clocks."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pytest

from pipeline.route.sla.clocks import Terms, start_clocks
from pipeline.route.sla.hours import OpeningHours
from pipeline.route.sla.zones import zone, zone_names
from schemas.policy.calendar import DAYS, Calendar
from schemas.policy.sla import SlaTarget
from tests.property.minute_by_minute import DAY, NAMES, SlowCase, is_open, shown

MINUTE_MS = 60_000
PLACES, CASES = 50, 200
"""Ten thousand cases in all. A place has two zones and two weeks."""
LENGTH = 15 * DAY
MARGIN = 2 * DAY
"""Nothing happens so near to the begin of the time that is looked at."""
ODD = ("Europe/London", "America/New_York", "Australia/Lord_Howe", "Antarctica/Troll", "Africa/Casablanca",
       "Africa/Cairo", "America/Havana", "America/St_Johns", "Pacific/Chatham", "Asia/Kathmandu")  # fmt: skip
"""Zones with changes at midnight, by half an hour, by two hours, and with odd offsets."""


class Place(NamedTuple):
    """Two weeks in two zones, the first of which changes its clocks in them if it ever does."""

    begin: int
    zones: tuple[str, str]
    walls: tuple[np.ndarray, np.ndarray]


def changes(name: str) -> list[int]:
    """The days since the epoch in 2026 and 2027 on which the clocks of a zone change."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    days = [start + timedelta(days=day) for day in range(730)]
    offsets = [day.astimezone(zone(name)).utcoffset() for day in days]
    return [
        int(day.timestamp()) // 86_400
        for day, one, two in zip(days, offsets, offsets[1:], strict=False)
        if one != two
    ]


def places(count: int, rng: random.Random) -> Iterator[Place]:
    names = sorted(zone_names())
    changing = [name for name in rng.sample(names, 200) if changes(name)]
    for number in range(count):
        first = ODD[number] if number < len(ODD) else rng.choice(names if number % 10 == 9 else changing)
        days = changes(first) or [20_600]
        # Alternately, so that as many cases meet one change as the other.
        begin = DAY * (days[number // 2 % len(days)] - rng.randint(3, 11)) + rng.randrange(DAY)
        zones = (first, rng.choice(changing))
        walls = [shown(zone(name), begin, begin + LENGTH) for name in zones]
        yield Place(begin, zones, (walls[0], walls[1]))


def windows(rng: random.Random) -> tuple[str, ...]:
    kind = rng.random()
    if kind < 0.15:
        return ("00:00-24:00",)
    step = rng.choice([1, 15, 60])
    ends = sorted(step * time for time in rng.sample(range(DAY // step + 1), 2 * rng.randint(1, 3)))
    if kind < 0.4 and len(ends) > 2:
        ends[2] = ends[1]  # two windows that touch
    return tuple(
        f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"
        for begin, end in zip(ends[::2], ends[1::2], strict=True)
        if begin < end
    )


def calendar(rng: random.Random, name: str, begin: int) -> Calendar:
    days = [datetime.fromtimestamp(60 * (begin + DAY * number), UTC).date() for number in range(15)]
    week = {day: windows(rng) for day in DAYS if rng.random() < 0.7} or {"mon": windows(rng)}
    special = [{"date": day, "open": windows(rng)} for day in rng.sample(days, rng.randint(0, 2))]
    closed = [day for day in rng.sample(days, rng.randint(0, 3)) if all(day != entry["date"] for entry in special)]
    return Calendar.model_validate({"name": "c", "zone": name, "week": week, "closed": closed, "special": special})


def target(rng: random.Random) -> SlaTarget | None:
    if rng.random() < 0.05:
        return None
    soon = rng.choice([None, rng.randint(1, 60)])
    # Mostly some hours, or few deadlines would be missed.
    seconds: dict[str, Any] = {
        f"{name}_s": 60 * (rng.choice([rng.randint(1, 240), rng.randint(1, 2880)]) + (soon or 0))
        for name in NAMES
        if rng.random() < 0.8
    }
    return SlaTarget(**seconds, due_soon_s=None if soon is None else 60 * soon) if seconds else None


class Run:
    """One case, told to both."""

    def __init__(self, rng: random.Random, place: Place) -> None:
        self.rng, self.place = rng, place
        self.now = place.begin + MARGIN + rng.randrange(3 * DAY)
        self.end = place.begin + LENGTH
        self.terms, open_ = self.policy()
        at = self.now - self.lag()
        self.fast = start_clocks(at * MINUTE_MS, self.terms)
        self.slow = SlowCase(place.begin, open_, self.terms.target)
        for name in ("first_response", "resolution"):
            self.slow.new(name, at)

    def lag(self) -> int:
        return self.rng.choice([0, 0, 1, 60, self.rng.randrange(DAY)])

    def policy(self) -> tuple[Terms, np.ndarray]:
        which = self.rng.choice([0, 0, 0, 1])
        made = calendar(self.rng, self.place.zones[which], self.place.begin)
        return Terms(OpeningHours(made), target(self.rng)), is_open(made, self.place.walls[which])

    def step(self) -> None:
        """Something happens, or for the customer has happened a while ago."""
        at = self.now - self.lag()
        what = self.rng.choice(["ask", "ask", "answer", "wait", "resume", "resolve", "band", "edit"])
        if what == "ask":
            self.fast = self.fast.asked(at * MINUTE_MS, self.terms)
            self.slow.ask(at)
        elif what == "answer":
            self.fast = self.fast.answered()
            self.slow.answer()
        elif what == "wait":
            self.fast = self.fast.waiting(self.now * MINUTE_MS, self.terms)
            self.slow.wait(self.now)
        elif what == "resume":
            self.fast = self.fast.resumed(self.now * MINUTE_MS, self.terms)
            self.slow.resume(self.now)
        elif what == "resolve":
            self.fast = self.fast.resolved(self.now * MINUTE_MS, self.terms)
            self.slow.answer()
            self.slow.wait(self.now)
        elif what == "band":
            self.terms = self.terms._replace(target=target(self.rng))
            self.fast = self.fast.rebanded(self.terms)
            self.slow.change(self.terms.target, None)
        else:
            self.terms, open_ = self.policy()
            self.fast = self.fast.recounted(self.terms)
            self.slow.change(self.terms.target, open_)

    def ring(self, end: int) -> list[tuple[int, str, str]]:
        """The alarms of the fast clocks from now on and before `end`, as a case's timer fires them."""
        said: list[tuple[int, str, str]] = []
        while (due_ms := self.fast.next_ms) is not None:
            now_ms = max(due_ms, self.now * MINUTE_MS)
            if now_ms >= end * MINUTE_MS:
                break
            self.fast, alarms = self.fast.rung(now_ms, now_ms)
            assert alarms, "a timer that fires has something to say"
            assert now_ms % MINUTE_MS == 0
            said += [(now_ms // MINUTE_MS, *alarm) for alarm in alarms]
        return said

    def check(self) -> None:
        """The deadlines that the fast clocks have stored are those that the slow ones find."""
        for name, clock in self.fast.open():
            found = self.slow.deadline(name, range(self.now, self.end))
            if clock.breached_ms is not None or clock.since_ms is None or clock.target_ms is None:
                continue
            assert clock.due_ms is not None
            due = max(clock.due_ms // MINUTE_MS, self.now)
            assert due == found if found is not None else due >= self.end

    def play(self) -> int:
        said = 0
        for _ in range(self.rng.randint(1, 8)):
            self.step()
            self.check()
            later = min(self.now + self.rng.choice([0, 1, self.rng.randrange(3 * DAY)]), self.end - 1)
            alarms = self.ring(later)
            assert alarms == self.slow.ring(range(self.now, later))
            said += len(alarms)
            self.now = later
        assert set(self.fast.breached) == self.slow.missed
        return said


def test_the_clocks_of_ten_thousand_cases_are_those_of_a_count_minute_by_minute() -> None:
    rng = random.Random(10178)
    said = 0
    for place in places(PLACES, rng):
        for number in range(CASES):
            seed = rng.getrandbits(32)
            try:
                said += Run(random.Random(seed), place).play()
            except AssertionError as error:
                raise AssertionError(f"case {number} of {place.zones} from {place.begin}, seed {seed}") from error
    assert said > PLACES * CASES / 2


def test_hours_are_counted_over_years_as_minute_by_minute() -> None:
    rng = random.Random(14009)
    for name in ("Europe/London", "Australia/Sydney"):
        begin = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp()) // 60
        walls = shown(zone(name), begin, begin + 800 * DAY)
        for _ in range(20):
            made = calendar(rng, name, begin)
            hours, passed = OpeningHours(made), np.concatenate([[0], np.cumsum(is_open(made, walls))])
            for _ in range(20):
                one, two = sorted(rng.sample(range(800 * DAY), 2))
                between = int(passed[two] - passed[one])
                assert hours.open_ms((begin + one) * MINUTE_MS, (begin + two) * MINUTE_MS) == between * MINUTE_MS
                wanted = rng.randint(1, max(between, 1))
                if wanted <= between:
                    found = int(np.searchsorted(passed, passed[one] + wanted))
                    due_ms = hours.due_ms((begin + one) * MINUTE_MS, wanted * MINUTE_MS)
                    assert due_ms == (begin + found) * MINUTE_MS


@pytest.mark.parametrize("name", ODD)
def test_the_hours_until_a_deadline_are_the_hours_that_it_was_given(name: str) -> None:
    rng = random.Random(name)
    hours = OpeningHours(calendar(rng, name, DAY * 20_600))
    for _ in range(200):
        start_ms = DAY * 20_600 * MINUTE_MS + rng.randrange(10**11)
        given_ms = rng.randrange(10**9)
        due_ms = hours.due_ms(start_ms, given_ms)
        assert hours.open_ms(start_ms, due_ms) == given_ms
        assert hours.open_ms(start_ms, due_ms - 1) == max(given_ms - 1, 0)
