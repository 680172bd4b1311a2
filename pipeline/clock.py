"""Gives the time. Pure parts get a clock handed in, and never ask the machine for the time."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Says what time it is."""

    def now(self) -> datetime:
        """Returns the current time, aware and in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Returns the current wall-clock time in UTC."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is moved. Tests and the event clock use it.

    Args:
        start: aware time to begin with.
    """

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Returns the time that it was last moved to."""
        return self._now

    def advance(self, seconds: float) -> datetime:
        """Moves forward by `seconds` and returns the new time."""
        self._now += timedelta(seconds=seconds)
        return self._now

    def move_to(self, when: datetime) -> datetime:
        """Moves to `when` if that is later. A clock never runs backwards."""
        self._now = max(self._now, when.astimezone(UTC))
        return self._now


def to_ms(when: datetime) -> int:
    """Returns milliseconds since the Unix epoch. They are exact, without a float in between."""
    return (when - _EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """Returns the aware UTC time of `ms` milliseconds since the Unix epoch."""
    return _EPOCH + timedelta(milliseconds=ms)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
