"""Reads the days that exports write with numbers or with the names of months, and clocks with their zones.

Text becomes a naive `datetime` and what was said of its zone. The zone of a time without one is not known here.
"""

import re
from datetime import datetime, timedelta, timezone
from typing import Literal, NamedTuple

from pipeline.errors import Permanent

Order = Literal["dmy", "mdy", "ymd"] | None
"""Whether 05/06/13 begins with the day, the month, or the year. None where nobody has said it. A year of four
digits in front is always taken as one."""

_CLOCK = re.compile(
    r"(?<![\d:])(?P<hour>\d{1,2})(?::(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<part>\d{1,9}))?)?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\b\.?)?"
    r"(?:\s*(?:Uhr|h)\b)?(?:\s*\(?(?P<zone>(?:Z|UTC|GMT)?[+-]\d{1,2}:?(?:\d\d)?(?![\d/.-])|[A-Z]{1,5}\b)\)?)?"
)
_OFFSET = re.compile(r"(?:Z|UTC|GMT)?(?P<sign>[+-])(?P<hours>\d{1,2}):?(?P<minutes>\d\d)?")
_NUMERIC = re.compile(r"(?P<a>\d{1,4})\s*(?P<sign>[./-])\s*(?P<b>\d{1,2})\s*(?P=sign)\s*(?P<c>\d{1,4})\.?")
_TOKEN = re.compile(r"\d+|[^\W\d_]+")
_FILLERS = set("at um à a de del di do da of the on den le el il om kl uhr o i th st nd rd".split())  # noqa: SIM905
_WEEKDAYS = {
    name
    for line in (
        "mon tue tues wed thu thur thurs fri sat sun",
        "monday tuesday wednesday thursday friday saturday sunday",
        "mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag sonntag",
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
        "lunes martes miércoles jueves viernes sábado domingo",
    )
    for name in line.split()
}
_MONTHS = (
    "jan january januar jänner janvier janv enero ene gennaio gen janeiro januari",
    "feb february februar feber février févr fév fevr febrero febbraio fevereiro fev februari",
    "mar march märz mär mrz mars marzo março maart mrt",
    "apr april avril avr abril abr aprile",
    "may mai mayo maggio mag maio mei",
    "jun june juni juin junio giugno giu junho",
    "jul july juli juillet juil julio luglio lug julho",
    "aug august août aoû aout agosto ago augustus",
    "sep sept september septembre septiembre settembre set setembro",
    "oct october oktober okt octobre octubre ottobre ott outubro out",
    "nov november novembre noviembre novembro",
    "dec december dezember dez décembre déc dece diciembre dic dicembre dezembro",
)
"""The names of months and their short forms in English, German, French, Spanish, Italian, Portuguese and Dutch."""
_MONTH = {name: at for at, names in enumerate(_MONTHS, 1) for name in names.split()}
ZONES = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
    "PST": -8, "PDT": -7, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3,
}  # fmt: skip
"""Hours east of UTC by a zone's short name. The American ones are RFC 2822's (4.3), the European ones have one
meaning each in the tz database. BST, IST and others have several, so that the map must say the zone."""


class Written(NamedTuple):
    """A time as it is written."""

    at: datetime
    """Without a zone."""
    zone: str
    """What the text says of the zone, such as `EST` or `+02:00`, else an empty string."""


def day_and_clock(text: str, order: Order) -> Written | None:
    """Reads a day and, if there is one, a clock. The result is None if this is no day at all.

    Raises:
        Permanent: `ambiguous_date` where day and month could be either; `impossible_time` where no calendar has
            such a day or no clock such a time.
    """
    clocks = [found for found in _CLOCK.finditer(text) if found["minute"] or found["half"]]
    if len(clocks) > 1:
        return None
    clock = clocks[0] if clocks else None
    rest = text if clock is None else f"{text[: clock.start()]} {text[clock.end() :]}"
    day = _numeric(rest.replace(" T ", " ").strip(" ,T"), order) or _named(rest)
    if day is None:
        return None
    try:
        at = datetime(*day) if clock is None else datetime(*day, *_of_clock(clock))
    except ValueError:
        raise Permanent("impossible_time", "no calendar or clock has this time") from None
    return Written(at, (clock["zone"] or "") if clock is not None else "")


def offset_of(zone: str) -> timezone | None:
    """Returns the offset that a zone's short name or `+02:00` stands for, or None if it has several meanings."""
    if zone in ZONES:
        return timezone(timedelta(hours=ZONES[zone]))
    found = _OFFSET.fullmatch(zone)
    if found is None:
        return None
    ahead = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
    if ahead >= timedelta(hours=24):
        raise Permanent("impossible_time", "no zone is a day away from UTC")
    return timezone(ahead if found["sign"] == "+" else -ahead)


def _of_clock(clock: re.Match[str]) -> tuple[int, int, int, int]:
    hour, half = int(clock["hour"]), (clock["half"] or "")[:1].lower()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if half == "p" else 0)
    micro = int((clock["part"] or "0")[:6].ljust(6, "0"))
    return hour, int(clock["minute"] or 0), int(clock["second"] or 0), micro


def _numeric(text: str, order: Order) -> tuple[int, int, int] | None:
    found = _NUMERIC.fullmatch(text)
    if found is None:
        return None
    a, b, c = int(found["a"]), int(found["b"]), int(found["c"])
    if len(found["a"]) == 4:
        return a, b, c
    if len(found["a"]) > 2 or len(found["c"]) not in (2, 4):
        return None
    if order == "ymd":
        return (_century(a), b, c) if len(found["a"]) == len(found["c"]) == 2 else None
    year = c if len(found["c"]) == 4 else _century(c)
    # A day between dots comes first in every country that writes so.
    order = order or ("dmy" if found["sign"] == "." else None)
    if order is None:
        if a <= 12 and b <= 12 and a != b:
            raise Permanent(
                "ambiguous_date",
                "day and month could be either: say order: dmy or mdy in the map, or --date-order",
            )
        if len(found["a"]) == len(found["c"]) == 2 and b <= 12 and 1 <= c <= 31:
            raise Permanent(
                "ambiguous_date",
                "the year could be in front or behind: say order: dmy, mdy or ymd in the map, or --date-order",
            )
        order = "dmy" if a > 12 or a == b else "mdy"
    return (year, b, a) if order == "dmy" else (year, a, b)


def _century(year: int) -> int:
    # POSIX, strptime %y: 69 to 99 are of the last century.
    return year + (2000 if year < 69 else 1900)


def _named(text: str) -> tuple[int, int, int] | None:
    numbers: list[str] = []
    month = month_at = 0
    for token in _TOKEN.findall(text):
        lower = token.lower()
        if token.isdigit():
            numbers.append(token)
        elif lower in _MONTH and not month:
            month, month_at = _MONTH[lower], len(numbers)
        elif lower not in _FILLERS and lower not in _WEEKDAYS:
            return None
    if not month or len(numbers) != 2:
        return None
    first, second = numbers
    if len(first) == 4 and month_at == 1:
        return int(first), month, int(second)
    if len(second) not in (2, 4) or len(first) > 2 or month_at > 1:
        return None
    return int(second) if len(second) == 4 else _century(int(second)), month, int(first)
