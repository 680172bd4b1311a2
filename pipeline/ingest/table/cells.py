"""Turns cells of a table into JSON values, with ids, times, numbers and booleans as exports write them.

The text of one cell becomes a JSON value, or None for an absent one. Columns, rows and files are not known here.
"""

import math
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from pipeline.errors import Permanent

Cell = Callable[[str], object]

TIME_FORMATS = (
    "%a %b %d %H:%M:%S %z %Y",
    "%a, %d %b %Y %H:%M:%S %z",
    "%Y-%m-%d %H:%M:%S %z",
    "%Y-%m-%d %H:%M:%S UTC",
)
"""Twitter's API, RFC 2822 and SQL tools print times so. RFC 3339 and epoch numbers are read without a format."""
ABSENT = frozenset({"nan", "none", "null", "na", "n/a", "nat", "\\n"})
"""pandas, R and SQL dumps write an absent value so, compared in lower case. A text cell is absent only if it is
empty.
"""
_FLOAT_ID = re.compile(r"^\d+\.0+$")
_LOST_DIGITS = re.compile(r"^\d\.\d+[eE]\+?\d+$")
_EPOCH = re.compile(r"^\d{9,17}(\.\d+)?$")
_BOOLEANS = {"true": True, "t": True, "yes": True, "y": True, "1": True, "1.0": True,
             "false": False, "f": False, "no": False, "n": False, "0": False, "0.0": False}  # fmt: skip


def text(cell: str) -> object:
    """Returns the cell as it is. An empty one is absent."""
    return cell or None


def word(cell: str) -> object:
    """Returns a name or tag without the space around it. Every spelling of absent is absent."""
    cell = cell.strip()
    return None if not cell or cell.lower() in ABSENT else cell


def native_id(platform: str, cell: str) -> object:
    """Returns `<platform>:<native id>`. The prefix is added where it lacks, and `3.0` of a pandas export becomes
    `3`.

    Raises:
        Permanent: `id_lost_digits` or `several_values`.
    """
    found = word(cell)
    if not isinstance(found, str):
        return None
    prefix = f"{platform}:"
    native = found.removeprefix(prefix)
    # Two posts could share such an id, so the row is refused and not mended.
    if _LOST_DIGITS.match(native):
        raise Permanent("id_lost_digits", "a number like 1.2e+18 has lost its last digits in the export")
    if "," in native:
        raise Permanent("several_values", "one id is needed, the cell lists several")
    return prefix + (native.split(".")[0] if _FLOAT_ID.match(native) else native)


def boolean(cell: str) -> object:
    """Reads true/false, yes/no, t/f, y/n or 1/0 in any case.

    Raises:
        Permanent: `invalid_boolean`.
    """
    found = word(cell)
    if not isinstance(found, str):
        return None
    if found.lower() not in _BOOLEANS:
        raise Permanent("invalid_boolean", "true or false is needed")
    return _BOOLEANS[found.lower()]


def number(cell: str) -> object:
    """Reads a number. `12.0` counts as the integer 12, and thousands may be parted by commas.

    Raises:
        Permanent: `invalid_number`.
    """
    found = word(cell)
    if not isinstance(found, str):
        return None
    value = math.nan
    with suppress(ValueError):
        value = float(found.replace(",", ""))
    # `float` reads "nan" and "inf" too, which are no numbers of anything.
    if not math.isfinite(value):
        raise Permanent("invalid_number", "a number is needed")
    # JSON has whole numbers of 64 bits. No field takes one that is larger, and says so.
    return int(value) if value.is_integer() and abs(value) < 2**63 else value


def time(own_formats: Sequence[str], cell: str) -> object:
    """Reads a time and returns it in UTC by RFC 3339.

    The map's own formats are tried first, then epoch numbers, RFC 3339 and the known formats. Epoch numbers are
    seconds, milliseconds or microseconds by their size. Without an offset a time counts as UTC.

    Raises:
        Permanent: `invalid_time`.
    """
    found = word(cell)
    if not isinstance(found, str):
        return None
    when = _by_format(found, own_formats) or _epoch(found) or _iso(found) or _by_format(found, TIME_FORMATS)
    if when is None:
        raise Permanent(
            "invalid_time",
            "RFC 3339, epoch seconds or milliseconds, or a format of the map (--time-format) is needed",
        )
    return (when if when.tzinfo is not None else when.replace(tzinfo=UTC)).isoformat()


def _by_format(found: str, formats: Sequence[str]) -> datetime | None:
    for form in formats:
        with suppress(ValueError):
            return datetime.strptime(found, form)
    return None


def _epoch(found: str) -> datetime | None:
    if not _EPOCH.match(found):
        return None
    value = float(found)
    # 1e11 s is the year 5138 and 1e11 ms is 1973, so within the contract's years the size tells the unit.
    per_second = next((unit for limit, unit in ((1e11, 1.0), (1e14, 1e3)) if value < limit), 1e6)
    return datetime.fromtimestamp(value / per_second, UTC)


def _iso(found: str) -> datetime | None:
    with suppress(ValueError):
        return datetime.fromisoformat(found)
    return None
