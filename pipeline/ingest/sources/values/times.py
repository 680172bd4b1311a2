"""Reads times and returns them in RFC 3339 with an offset."""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.errors import Permanent
from pipeline.ingest.sources.values.dates import Order, day_and_clock, offset_of
from pipeline.ingest.sources.values.plain import word

SPREADSHEET = "excel"
"""Name of a format: days since 1899-12-30, as spreadsheets count them (their 1900 system)."""
AMBIGUOUS_HOUR = "ambiguous_hour"
"""Code of a time in the hour that a zone has twice when its summer ends. The first of both is taken."""
_EPOCH_DAY = datetime(1899, 12, 30)
_SERIAL = re.compile(r"[1-9]\d{4}(\.\d+)?")
_DIGITS = re.compile(r"\d{6,19}")
_FLOAT = re.compile(r"\d{9,16}\.\d*")
_ASP = re.compile(r"/Date\((?P<ms>-?\d+)(?:[+-]\d{4})?\)/")
"""ASP.NET's JSON writes milliseconds so, and an offset that does not move the moment."""
_IN_BRACKETS = re.compile(r"\[(?P<zone>[\w/+-]+)\]$")
"""Java's ZonedDateTime writes its zone behind the offset."""
_LONGEST = 80
_HOUR_FROM = 1_900_000_000
"""From here on (2030) a number of ten digits may be a day with its hour, 2013060514."""
_COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_PER_SECOND = {9: 1, 10: 1, 12: 10**3, 13: 10**3, 16: 10**6, 19: 10**9}
"""Units of Unix time by the number of digits, for the years 1973 to 2286."""
_KNOWN = "RFC 3339, Unix time, or a format of the map (--time-format) is needed"


class Times:
    """Reads the times of one file.

    Args:
        formats: strptime formats that are tried first, or `excel` for a spreadsheet's serial numbers.
        zone: zone of times that state none. UTC if it is None.
        order: whether the day or the month comes first in 05/06/2013.
    """

    def __init__(self, formats: Sequence[str] = (), zone: ZoneInfo | None = None, order: Order = None) -> None:
        self._formats = tuple(form for form in formats if form != SPREADSHEET)
        self._serial = SPREADSHEET in formats
        self._zone = zone
        self._order = order

    def __call__(self, value: object, notes: list[str]) -> object:
        """Returns a time in RFC 3339, or None if there is none.

        Raises:
            Permanent: `invalid_time`, `ambiguous_date`, `impossible_time` or `unknown_zone`.
        """
        if isinstance(value, datetime):
            return self._placed(value, notes).isoformat()
        found = word(value, notes)
        if found is None:
            return None
        if len(found) > _LONGEST:
            raise Permanent("invalid_time", _KNOWN)
        try:
            return self._placed(self._read(found), notes).isoformat()
        except (ValueError, OverflowError):
            raise Permanent("impossible_time", "no calendar or clock has this time") from None

    def _read(self, found: str) -> datetime:
        for form in self._formats:
            with suppress(ValueError):
                return _of_format(found, form)
        if found[0].isdigit():
            if found.isdigit() or _FLOAT.fullmatch(found) or _SERIAL.fullmatch(found):
                return self._number(found)
            # The usual case comes first. A week or a mere year is no time of a post.
            # Python takes any sign before a clock, also that of a zone behind a day.
            if found[4:5] == "-" and "W" not in found and found[10:11] in ("", "T", "t", " "):
                with suppress(ValueError):
                    return datetime.fromisoformat(found)
        return self._written(found)

    def _written(self, found: str) -> datetime:
        asp = _ASP.fullmatch(found)
        if asp is not None:
            return datetime.fromtimestamp(int(asp["ms"]) / 1000, UTC)
        bracket = _IN_BRACKETS.search(found)
        if bracket is not None:
            found = found[: bracket.start()].strip()
            with suppress(ValueError):
                at = datetime.fromisoformat(found)
                return at if at.tzinfo is not None else at.replace(tzinfo=_zone(bracket["zone"]))
        written = day_and_clock(found, self._order)
        if written is None:
            raise Permanent("invalid_time", _KNOWN)
        return self._in_named_zone(written.at, written.zone) if written.zone else written.at

    def _in_named_zone(self, at: datetime, name: str) -> datetime:
        if self._zone is not None:
            # The file's own zone says which of the world's CSTs is meant, and which of both hours in autumn.
            for fold in (0, 1):
                local = at.replace(tzinfo=self._zone, fold=fold)
                if local.tzname() == name:
                    return local
        offset = offset_of(name)
        if offset is None:
            raise Permanent(
                "unknown_zone", "this zone's short name has several meanings: say zone in the map (--zone)"
            )
        return at.replace(tzinfo=offset)

    def _number(self, found: str) -> datetime:
        if _SERIAL.fullmatch(found):
            if not self._serial:
                hint = "this may be a spreadsheet's serial number: say excel as a format (--time-format excel)"
                raise Permanent("invalid_time", hint)
            # Eight decimals of a day are a millisecond, so that a whole second shows as a little less.
            return _nearest_second(_EPOCH_DAY + timedelta(days=float(found)))
        whole = found.partition(".")[0]
        form = _COMPACT.get(len(whole))
        if form is not None and whole == found and found[:2] in ("19", "20"):
            with suppress(ValueError):
                return _of_format(found, form)
        if len(whole) == 10 and int(whole) >= _HOUR_FROM:
            raise Permanent("invalid_time", "this may be Unix time or a day with its hour: say a format")
        per_second = _PER_SECOND.get(len(whole))
        if per_second is None:
            raise Permanent("invalid_time", _KNOWN)
        if per_second == 1:
            return datetime.fromtimestamp(float(found), UTC)
        seconds, rest = divmod(int(whole), per_second)
        return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=rest * 10**6 // per_second)

    def _placed(self, at: datetime, notes: list[str]) -> datetime:
        if at.tzinfo is not None:
            return at
        if self._zone is None:
            return at.replace(tzinfo=UTC)
        first = at.replace(tzinfo=self._zone)
        if first.utcoffset() == first.replace(fold=1).utcoffset():
            return first
        if first.astimezone(UTC).astimezone(self._zone).replace(tzinfo=None) != at:
            raise Permanent("impossible_time", "clocks in this zone were set forward past this time")
        notes.append(AMBIGUOUS_HOUR)
        return first


def _zone(name: str) -> Any:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise Permanent("unknown_zone", "no zone has this name") from None


def _of_format(found: str, form: str) -> datetime:
    if "%Z" not in form:
        return datetime.strptime(found, form)
    # strptime knows the machine's own zone names only, and drops what they say.
    head, _, name = found.rpartition(" ")
    offset = offset_of(name) if form.endswith(" %Z") else None
    if offset is None:
        raise ValueError
    return datetime.strptime(head, form.removesuffix(" %Z")).replace(tzinfo=offset)


def _nearest_second(at: datetime) -> datetime:
    near = (at + timedelta(microseconds=500_000)).replace(microsecond=0)
    return near if abs(near - at) < timedelta(milliseconds=5) else at
