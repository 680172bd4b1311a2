"""Whatever a program has made of an id, a number or a time, it is read as what it was, or is refused by name."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pipeline.errors import Permanent
from pipeline.ingest.sources.values import amounts, identity
from pipeline.ingest.sources.values.plain import Reader
from pipeline.ingest.sources.values.times import AMBIGUOUS_HOUR, Times

CASES = 400
REFUSED = object()


def read(reader: Reader, cell: object) -> tuple[object, list[str]]:
    notes: list[str] = []
    try:
        return reader(cell, notes), notes
    except Permanent:
        return REFUSED, notes


ID_WRITERS: dict[str, Callable[[int], str]] = {
    "text": str,
    "a spreadsheet that keeps it as text": lambda number: f'="{number}"',
    "an apostrophe": lambda number: f"'{number}",
    "zero-width signs": lambda number: f"\ufeff{number}\u200b",
    "blanks": lambda number: f"\u00a0 {number} ",
    "a list of one": lambda number: f"['{number}']",
    "pandas, as a float": lambda number: repr(float(number)),
    "a float without exponent": lambda number: f"{float(number):.1f}",
    "a spreadsheet": lambda number: f"{number:.5E}" if number >= 10**11 else str(number),
    "a German spreadsheet": lambda number: f"{number:.5E}".replace(".", ",") if number >= 10**11 else str(number),
    "a spreadsheet of whole numbers": lambda number: str(round(number, 15 - len(str(number)))),
    "R": lambda number: f"{number:.0e}" if number >= 10**15 else str(number),
}


@pytest.mark.parametrize("writer", ID_WRITERS)
def test_an_id_is_itself_or_refused(writer: str) -> None:
    draw = random.Random(7)
    for _ in range(CASES):
        # Long ids of networks have 18 or 19 digits, and short ones are no trouble.
        number = draw.randrange(10 ** draw.choice([1, 3, 9, 14]), 10 ** draw.choice([15, 16, 17]))
        number = draw.choice([number, draw.randrange(10**18, 2 * 10**18)])
        if len(str(number)) in (16, 17) and "whole" in writer:
            continue  # two zeros at the end are too common among such ids to refuse them
        found, _ = read(lambda cell, notes: identity.native_id("x", cell, notes), ID_WRITERS[writer](number))
        assert found in (f"x:{number}", REFUSED)


@pytest.mark.parametrize("writer", list(ID_WRITERS)[:6])
def test_what_stands_around_an_id_is_no_reason_to_refuse_it(writer: str) -> None:
    draw = random.Random(8)
    for _ in range(CASES):
        number = draw.randrange(10**18, 2 * 10**18) // 10 * 10 + 7
        cell = ID_WRITERS[writer](number)
        assert read(lambda cell, notes: identity.native_id("x", cell, notes), cell) == (f"x:{number}", [])
        assert read(lambda cell, notes: identity.reference("x", cell, notes), cell) == (f"x:{number}", [])


@pytest.mark.parametrize("cell", ["", "[]", "-1", "0", "nan", "None", "-1.0", "{}", "-", None, [], 0, -1, False])
def test_what_tools_write_for_no_reference_is_absent(cell: object) -> None:
    assert read(lambda cell, notes: identity.reference("x", cell, notes), cell) == (None, [])


def written(value: float, group: str, decimal: str, places: int) -> str:
    return f"{value:,.{places}f}".replace(",", "_").replace(".", decimal).replace("_", group)


@pytest.mark.parametrize(
    ("group", "decimal"), [(",", "."), (".", ","), (" ", ","), ("\u202f", ","), ("'", "."), ("", "."), ("", ",")]
)
def test_a_number_of_a_locale_is_never_multiplied(group: str, decimal: str) -> None:
    draw = random.Random(9)
    for _ in range(CASES):
        whole = draw.random() < 0.5
        places = 0 if whole else draw.choice([1, 2])
        value = round(draw.uniform(0, 10 ** draw.choice([1, 3, 4, 7])), places)
        cell = written(value, group, decimal, places)
        said, _ = read(lambda cell, notes, w=whole: amounts.number(cell, decimal, w, notes), cell)  # type: ignore[misc]
        assert said == value, cell
        asked, _ = read(lambda cell, notes, w=whole: amounts.number(cell, None, w, notes), cell)  # type: ignore[misc]
        assert asked in (value, REFUSED), cell


FORMATS = [
    "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %I:%M:%S %p",
    "%b %d, %Y %I:%M:%S %p", "%B %d, %Y at %I:%M:%S %p", "%d-%b-%Y %H:%M:%S", "%a %b %d %H:%M:%S %Y",
    "%Y%m%d%H%M%S", "%Y/%m/%d %H:%M:%S",
]  # fmt: skip


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
def test_a_local_time_is_its_moment_also_where_summer_ends(form: str, zone: str) -> None:
    draw = random.Random(10)
    reader = Times((), ZoneInfo(zone), "dmy")
    for _ in range(CASES // 4):
        at = datetime(2013, 1, 1, tzinfo=UTC) + timedelta(seconds=draw.randrange(13 * 365 * 86400))
        found, notes = read(reader, at.astimezone(ZoneInfo(zone)).strftime(form))
        assert isinstance(found, str)
        hour = timedelta(hours=1)
        late = hour if zone != "Australia/Lord_Howe" else hour / 2
        assert datetime.fromisoformat(found) in ([at, at - late] if notes == [AMBIGUOUS_HOUR] else [at])


def test_without_an_order_no_day_is_taken_for_a_month() -> None:
    draw = random.Random(11)
    for _ in range(CASES):
        at = datetime(2013, 1, 1, tzinfo=UTC) + timedelta(minutes=draw.randrange(13 * 365 * 1440))
        for form in ("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d-%m-%y %H:%M", "%m-%d-%y %H:%M"):
            found, _ = read(Times(), at.strftime(form))
            assert found in (at.isoformat(), REFUSED)


@pytest.mark.parametrize(
    ("cell", "code"),
    [("2026-03-29 02:30", "impossible_time"), ("30/02/2026", "impossible_time"),
     ("2026-10-25 02:30 IST", "unknown_zone"),
     ("05/06/2013", "ambiguous_date"), ("41430.58541667", "invalid_time"), ("2013060514", "invalid_time")],
)  # fmt: skip
def test_a_time_that_has_no_one_meaning_says_so(cell: str, code: str) -> None:
    with pytest.raises(Permanent) as caught:
        Times((), ZoneInfo("Europe/Berlin"))(cell, [])
    assert caught.value.code == code


def test_zones_by_name_are_those_of_the_file_before_those_of_america() -> None:
    assert Times((), ZoneInfo("Asia/Shanghai"))("2026-11-28 10:00 CST", []) == "2026-11-28T10:00:00+08:00"
    assert Times()("2026-11-28 10:00 CST", []) == "2026-11-28T10:00:00-06:00"
    assert Times((), ZoneInfo("Europe/Berlin"))("2026-10-25 02:30 CET", []) == "2026-10-25T02:30:00+01:00"
    assert Times(("excel",))("41430.58541667", []) == "2013-06-05T14:03:00+00:00"
