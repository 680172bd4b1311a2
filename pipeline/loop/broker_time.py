"""Knows the brokers' time between two records, without trust in the worker's wall clock.

A wall clock that was once wrong by a month would otherwise move the stage's `now` by a month, and `now` never goes
back. So the time is what a broker last said, plus what a monotonic clock has counted since. The wall clock only
confirms a broker whose own clock seems to jump.
"""

from typing import NamedTuple

from pipeline.loop.spec import Moment

TOLERANCE_MS = 10 * 60_000
"""A broker may be ahead of what we count by so much. It covers the skew between brokers and a worker that stood
still without counting (a suspended machine), and is far below a wrong date."""
DRIFT_MS = 60_000
"""A monotonic clock that is ahead of the broker by less than this has drifted, and is set back. One that is
further ahead stays: then it is the broker's clock that was set back."""
FRESH_MS = 60_000
"""So long after a broker's answer the count is good enough for timers. Quartz clocks drift by less than 100
millionths, which is 6 ms in this time."""


class Receipt(NamedTuple):
    """What a broker said of a record that we wrote. It was appended between the two moments."""

    append_ms: int
    """Milliseconds since the epoch, by the broker's clock."""
    sent: Moment
    """When the client was given the record."""
    told: Moment
    """When the client said so. It does only while it is called, which may be seconds later."""


class BrokerTime:
    """The brokers' time, as far as one worker knows it."""

    def __init__(self) -> None:
        self._anchor: tuple[int, int] | None = None
        self._asked_ms: int | None = None
        self._is_restored = False
        """Whether the time is that of before a restart, and no broker has said another one."""
        self.off_ms = 0
        """How far the clock of the broker is ahead that took our last record, or behind below 0; 0 where it is
        believed."""

    def read_ms(self, at: Moment) -> int | None:
        """Returns the brokers' time in milliseconds since the epoch, never more than it is by what was said; None
        before the first statement.
        """
        return None if self._anchor is None else self._anchor[0] + at.monotonic_ms - self._anchor[1]

    def is_fresh(self, at: Moment) -> bool:
        """Whether a broker said the time of one of our own writes recently enough for a timer to go by it."""
        return self._asked_ms is not None and at.monotonic_ms - self._asked_ms <= FRESH_MS

    def bound_ms(self, at: Moment) -> int:
        """Returns the latest time that is believed when a broker says it."""
        reading_ms = self.read_ms(at)
        return max(at.clock_ms, at.clock_ms if reading_ms is None else reading_ms) + TOLERANCE_MS

    def was_restored(self, now_ms: int, at: Moment) -> None:
        """Takes the stage's time of before a restart, by which a broker is known whose clock jumped.

        How long the worker was away only clocks can tell. Where what a broker says cannot be, the wall clock
        stands in for it. One that lies behind the stage's time is wrong, so then the first broker is believed.
        """
        reading_ms = self.read_ms(at)
        if at.clock_ms > now_ms - TOLERANCE_MS and (reading_ms is None or now_ms > reading_ms):
            self._anchor, self._is_restored = (now_ms, at.monotonic_ms), True

    def was_read(self, append_ms: int, at: Moment) -> None:
        """Takes the append time of a record that was read. It was appended then or earlier."""
        reading_ms = self.read_ms(at)
        if reading_ms is None or append_ms > reading_ms:
            self._believe(append_ms, at)

    def was_written(self, receipt: Receipt) -> None:
        """Takes the append time of a record that we wrote.

        It was the time at some moment between the sending and the receipt. So it is too late for the one and too
        early for the other, and what was counted stays where it lies between them.
        """
        append_ms, sent, at = receipt
        self._asked_ms = sent.monotonic_ms
        reading_ms = self.read_ms(at)
        if reading_ms is None:
            self._believe(append_ms, at)
            return
        ahead_ms = reading_ms - (at.monotonic_ms - sent.monotonic_ms) - append_ms
        if append_ms > reading_ms:
            self._believe(append_ms, at)
        elif 0 < ahead_ms <= DRIFT_MS:
            self._anchor = (append_ms, sent.monotonic_ms)
        agrees = ahead_ms <= DRIFT_MS and append_ms <= self.bound_ms(at)
        self.off_ms = 0 if agrees else append_ms - reading_ms
        if self._is_restored:
            if not agrees and at.clock_ms > reading_ms:
                self._anchor = (at.clock_ms, at.monotonic_ms)
            self._is_restored = False

    def _believe(self, append_ms: int, at: Moment) -> None:
        if self._anchor is not None and append_ms > self.bound_ms(at):
            return
        self._anchor = (append_ms, at.monotonic_ms)
