"""The stage's time: which time a record counts at, how far the stage lags, and what the changelog keeps of it."""

from typing import NamedTuple

from pipeline.errors import Misconfigured
from pipeline.loop.broker_time import TOLERANCE_MS, BrokerTime
from pipeline.loop.live_edge import LIVE_MS
from pipeline.loop.spec import Moment, StageSpec
from pipeline.ports.decider import Decider
from pipeline.ports.records import InputRecord

NOW_KEY = b"loop/now"
"""Changelog key under which each transaction keeps a `StoredNow`, so that a restart never goes back in time."""
FUTURE_TOLERANCE_MS = 24 * 3_600_000
"""The same as enrich grants a post: nothing is replayed from more than a day ahead."""
AHEAD_MS = 3_600_000
"""A `now` that is further ahead of the clock at a restart was made by a wrong clock."""


class StoredNow(NamedTuple):
    """What the changelog keeps of the loop itself."""

    now_ms: int
    """The stage's time, milliseconds since the epoch."""
    number: int = 0
    """Of the transaction that stored it. 0 is of a release before the number, which wrote only the time."""
    event_clock: bool = False
    """Whether that time went by the records' own times."""

    def encode(self) -> bytes:
        """Returns the value of the changelog entry."""
        return b"%d %d %s" % (self.now_ms, self.number, b"event" if self.event_clock else b"processing")

    @classmethod
    def decode(cls, value: bytes) -> "StoredNow":
        """Reads the value of a changelog entry."""
        now, *others = value.split()
        if not others:
            return cls(int(now))
        number, clock = others
        return cls(int(now), int(number), clock == b"event")


class Now:
    """The stage's time of one partition number. It is the largest time of a record decided so far, or later.

    Args:
        spec: what the stage reads and writes.
        decider: reads a record's own time, on the event clock.
    """

    def __init__(self, spec: StageSpec, decider: Decider) -> None:
        self.ms = 0
        """Milliseconds since the epoch; 0 before the first record."""
        self.bound_ms = 0
        """The latest append time that is believed."""
        self.brokers = BrokerTime()
        self._event_clock = decider if spec.event_clock else None

    def restore(self, stored: StoredNow) -> None:
        """Takes what the changelog keeps."""
        # The time of posts that were played on the event clock may lie hours ahead, and says nothing here.
        self.ms = 0 if self._event_clock is None and stored.event_clock else stored.now_ms

    def begin(self, place: str, at: Moment) -> None:
        """Begins, or begins again, with the time of before.

        Raises:
            Misconfigured: it is far ahead of the clock; the sentence names `place`.
        """
        if self._event_clock is not None or not self.ms:
            return
        if self.ms > at.clock_ms + AHEAD_MS:
            raise Misconfigured(
                f"{place}: the stage's time is {(self.ms - at.clock_ms) / 3_600_000:.1f} h ahead of this "
                "machine's clock. One of them is wrong, and no timer would fire until then. Correct the clock, "
                "or wait."
            )
        self.brokers.was_restored(self.ms, at)

    def time_of(self, record: InputRecord) -> int:
        """Returns the time that a record counts at: its append time, or its own on the event clock."""
        if record.append_ms <= self.bound_ms and self._event_clock is None:
            return record.append_ms
        return time_of(record, self._event_clock, self.bound_ms, self.ms)

    def ahead_ms(self, append_ms: int) -> int:
        """Returns how far the broker's clock is ahead that said this; 0 where it is believed."""
        return 0 if append_ms <= self.bound_ms else append_ms - self.bound_ms + TOLERANCE_MS

    def is_late(self, time_ms: int, at: Moment) -> bool:
        """Whether a decision at this time is made too late, because its offers would be over soon."""
        reading_ms = self.brokers.read_ms(at)
        return self._event_clock is None and (reading_ms is None or time_ms < reading_ms - LIVE_MS)

    def keep_up(self, at: Moment, due_ms: int | None) -> None:
        """Follows the time of silent inputs, up to the next timer and two seconds late.

        A record that arrives next was appended later than that. It may not say so, where its broker has a wrong
        clock, and would otherwise count at the time of the last record, which may be of hours ago.

        Args:
            at: now.
            due_ms: when the next timer is due; None without any.
        """
        reading_ms = self.brokers.read_ms(at)
        if reading_ms is not None:
            late_ms = reading_ms - LIVE_MS
            self.ms = max(self.ms, late_ms if due_ms is None else min(late_ms, due_ms))


def time_of(record: InputRecord, event_clock: Decider | None, bound_ms: int, now_ms: int) -> int:
    """Returns the time that a record counts at.

    Args:
        record: one of the inputs.
        event_clock: reads the record's own time; None where its append time counts.
        bound_ms: the latest append time that is believed.
        now_ms: the stage's time, which counts where the record's own cannot be believed.
    """
    if event_clock is None:
        # A broker with a wrong clock must not drag `now`, which never goes back, into the far future.
        return record.append_ms if record.append_ms <= bound_ms else now_ms
    own_ms = event_clock.event_ms(record)
    return now_ms if own_ms is None or own_ms > record.append_ms + FUTURE_TOLERANCE_MS else own_ms
