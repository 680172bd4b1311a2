"""Arithmetic with opening hours: when so many seconds of them have passed, and how many lie between two instants.

Windows are turned into instants once, a year at a time and only for the years that somebody asks about. Then a
question is a binary search, however far the answer is away.
"""

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime
from typing import NamedTuple, Protocol

from pipeline.route.sla.wall import first_instants
from pipeline.route.sla.zones import zone
from schemas.base import LATEST
from schemas.policy.calendar import DAYS, Calendar, minutes_of

NEVER_MS = int(LATEST.timestamp()) * 1000 - 1
"""The last millisecond that a time of the contract can be. It stands for all later ones, such as a deadline for
which the calendar is hardly ever open."""


class Hours(Protocol):
    """Opening hours. All instants are in milliseconds since the epoch."""

    def due_ms(self, start_ms: int, open_ms: int) -> int:
        """Returns the first instant not before the start at which so many milliseconds of opening hours have
        passed."""
        ...

    def open_ms(self, begin_ms: int, end_ms: int) -> int:
        """Returns how many milliseconds of opening hours lie between two instants, 0 if the first is the later."""
        ...

    def at(self, at_ms: int) -> tuple[bool, int]:
        """Returns whether they are open at an instant, and a later one before which that does not change."""
        ...


class AroundTheClock:
    """Hours that never end."""

    def due_ms(self, start_ms: int, open_ms: int) -> int:
        """See `Hours`."""
        return min(start_ms + max(open_ms, 0), NEVER_MS)

    def open_ms(self, begin_ms: int, end_ms: int) -> int:
        """See `Hours`."""
        return max(end_ms - begin_ms, 0)

    def at(self, at_ms: int) -> tuple[bool, int]:  # noqa: ARG002 # as the other hours
        """See `Hours`."""
        return True, NEVER_MS


class _Year(NamedTuple):
    """The windows of one year of the calendar. They are sorted and do not touch."""

    start_ms: int
    end_ms: int
    """When the next year begins."""
    begins: list[int]
    ends: list[int]
    passed: list[int]
    """Milliseconds of opening hours from the start of the year to the begin of each window."""
    total: int

    def passed_ms(self, at_ms: int) -> int:
        """Returns the milliseconds of opening hours from the start of the year to an instant in it."""
        window = bisect_right(self.begins, at_ms) - 1
        if window < 0:
            return 0
        return self.passed[window] + min(at_ms, self.ends[window]) - self.begins[window]


class OpeningHours:
    """The hours of one calendar.

    Args:
        calendar: its windows are in order, as the policy was checked for.

    Raises:
        LookupError: there is no such time zone.
    """

    def __init__(self, calendar: Calendar) -> None:
        self._zone = zone(calendar.zone)
        self._week = [_minutes(getattr(calendar.week, day)) for day in DAYS]
        self._days: dict[int, tuple[int, ...]] = {day.toordinal(): () for day in calendar.closed}
        self._days |= {day.date.toordinal(): _minutes(day.open) for day in calendar.special}
        self._years: dict[int, _Year] = {}

    def due_ms(self, start_ms: int, open_ms: int) -> int:
        """See `Hours`."""
        if open_ms <= 0:
            return start_ms
        number, year = self._year_of(start_ms)
        wanted = year.passed_ms(start_ms) + open_ms
        while wanted > year.total:
            wanted -= year.total
            number += 1
            if number >= LATEST.year:
                return NEVER_MS
            year = self._year(number)
        window = bisect_left(year.passed, wanted) - 1
        return year.begins[window] + wanted - year.passed[window]

    def open_ms(self, begin_ms: int, end_ms: int) -> int:
        """See `Hours`."""
        if begin_ms >= end_ms:
            return 0
        first, begin = self._year_of(begin_ms)
        last, end = self._year_of(end_ms)
        whole = sum(self._year(number).total for number in range(first, last))
        return whole + end.passed_ms(end_ms) - begin.passed_ms(begin_ms)

    def at(self, at_ms: int) -> tuple[bool, int]:
        """See `Hours`."""
        _, year = self._year_of(at_ms)
        window = bisect_right(year.begins, at_ms) - 1
        if window >= 0 and at_ms < year.ends[window]:
            return True, year.ends[window]
        # Hours that go on over the end of the year, or are closed for whole years, are looked at again then.
        return False, year.begins[window + 1] if window + 1 < len(year.begins) else year.end_ms

    def _year_of(self, at_ms: int) -> tuple[int, _Year]:
        # The year in UTC, which near its ends may be another one by the calendar.
        number = datetime.fromtimestamp(at_ms // 1000, UTC).year
        year = self._year(number)
        if at_ms < year.start_ms:
            number -= 1
        elif at_ms >= year.end_ms:
            number += 1
        return number, self._year(number)

    def _year(self, number: int) -> _Year:
        year = self._years.get(number)
        if year is None:
            year = self._years[number] = self._compiled(number)
        return year

    def _compiled(self, number: int) -> _Year:
        first, last = date(number, 1, 1).toordinal(), date(number + 1, 1, 1).toordinal()
        begins: list[int] = []
        ends: list[int] = []
        for day in range(first, last):
            minutes = self._days.get(day, self._week[(day - 1) % 7])
            instants = first_instants(self._zone, day, minutes) if minutes else []
            for begin_ms, end_ms in zip(instants[::2], instants[1::2], strict=True):
                if begin_ms == end_ms:  # the clocks skip the whole window
                    continue
                if ends and ends[-1] == begin_ms:
                    ends[-1] = end_ms
                else:
                    begins.append(begin_ms)
                    ends.append(end_ms)
        passed, total = [], 0
        for begin_ms, end_ms in zip(begins, ends, strict=True):
            passed.append(total)
            total += end_ms - begin_ms
        (start_ms,), (next_ms,) = first_instants(self._zone, first, (0,)), first_instants(self._zone, last, (0,))
        return _Year(start_ms, next_ms, begins, ends, passed, total)


def _minutes(windows: tuple[str, ...]) -> tuple[int, ...]:
    """Returns begin and end of each window in turn, in minutes since 00:00."""
    return tuple(minute for window in windows for minute in minutes_of(window))
