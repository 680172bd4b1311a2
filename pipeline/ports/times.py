"""Checks that a record does not speak of a time that had not come when it was appended."""

from datetime import datetime, timedelta

from pipeline.clock import from_ms
from pipeline.errors import Permanent

FUTURE_TOLERANCE = timedelta(hours=24)
"""A wrong time zone is at most 14 h off, so what is from further ahead comes from a wrong clock."""


def check_time(said: datetime, append_ms: int) -> None:
    """Refuses a record from the future.

    Args:
        said: when it happened, by the record itself.
        append_ms: when its record was appended, in milliseconds since the epoch.

    Raises:
        Permanent: `created_in_future` when it happened more than 24 h after that. It holds on the event clock too,
            where one wrong date would move everybody's time for good.
    """
    ahead = said - from_ms(append_ms)
    if ahead > FUTURE_TOLERANCE:
        hours = ahead.total_seconds() / 3600
        raise Permanent("created_in_future", f"{hours:.0f} h after it was received", "created_at")
