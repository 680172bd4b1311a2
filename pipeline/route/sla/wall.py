"""Turns the wall times of a zone into instants, over both changes of the clocks."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1)
_MIDNIGHT_OF_1970 = _EPOCH.toordinal()
DAY_MS = 86_400_000
MINUTE_MS = 60_000


def first_instants(zone: ZoneInfo, day: int, minutes: tuple[int, ...]) -> list[int]:
    """Returns the first instants at which clocks show wall times of a day, or later ones.

    Args:
        zone: the time zone.
        day: the date, as `date.toordinal` numbers it.
        minutes: the wall times, in minutes since 00:00 of the day. 1440 is 00:00 of the next day.

    Returns:
        Milliseconds since the epoch. They rise with the minutes, and stay the same over minutes that are skipped.
    """
    begin, end = _offset_s(zone, day), _offset_s(zone, day + 1)
    day_ms = DAY_MS * (day - _MIDNIGHT_OF_1970)
    # No zone changes its clocks twice within a day and back. On all but two days of a year this saves the look at
    # each wall time.
    if begin == end:
        return [day_ms + MINUTE_MS * minute - 1000 * begin for minute in minutes]
    return [_first_instant(zone, day_ms // 1000 + 60 * minute) for minute in minutes]


def _first_instant(zone: ZoneInfo, wall_s: int) -> int:
    """Returns it for one wall time, which is in seconds since 1970-01-01 00:00 by the wall clock."""
    wall = (_EPOCH + timedelta(seconds=wall_s)).replace(tzinfo=zone)
    # With fold 0, Python gives a repeated time its first meaning, and a skipped one the offset before the change.
    before, after = _seconds(wall), _seconds(wall.replace(fold=1))
    if before >= after:
        return 1000 * (wall_s - before)
    # The time is skipped. The change lies after `low` and not after `high`.
    low, high = wall_s - after, wall_s - before
    while high - low > 1:
        middle = (low + high) // 2
        if _seconds(datetime.fromtimestamp(middle, UTC).astimezone(zone)) == after:
            high = middle
        else:
            low = middle
    return 1000 * high


@lru_cache(maxsize=16_384)
def _offset_s(zone: ZoneInfo, day: int) -> int:
    # Remembered, because the calendars of a policy mostly share their zone. A zone and year take 30 KB.
    return _seconds(datetime.fromordinal(day).replace(tzinfo=zone))


def _seconds(local: datetime) -> int:
    offset = local.utcoffset()
    assert offset is not None, "a time with a zone has an offset"
    return int(offset.total_seconds())
