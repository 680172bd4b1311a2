"""Fills the public holidays of a country into a calendar of a policy's file."""

import difflib
from datetime import date
from pathlib import Path
from typing import NamedTuple

import holidays

from pipeline.adapters.yaml.closed_days import with_closed_days
from pipeline.app.offline.policy import read_policy
from pipeline.errors import Misconfigured
from pipeline.input_mistakes import did_you_mean
from schemas.policy.calendar import Calendar


class Filled(NamedTuple):
    """What was written."""

    diff: str
    """Unified; empty when all dates were there already."""
    added: int
    special: tuple[date, ...]
    """Holidays on which the calendar has windows of its own, so that they were left out."""
    parts: tuple[str, ...]
    """Codes of the country's parts, each of which may have more holidays than the country."""


def fill_holidays(path: Path, name: str, country: str, subdivision: str | None, years: range) -> Filled:
    """Writes the public holidays of some years into the file, as dates on which one calendar is closed.

    Dates that the calendar has already stay, and so do all comments.

    Raises:
        Misconfigured: the policy has mistakes or no such calendar, nobody knows holidays of that country, part and
            years, the calendar is written in a way into which no line can be put, or the file cannot be written.
    """
    policy = read_policy(path)
    calendar = next((calendar for calendar in policy.calendars if calendar.name == name), None)
    if calendar is None:
        meant = did_you_mean(name, [calendar.name for calendar in policy.calendars])
        raise Misconfigured(f"{path}: calendars: there is no calendar {name}{meant}")
    found = public_holidays(country, subdivision, years)
    days = {day: text for day, text in sorted(found.items()) if day not in _known(calendar)}
    special = tuple(day.date for day in calendar.special if day.date in found)
    # Its line ends stay as they are.
    with path.open(encoding="utf-8", newline="") as file:
        before = file.read()
    try:
        after = with_closed_days(before, policy.calendars.index(calendar), days) if days else before
    except Misconfigured as error:
        raise Misconfigured(f"{path}:{error}") from None
    if days:
        try:
            path.write_text(after, encoding="utf-8", newline="")
        except OSError as error:
            raise Misconfigured(f"{path}: cannot be written: {error.strerror}") from None
    diff = difflib.unified_diff(before.splitlines(), after.splitlines(), str(path), str(path), lineterm="")
    parts = tuple(holidays.list_supported_countries()[country])
    return Filled("\n".join(diff), len(days), special, parts)


def public_holidays(country: str, subdivision: str | None, years: range) -> dict[date, str]:
    """Returns dates and names of the public holidays, also of days off in place of those on a weekend.

    Args:
        country: ISO 3166, two letters.
        subdivision: part of the country, such as ENG or BY; None for the holidays that all parts have.
        years: at least one.

    Raises:
        Misconfigured: nobody knows any of that country, part and years.
    """
    parts = holidays.list_supported_countries()
    if country not in parts:
        raise Misconfigured(
            f"no holidays of {country} are known: --country takes a code of two letters, such as GB"
        )
    if subdivision is not None and subdivision not in parts[country]:
        listed = ", ".join(parts[country]) or "none"
        raise Misconfigured(f"no part {subdivision} of {country} is known: --subdivision takes {listed}")
    found = dict(holidays.country_holidays(country, subdiv=subdivision, years=years))
    if not found:
        raise Misconfigured(f"no holidays of {country} in {years[0]}-{years[-1]} are known")
    return found


def _known(calendar: Calendar) -> set[date]:
    return {*calendar.closed, *(day.date for day in calendar.special)}
