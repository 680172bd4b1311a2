"""The clock, injected: nothing else in the pure parts asks the machine for the time."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where `now` comes from."""

    def now(self) -> datetime:
        """The current time, aware, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current wall-clock time, UTC."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is moved: for tests and the event clock.

    Args:
        start: aware time to begin with.
    """

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The time it was last moved to."""
        return self._now

    def advance(self, seconds: float) -> datetime:
        """Moves forward by `seconds` and returns the new time."""
        self._now += timedelta(seconds=seconds)
        return self._now

    def move_to(self, when: datetime) -> datetime:
        """Moves to `when` if that is later; a clock never runs backwards."""
        self._now = max(self._now, when.astimezone(UTC))
        return self._now


def to_ms(when: datetime) -> int:
    """Milliseconds since the Unix epoch, exact (no float in between)."""
    return (when - _EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """The aware UTC time of `ms` milliseconds since the Unix epoch."""
    return _EPOCH + timedelta(milliseconds=ms)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
