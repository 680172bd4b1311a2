"""Fires timers: those that are due before a record, and those that only time has made due."""

from pipeline.loop.draft import Draft
from pipeline.loop.inputs.unread import Unread
from pipeline.loop.now import Now
from pipeline.loop.spec import Moment, StageSpec
from pipeline.ports.decider import Decider


class Timers:
    """The timers of one partition number.

    Args:
        spec: what the stage reads and writes.
        decider: the stage's core, which has the timers.
        now: the stage's time, which follows those that fire.
        unread: asked before a timer may fire.
    """

    def __init__(self, spec: StageSpec, decider: Decider, now: Now, unread: Unread) -> None:
        self._spec = spec
        self._decider = decider
        self._now = now
        self._unread = unread

    def fire_before(self, draft: Draft, time_ms: int, at_end: set[str]) -> bool:
        """Fires the timers that are due before a record, at least one. Returns whether the record may be decided
        now.

        Args:
            draft: the transaction.
            time_ms: when the record counts.
            at_end: inputs that were at their end when they were asked for this batch; grows.
        """
        if not self._unread.nothing_older(time_ms, self._now.bound_ms, at_end):
            return False
        all_fired = self._fire(draft, time_ms - 1)
        # A replay of this transaction fires the same timers, if nothing follows them here.
        draft.follows_time, self._now.ms = True, max(self._now.ms, time_ms - 1)
        return all_fired

    def follow_time(self, draft: Draft, at: Moment) -> None:
        """Fires the timers that time alone has made due, while nothing is unread."""
        time = self._now.brokers
        due_ms, reading_ms = self._decider.next_timer_ms(), time.read_ms(at)
        if self._spec.event_clock or due_ms is None or (reading_ms is not None and due_ms > reading_ms):
            return
        # Asked last: the question costs an answer of the broker for each input.
        if not self._unread.nothing():
            return
        if reading_ms is None or not time.is_fresh(at):
            draft.asks_for_time = True
            return
        self.advance(draft, reading_ms)

    def advance(self, draft: Draft, reading_ms: int) -> bool:
        """Lets `now` come to the brokers' time, and fires what is due then. Returns whether all has fired."""
        self._now.ms = max(self._now.ms, reading_ms)
        draft.follows_time = True
        return self._fire(draft, self._now.ms)

    def _fire(self, draft: Draft, until_ms: int) -> bool:
        due_ms = self._decider.next_timer_ms()
        if due_ms is None or due_ms > until_ms:
            return True
        if draft.undeliverable is not None:
            self._decider.park_timer(until_ms)
            draft.is_parked, draft.undeliverable, draft.is_stopped = True, None, True
            return False
        room = min(self._spec.timer_limit - draft.timers, draft.room)
        if room > 0:
            draft.timers += self._decider.fire_timers(until_ms, room)
        due_ms = self._decider.next_timer_ms()
        return due_ms is None or due_ms > until_ms
