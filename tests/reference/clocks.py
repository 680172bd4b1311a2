"""The clocks of a case. Opening hours are found by a look at every minute of some weeks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.policy.calendar import DAYS, Calendar, minutes_of
from schemas.policy.policy import Policy
from schemas.policy.queues import Queue
from schemas.policy.sla import CLOCKS, Sla, SlaTarget, band_of

MINUTE_MS = 60_000
FIRST_MINUTE = 1_767_225_600 // 60 - 2 * 1440
MINUTES = 40 * 1440
"""Two days before the first day that is played, and five weeks after it."""
ALWAYS: tuple[tuple[int, int], ...] = ((0, 10**16),)
NAMES: tuple[str, ...] = CLOCKS
Spans = tuple[tuple[int, int], ...]


@cache
def _open_minutes(written: str) -> Spans:
    """Returns the spans of time in which a calendar is open, in milliseconds."""
    calendar = Calendar.model_validate_json(written)
    zone = ZoneInfo(calendar.zone)
    special = {day.date: day.open for day in calendar.special}
    spans: list[tuple[int, int]] = []
    latest = datetime.min
    for minute in range(FIRST_MINUTE, FIRST_MINUTE + MINUTES):
        # A wall time that comes twice counts once, so that the clock on the wall never goes back.
        latest = max(latest, datetime.fromtimestamp(60 * minute, zone).replace(tzinfo=None))
        day, wall = latest.date(), 60 * latest.hour + latest.minute
        usual = () if day in calendar.closed else getattr(calendar.week, DAYS[day.weekday()])
        windows = special.get(day, usual)
        if any(begin <= wall < end for begin, end in map(minutes_of, windows)):
            begin_ms = minute * MINUTE_MS
            if spans and spans[-1][1] == begin_ms:
                spans[-1] = (spans[-1][0], begin_ms + MINUTE_MS)
            else:
                spans.append((begin_ms, begin_ms + MINUTE_MS))
    return tuple(spans)


def hours(policy: Policy, name: str | None) -> Spans:
    """Returns when a calendar of the policy is open; always without one."""
    calendar = next((calendar for calendar in policy.calendars if calendar.name == name), None)
    return ALWAYS if calendar is None else _open_minutes(calendar.model_dump_json())


def passed(spans: Spans, from_ms: int, to_ms: int) -> int:
    """Returns how many milliseconds of opening hours lie between two instants."""
    return sum(max(0, min(end, to_ms) - max(begin, from_ms)) for begin, end in spans)


def after(spans: Spans, from_ms: int, wanted_ms: int) -> int:
    """Returns the first instant by which so many milliseconds of opening hours have passed."""
    left = wanted_ms
    if left <= 0:
        return from_ms
    for begin, end in spans:
        there = max(0, end - max(begin, from_ms))
        if there >= left:
            return max(begin, from_ms) + left
        left -= there
    raise AssertionError("the hours that were looked at are over")


class Terms(NamedTuple):
    """By what clocks run. Without a target no clock has a deadline."""

    target: SlaTarget | None
    spans: Spans


def terms(policy: Policy, queue: Queue, priority: float, *, direct: bool) -> Terms | None:
    """Returns what the queue promises such a case; None where it has no SLA."""
    sla: Sla | None = next((sla for sla in policy.slas if sla.name == queue.sla), None)
    if sla is None:
        return None
    target = sla.target(band_of(priority), "direct" if direct else "public")
    return Terms(target, hours(policy, sla.calendar))


@dataclass
class Clock:
    """One clock. What it has counted before `since_ms` is `used_ms`."""

    since_ms: int | None
    target_ms: int | None
    lead_ms: int | None
    used_ms: int = 0
    warned: bool = False
    missed_ms: int | None = None
    """The deadline that was missed, which stays what it was."""
    breached_ms: int | None = None


class Clocks:
    """The clocks of one case. None are noted in a queue without an SLA."""

    def __init__(self, given: Terms | None) -> None:
        self.are_noted = given is not None
        self.target: SlaTarget | None
        self.spans: Spans
        self.target, self.spans = given or (None, ALWAYS)
        self.running: dict[str, Clock] = {}
        self.paused_ms: int | None = None

    def begin(self, kind: str, at_ms: int) -> None:
        """Starts a clock."""
        if not self.are_noted:
            return
        self.running[kind] = Clock(at_ms, *self._target(kind))

    def ask(self, at_ms: int) -> None:
        """The customer wrote at that time."""
        if self.paused_ms is not None:
            at_ms = max(at_ms, self.paused_ms)
        self.resume(at_ms)
        if "first_response" not in self.running and "next_response" not in self.running:
            self.begin("next_response", at_ms)

    def answer(self) -> None:
        """The brand answered."""
        self.running.pop("first_response", None)
        self.running.pop("next_response", None)

    def pause(self, at_ms: int) -> None:
        """The customer owes an answer."""
        if self.paused_ms is not None:
            return
        self.paused_ms = at_ms
        for clock in self.running.values():
            assert clock.since_ms is not None
            clock.used_ms += passed(self.spans, clock.since_ms, at_ms)
            clock.since_ms = None

    def resume(self, at_ms: int) -> None:
        """The clocks go on."""
        self.paused_ms = None
        for clock in self.running.values():
            if clock.since_ms is None:
                clock.since_ms = at_ms

    def shorten(self, given: Terms | None) -> None:
        """Another band or channel, by which a deadline may only come nearer."""
        self.target = None if given is None else given.target
        for kind, clock in self.running.items():
            target_ms, lead_ms = self._target(kind)
            is_nearer = target_ms is not None and (clock.target_ms is None or target_ms < clock.target_ms)
            if clock.breached_ms is None and is_nearer:
                clock.target_ms, clock.lead_ms = target_ms, lead_ms

    def end(self, at_ms: int) -> None:
        """The case is resolved. If it opens again, what the resolution has used stays used."""
        self.answer()
        self.pause(at_ms)

    def rewrite(self, given: Terms | None, queued_ms: int, *, is_answered: bool) -> None:
        """Another policy or queue, by which deadlines may move either way. What is missed stays so."""
        self.target, self.spans = given or (None, ALWAYS)
        if given is not None and not self.are_noted:
            self.are_noted, self.paused_ms = True, None
            for kind in ("first_response", "resolution"):
                self.begin(kind, queued_ms)
            if is_answered:
                self.answer()
            return
        for kind, clock in self.running.items():
            if clock.breached_ms is None:
                clock.target_ms, clock.lead_ms = self._target(kind)

    def rings(self) -> Iterator[tuple[int, str, str]]:
        """Yields when each clock will say what next."""
        for kind, clock in sorted(self.running.items(), key=lambda item: NAMES.index(item[0])):
            if clock.breached_ms is not None or clock.target_ms is None or clock.since_ms is None:
                continue
            due_ms = self.due_ms(clock)
            assert due_ms is not None
            if clock.lead_ms is not None and not clock.warned:
                soon_ms = after(self.spans, clock.since_ms, clock.target_ms - clock.used_ms - clock.lead_ms)
                if soon_ms < due_ms:
                    yield soon_ms, "due_soon", kind
            yield due_ms, "breached", kind

    def breach(self, kind: str, now_ms: int) -> None:
        """A deadline was missed."""
        clock = self.running[kind]
        clock.missed_ms, clock.breached_ms = self.due_ms(clock), now_ms

    def due_ms(self, clock: Clock) -> int | None:
        """Returns when it is due; None without a deadline."""
        if clock.missed_ms is not None:
            return clock.missed_ms
        if clock.since_ms is None or clock.target_ms is None:
            return None
        return after(self.spans, clock.since_ms, clock.target_ms - clock.used_ms)

    def dues(self) -> list[tuple[str, int | None, int | None]]:
        """Returns kind, deadline and breach of the clocks that have a target, the nearest first."""
        said = [
            (kind, self.due_ms(clock), clock.breached_ms)
            for kind, clock in self.running.items()
            if clock.target_ms is not None
        ]
        return sorted(said, key=lambda due: (due[1] is None, due[1] or 0, NAMES.index(due[0])))

    def _target(self, kind: str) -> tuple[int | None, int | None]:
        seconds = None if self.target is None else getattr(self.target, f"{kind}_s")
        if self.target is None or seconds is None:
            return None, None
        lead = self.target.due_soon_s
        return 1000 * seconds, None if lead is None else 1000 * lead
