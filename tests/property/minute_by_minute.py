"""The clocks of an SLA written in the most obvious way: every minute of a few weeks is looked at by itself.

It shares no code with `pipeline.route.sla` but the time zones, of which it only asks what clocks show at an
instant. Times are in minutes since the epoch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from schemas.policy.calendar import Calendar
from schemas.policy.sla import SlaTarget

DAY = 1440
NAMES = ("first_response", "next_response", "resolution")


def shown(zone: ZoneInfo, begin: int, end: int) -> np.ndarray:
    """For each minute the latest that the wall clock has shown so far, in minutes since the day of ordinal 0."""
    times = (datetime.fromtimestamp(60 * minute, zone) for minute in range(begin - 2 * DAY, end))
    walls = [DAY * time.toordinal() + 60 * time.hour + time.minute for time in times]
    return np.maximum.accumulate(np.array(walls))[2 * DAY :]


def is_open(calendar: Calendar, walls: np.ndarray) -> np.ndarray:
    """For each minute whether it is within opening hours."""
    first, last = int(walls[0]) // DAY, int(walls[-1]) // DAY
    table = np.zeros((last - first + 1, DAY), dtype=bool)
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    special = {day.date: day.open for day in calendar.special}
    for row in range(len(table)):
        day = datetime.fromordinal(first + row).date()
        windows = getattr(calendar.week, names[day.weekday()])
        windows = special.get(day, () if day in calendar.closed else windows)
        for window in windows:
            (begin, end) = (int(time[:2]) * 60 + int(time[3:]) for time in window.split("-"))
            table[row, begin:end] = True
    return np.asarray(table.ravel()[walls - DAY * first])


@dataclass
class SlowClock:
    """One clock, as the history of what happened to it."""

    since: int | None
    target: int | None
    lead: int | None
    used: int = 0
    warned: bool = False
    breached: bool = False


@dataclass
class SlowCase:
    """The clocks of a case. `open_` tells for each minute from `begin` whether it counts."""

    begin: int
    open_: np.ndarray
    target: SlaTarget | None
    clocks: dict[str, SlowClock] = field(default_factory=dict)
    paused: int | None = None
    missed: set[str] = field(default_factory=set)

    def new(self, name: str, at: int) -> None:
        self.clocks[name] = SlowClock(at, *self.minutes(name))

    def minutes(self, name: str) -> tuple[int | None, int | None]:
        seconds: Mapping[str, int | None] = {} if self.target is None else self.target.model_dump()
        target, lead = seconds.get(f"{name}_s"), seconds.get("due_soon_s")
        return (None, None) if target is None else (target // 60, None if lead is None else lead // 60)

    def counted(self, clock: SlowClock, times: range) -> np.ndarray:
        """How many open minutes a running clock has counted at each of these times."""
        assert clock.since is not None
        before = self.open_[clock.since - self.begin : times.start - self.begin].sum()
        steps = self.open_[times.start - self.begin : times.stop - 1 - self.begin]
        return np.asarray(clock.used + before + np.concatenate([[0], np.cumsum(steps)]))

    def ask(self, at: int) -> None:
        if self.paused is not None:
            at = max(at, self.paused)
        self.resume(at)
        if "first_response" not in self.clocks and "next_response" not in self.clocks:
            self.new("next_response", at)

    def answer(self) -> None:
        self.clocks.pop("first_response", None)
        self.clocks.pop("next_response", None)

    def wait(self, now: int) -> None:
        if self.paused is not None:
            return
        self.paused = now
        for clock in self.clocks.values():
            assert clock.since is not None
            clock.used = int(self.counted(clock, range(now, now + 1))[0])
            clock.since = None

    def resume(self, at: int) -> None:
        self.paused = None
        for clock in self.clocks.values():
            clock.since = at if clock.since is None else clock.since

    def change(self, target: SlaTarget | None, open_: np.ndarray | None) -> None:
        """Another band, or with `open_` another policy."""
        self.target = target
        if open_ is not None:
            self.open_ = open_
        for name, clock in self.clocks.items():
            minutes, lead = self.minutes(name)
            if clock.breached:
                continue
            if open_ is not None or (minutes is not None and (clock.target is None or minutes < clock.target)):
                clock.target, clock.lead = minutes, lead

    def ring(self, times: range) -> list[tuple[int, str, str]]:
        """What is said at which of these times."""
        said = []
        for order, (name, clock) in enumerate(sorted(self.clocks.items(), key=lambda item: NAMES.index(item[0]))):
            if clock.breached or clock.target is None or clock.since is None or not times:
                continue
            left = clock.target - self.counted(clock, times)
            missed = np.flatnonzero(left <= 0)
            lead = 0 if clock.lead is None or clock.warned else clock.lead
            soon = np.flatnonzero((left > 0) & (left <= lead))
            if len(soon):
                clock.warned = True
                said.append((times[int(soon[0])], order, name, "due_soon"))
            if len(missed):
                clock.breached = True
                self.missed.add(name)
                said.append((times[int(missed[0])], order, name, "breached"))
        return [(now, name, what) for now, _, name, what in sorted(said)]

    def deadline(self, name: str, times: range) -> int | None:
        """The first of these times at which the clock, which runs, has no minute left."""
        clock = self.clocks[name]
        if clock.target is None or clock.since is None:
            return None
        missed = np.flatnonzero(clock.target <= self.counted(clock, times))
        return times[int(missed[0])] if len(missed) else None
