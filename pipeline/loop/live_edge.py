"""Knows whether a loop has decided everything that its inputs hold, give or take two seconds.

A loop that catches up decides in the past. What it handed out there would be over before anybody saw it. So a loop
begins behind its live edge. It reaches the edge when it has decided everything below the ends that the brokers
named at most `LIVE_MS` ago. It leaves the edge when it meets a record that is older, and when no broker has
answered for `SILENT_MS`.

Neither asks a wall clock. How old a record is at least follows from the newest record of the same input: it was
appended before it was read, and a monotonic clock says how long ago that was.
"""

import sys
from collections.abc import Callable, Mapping

from pipeline.loop.spec import Moment
from pipeline.ports.records import InputRecord

LIVE_MS = 2000
"""A loop that lags less decides in the present. The shortest offer stands for 5 s."""
ASKS_MS = 5_000
"""So long after a broker was heard of last, it is asked for a sign of life."""
SILENT_MS = 10_000
"""A loop that has heard of no broker for so long cannot say that nothing is unread. The shortest lease is 30 s."""


class LiveEdge:
    """Follows one partition number, on the processing clock."""

    def __init__(self) -> None:
        self.live = False
        self._newest: dict[str, tuple[int, int]] = {}
        self._ends: Mapping[str, int] | None = None
        self.asked_ms = 0
        """When the brokers were asked last where the inputs end, by the monotonic clock."""
        self._heard_ms: int | None = None
        """When a broker was heard of last, by the monotonic clock; None before the first look at the edge."""
        self._read_to: list[int] = []

    def was_heard(self, at: Moment) -> None:
        """Notes that a broker has answered."""
        self._heard_ms = at.monotonic_ms

    def keep_in_touch(self, read_to: list[int], at: Moment, end_offsets: Callable[[], Mapping[str, int]]) -> None:
        """Leaves the edge when no broker was heard of for too long, by the loop's fault or theirs.

        Args:
            read_to: how far each input was read, in a fixed order.
            at: now.
            end_offsets: asks the brokers where the inputs end.
        """
        has_read, self._read_to = read_to != self._read_to, read_to
        if not self.live:
            return
        silent_ms = 0 if self._heard_ms is None else at.monotonic_ms - self._heard_ms
        if silent_ms > SILENT_MS:
            self.leave()
        elif (
            has_read
            or self._heard_ms is None
            or (silent_ms > ASKS_MS and sys.maxsize not in end_offsets().values())
        ):
            self._heard_ms = at.monotonic_ms

    def was_read(self, topic: str, append_ms: int, at: Moment) -> None:
        """Takes the append time of the newest record that was read of an input."""
        before = self._newest.get(topic)
        if before is None or append_ms > before[0] + at.monotonic_ms - before[1]:
            self._newest[topic] = (append_ms, at.monotonic_ms)

    def is_past(self, record: InputRecord, at: Moment) -> bool:
        """Whether the record certainly was appended longer than `LIVE_MS` ago."""
        newest = self._newest.get(record.topic)
        return newest is not None and newest[0] + at.monotonic_ms - newest[1] - record.append_ms > LIVE_MS

    def leave(self) -> None:
        """Notes that the loop is behind, or that this is not certain."""
        self.live = False
        self._ends = None

    def is_reached(
        self, positions: Mapping[str, int], at: Moment, end_offsets: Callable[[], Mapping[str, int]]
    ) -> bool:
        """Whether everything is decided that the inputs held a moment ago, at `asked_ms`.

        Args:
            positions: offset of the next record to decide, by input.
            at: now.
            end_offsets: asks the brokers where the inputs end. It is called only after the last answer was used
                up, so that catching up does not ask for each transaction.
        """
        if self._ends is None:
            self._ends, self.asked_ms = end_offsets(), at.monotonic_ms
        if any(positions.get(topic, 0) < end for topic, end in self._ends.items()):
            # No broker has answered, which is no end that could be reached.
            if sys.maxsize in self._ends.values():
                self._ends = None
            return False
        self._ends = None
        return at.monotonic_ms - self.asked_ms <= LIVE_MS

    def reach(self) -> None:
        """Notes that the loop is at its live edge.

        A broker whose clock was set back would otherwise look as if it lagged for ever.
        """
        self.live = True
        self._heard_ms = self.asked_ms
        self._newest.clear()
