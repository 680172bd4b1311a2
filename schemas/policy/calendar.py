"""Says when a workspace is open: windows of each weekday in a time zone, holidays, and days that are special.

A wall time of a calendar means the first instant at which the clocks of its zone show that time or a later one.
So a time that a change of the clocks repeats is meant once, the first time, and a time that it skips means the
instant of the change. A window across the change lasts as long as really passes. `24:00` is 00:00 of the next day.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from schemas.base import Part, Slug

Window = Annotated[
    str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")
]
"""From a wall time up to another of the same day, the end not included, such as 08:00-12:30 or 00:00-24:00."""
Windows = Annotated[
    tuple[Window, ...],
    Field(max_length=24, description="windows HH:MM-HH:MM of one day, in order and without overlap"),
]
Zone = Annotated[str, StringConstraints(min_length=1, max_length=64)]

Mistake = tuple[tuple[int | str, ...], str]
"""A place inside a calendar, and what is wrong there."""


class Week(Part):
    """The windows of each weekday. On a day that is absent the calendar is closed."""

    mon: Windows = ()
    tue: Windows = ()
    wed: Windows = ()
    thu: Windows = ()
    fri: Windows = ()
    sat: Windows = ()
    sun: Windows = ()


Day = Annotated[date, Field(description="the day, such as 2026-12-24")]


class SpecialDay(Part):
    """A date with windows of its own, in place of those of its weekday."""

    date: Day
    open: Windows = Field(min_length=1)


class Calendar(Part):
    """Opening hours, by which clocks of an SLA run and queues are open."""

    name: Slug = Field(description="name of the calendar, unique in the policy")
    zone: Zone = Field(
        description="time zone in whose wall time the calendar is written, a name of the IANA database such as "
        "Europe/London"
    )
    week: Week = Field(description="windows of each weekday; at least one day must have some")
    closed: tuple[date, ...] = Field(
        default=(), max_length=2000, description="dates on which it is closed all day, such as public holidays"
    )
    special: tuple[SpecialDay, ...] = Field(
        default=(), max_length=1000, description="dates with windows of their own, such as a short Christmas Eve"
    )


DAYS: tuple[str, ...] = tuple(Week.model_fields)
"""The names of the weekdays, Monday first as in `date.weekday`."""


def minutes_of(window: str) -> tuple[int, int]:
    """Returns begin and end of a window, in minutes of the wall clock since the day's 00:00."""
    return (60 * int(window[0:2]) + int(window[3:5]), 60 * int(window[6:8]) + int(window[9:11]))


def calendar_mistakes(calendar: Mapping[str, Any]) -> Iterator[Mistake]:
    """Yields what does not agree within one calendar, whose parts may be of another shape."""
    week = calendar.get("week")
    if isinstance(week, Mapping):
        if not any(week.values()):
            yield ("week",), "the calendar is open on no weekday"
        for day, windows in week.items():
            yield from _of_windows(("week", day), windows)
    closed = _dates(calendar.get("closed"))
    for at, day in enumerate(closed):
        if day in closed[:at]:
            yield ("closed", at), f"{day} is given before this"
    special = calendar.get("special")
    days = _dates([entry.get("date") if isinstance(entry, Mapping) else None for entry in _list(special)])
    for at, (entry, day) in enumerate(zip(_list(special), days, strict=True)):
        if day in days[:at]:
            yield ("special", at, "date"), f"{day} is given before this"
        if day in closed:
            yield ("special", at, "date"), f"{day} is one of the dates on which the calendar is closed"
        if isinstance(entry, Mapping):
            yield from _of_windows(("special", at, "open"), entry.get("open"))


def _of_windows(place: tuple[int | str, ...], windows: object) -> Iterator[Mistake]:
    before: tuple[str, int] | None = None
    for at, window in enumerate(_list(windows)):
        try:
            begin, end = minutes_of(window)
        except (TypeError, ValueError):  # its type says what is wrong with it
            continue
        if end <= begin:
            yield (
                (*place, at),
                f"{window} ends before it begins: write one over midnight as two, as 22:00-24:00 and 00:00-06:00",
            )
        elif before is not None and begin < before[1]:
            yield (*place, at), f"{window} begins before {before[0]} has ended"
        before = (window, end)


def _list(entries: object) -> Sequence[Any]:
    return entries if isinstance(entries, list | tuple) else ()


def _dates(days: object) -> list[str]:
    """Returns dates as text, because a file may hold them as dates or as text."""
    return [str(day) for day in _list(days)]
