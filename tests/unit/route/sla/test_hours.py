"""Opening hours, as somebody who writes a calendar would check them."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import TZPATH, available_timezones, reset_tzpath

import pytest

from pipeline.route.sla.hours import NEVER_MS, AroundTheClock, OpeningHours
from pipeline.route.sla.zones import zone, zone_names
from schemas.policy.calendar import DAYS, Calendar

OFFICE = {day: ["08:00-12:00", "13:00-18:00"] for day in DAYS[:5]}
HOUR_MS = 3_600_000


def hours(week: dict[str, list[str]], in_zone: str = "Europe/London", **more: Any) -> OpeningHours:
    return OpeningHours(Calendar.model_validate({"name": "c", "zone": in_zone, "week": week, **more}))


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


def due(of: OpeningHours, start: str, given_hours: float) -> str:
    due_ms = of.due_ms(ms(start), int(given_hours * HOUR_MS))
    return datetime.fromtimestamp(due_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def test_the_lunch_break_of_a_split_shift_does_not_count() -> None:
    assert due(hours(OFFICE), "2026-11-30 11:30", 1) == "2026-11-30 13:30"


def test_what_arrives_at_night_counts_from_the_opening() -> None:
    assert due(hours(OFFICE), "2026-11-30 23:00", 1) == "2026-12-01 09:00"


def test_a_deadline_at_the_closing_is_not_put_off_to_the_next_day() -> None:
    assert due(hours(OFFICE), "2026-11-30 17:00", 1) == "2026-11-30 18:00"


def test_nothing_counts_on_a_weekend_or_a_holiday() -> None:
    closed = hours(OFFICE, closed=[date(2026, 12, 25), date(2026, 12, 28)])
    assert due(closed, "2026-12-24 17:00", 2) == "2026-12-29 09:00"


def test_a_special_day_has_its_own_windows_also_on_a_weekend() -> None:
    special = [{"date": "2026-12-24", "open": ["08:00-10:00"]}, {"date": "2026-12-26", "open": ["10:00-11:00"]}]
    assert due(hours(OFFICE, special=special), "2026-12-24 09:00", 2) == "2026-12-25 09:00"
    assert due(hours(OFFICE, special=special), "2026-12-25 17:30", 1) == "2026-12-26 10:30"


def test_a_window_over_the_lost_hour_is_an_hour_shorter_and_one_over_the_repeated_hour_longer() -> None:
    night = hours({day: ["00:00-06:00"] for day in DAYS})
    assert night.open_ms(ms("2026-03-29 00:00"), ms("2026-03-29 12:00")) == 5 * HOUR_MS
    assert night.open_ms(ms("2026-10-24 23:00"), ms("2026-10-25 12:00")) == 7 * HOUR_MS


def test_a_lost_wall_time_means_the_change_of_the_clocks() -> None:
    # At 01:00 the clocks of London are put to 02:00.
    assert due(hours({"sun": ["01:30-05:00"]}), "2026-03-29 00:00", 1) == "2026-03-29 02:00"
    assert due(hours({"sun": ["00:00-01:30", "09:00-10:00"]}), "2026-03-28 22:00", 1.5) == "2026-03-29 08:30"


def test_a_window_within_the_lost_hour_is_none() -> None:
    lost = hours({"sun": ["01:15-01:45"], "mon": ["09:00-10:00"]})
    assert due(lost, "2026-03-29 00:00", 0.5) == "2026-03-30 08:30"


def test_a_repeated_wall_time_means_its_first_time() -> None:
    # At 02:00 the clocks of London are put back to 01:00.
    twice = hours({"sun": ["00:00-01:30", "09:00-10:00"]})
    assert twice.open_ms(ms("2026-10-24 12:00"), ms("2026-10-25 08:00")) == 1.5 * HOUR_MS
    assert due(hours({"sun": ["01:30-05:00"]}), "2026-10-24 12:00", 2) == "2026-10-25 02:30"


def test_a_day_that_a_zone_skips_has_no_hours() -> None:
    # Samoa went from 29 to 31 December 2011.
    skipped = hours({"fri": ["00:00-24:00"], "sat": ["10:00-11:00"]}, "Pacific/Apia")
    assert due(skipped, "2011-12-30 00:00", 1) == "2011-12-30 21:00"


def test_around_the_clock_is_a_whole_day_of_whatever_length() -> None:
    always = hours({day: ["00:00-24:00"] for day in DAYS})
    assert always.due_ms(ms("2026-03-28 12:00"), 72 * HOUR_MS) == ms("2026-03-31 12:00")
    assert AroundTheClock().due_ms(ms("2026-03-28 12:00"), 72 * HOUR_MS) == ms("2026-03-31 12:00")


def test_a_deadline_that_has_passed_already_is_the_start() -> None:
    office = hours(OFFICE)
    for of in (AroundTheClock(), office):
        assert of.due_ms(ms("2026-11-04 09:00"), -HOUR_MS) == ms("2026-11-04 09:00")


def test_a_deadline_after_all_times_of_the_contract_is_the_last_of_them() -> None:
    seldom = hours({"mon": ["09:00-09:01"]})
    assert seldom.due_ms(ms("2026-11-30 00:00"), 24 * 366 * HOUR_MS) == NEVER_MS


def test_zones_come_from_the_package_and_not_from_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    before = TZPATH
    reset_tzpath([])
    try:
        assert zone_names() >= available_timezones() - {"localtime", "posixrules"}
        assert all(zone(name).key == name for name in zone_names())
    finally:
        reset_tzpath(before)
    with pytest.raises(LookupError, match="Mars/Phobos"):
        zone("Mars/Phobos")
