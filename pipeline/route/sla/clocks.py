"""The clocks of a case: how long it may take until the first reply, the next reply, and the end.

They are an immutable value. Each thing that happens to a case gives the clocks after it, and nothing here asks for
the time. All instants are in milliseconds since the epoch.

A clock counts opening hours from when the customer wrote, not from when the router came to it. It stands still
while the customer owes an answer. A change of band or channel may only shorten its deadline. With an edit of the
policy, or in another queue, the stretch that runs counts anew by the new hours, and what was used before a pause
stays as it was counted. A deadline that was missed stays missed.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple, Self

from msgspec import Struct
from msgspec.structs import replace

from pipeline.route.sla.hours import Hours
from schemas.policy.sla import ClockName, SlaTarget

Alarm = tuple[ClockName, Literal["due_soon", "breached"]]


class Terms(NamedTuple):
    """By what the clocks of a case run."""

    hours: Hours
    target: SlaTarget | None
    """The seconds of its SLA for cases of its band and channel; None for no deadlines."""

    def of(self, name: ClockName) -> tuple[int | None, int | None]:
        """Returns the milliseconds that one clock has, and how many before their end it warns."""
        seconds = None if self.target is None else self.target.seconds(name)
        if self.target is None or seconds is None:
            return None, None
        soon_s = self.target.due_soon_s
        return 1000 * seconds, None if soon_s is None else 1000 * soon_s


class Clock(Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """One clock that has not ended."""

    since_ms: int | None
    """Begin of the stretch that runs; None while the clock stands still."""
    used_ms: int = 0
    """Opening hours of the stretches before."""
    target_ms: int | None = None
    """Opening hours that it has; None where it has no deadline."""
    lead_ms: int | None = None
    """How long before the deadline it warns, in opening hours; None where it does not."""
    due_ms: int | None = None
    """The deadline; None where there is none, and while an unbroken clock stands still."""
    soon_ms: int | None = None
    """When it warns; None where it does not or no longer does."""
    warned: bool = False
    breached_ms: int | None = None
    """When it was found that the deadline was missed; None while it is not."""

    def run(self, hours: Hours) -> Self:
        """Returns the clock with its instants as they follow from its other fields."""
        if self.breached_ms is not None:
            return self
        if self.since_ms is None or self.target_ms is None:
            return replace(self, due_ms=None, soon_ms=None)
        left_ms = self.target_ms - self.used_ms
        warns = self.lead_ms is not None and not self.warned
        return replace(
            self,
            due_ms=hours.due_ms(self.since_ms, left_ms),
            soon_ms=hours.due_ms(self.since_ms, left_ms - (self.lead_ms or 0)) if warns else None,
        )

    def pause(self, now_ms: int, hours: Hours) -> Self:
        """Returns the clock standing still from now on."""
        if self.since_ms is None:
            return self
        used_ms = self.used_ms + hours.open_ms(self.since_ms, now_ms)
        return replace(self, since_ms=None, used_ms=used_ms).run(hours)

    def resume(self, at_ms: int, hours: Hours) -> Self:
        """Returns the clock running again."""
        return self if self.since_ms is not None else replace(self, since_ms=at_ms).run(hours)

    def shorten(self, terms: Terms, name: ClockName) -> Self:
        """Returns the clock with the shorter of its own target and another, of the same hours."""
        target_ms, lead_ms = terms.of(name)
        longer = target_ms is None or (self.target_ms is not None and self.target_ms <= target_ms)
        if self.breached_ms is not None or longer:
            return self
        return replace(self, target_ms=target_ms, lead_ms=lead_ms).run(terms.hours)

    def recount(self, terms: Terms, name: ClockName) -> Self:
        """Returns the clock with another target and other hours."""
        if self.breached_ms is not None:
            return self
        target_ms, lead_ms = terms.of(name)
        return replace(self, target_ms=target_ms, lead_ms=lead_ms).run(terms.hours)

    @property
    def next_ms(self) -> int | None:
        """Returns when it has something to say next: the warning, or that the deadline is missed."""
        if self.breached_ms is not None:
            return None
        return self.due_ms if self.soon_ms is None else self.soon_ms


class Clocks(Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """All clocks of one case. A clock that has ended, or has not begun, is None."""

    first_response: Clock | None = None
    next_response: Clock | None = None
    resolution: Clock | None = None
    paused_ms: int | None = None
    """Since when the customer owes an answer, or the case is resolved; None while the clocks run."""
    breached: tuple[ClockName, ...] = ()
    """The clocks that have missed a deadline in the life of the case, sorted."""

    def asked(self, at_ms: int, terms: Terms) -> "Clocks":
        """Returns the clocks after a post of the customer that joins the case.

        It ends a pause. The clock of the next response starts, unless another post waits for a response already.

        Args:
            at_ms: when it was written, or received.
        """
        if self.paused_ms is not None:
            # What was received before the pause came late, and does not count twice.
            at_ms = max(at_ms, self.paused_ms)
        clocks = self.resumed(at_ms, terms)
        if clocks.first_response is None and clocks.next_response is None:
            clocks = replace(clocks, next_response=_started(at_ms, terms, "next_response"))
        return clocks

    def answered(self) -> "Clocks":
        """Returns the clocks after a reply of the brand."""
        return replace(self, first_response=None, next_response=None)

    def waiting(self, now_ms: int, terms: Terms) -> "Clocks":
        """Returns the clocks after a rep has set the case to wait for the customer."""
        if self.paused_ms is not None:
            return self
        paused = {name: clock.pause(now_ms, terms.hours) for name, clock in self.open()}
        return replace(self, paused_ms=now_ms, **paused)

    def resumed(self, at_ms: int, terms: Terms) -> "Clocks":
        """Returns the clocks after the case waits for the customer no longer."""
        running = {name: clock.resume(at_ms, terms.hours) for name, clock in self.open()}
        return replace(self, paused_ms=None, **running)

    def resolved(self, now_ms: int, terms: Terms) -> "Clocks":
        """Returns the clocks after the end of the case. What the resolution has used is kept, should it reopen."""
        return self.answered().waiting(now_ms, terms)

    def rebanded(self, terms: Terms) -> "Clocks":
        """Returns the clocks after a change of band or channel, which may only shorten a deadline."""
        return replace(self, **{name: clock.shorten(terms, name) for name, clock in self.open()})

    def recounted(self, terms: Terms) -> "Clocks":
        """Returns the clocks after an edit of the policy, or in another queue."""
        return replace(self, **{name: clock.recount(terms, name) for name, clock in self.open()})

    def rung(self, until_ms: int, now_ms: int) -> "tuple[Clocks, tuple[Alarm, ...]]":
        """Returns the clocks after all that was due until then has been said now, and what was due.

        A clock whose deadline is missed by then warns no more.
        """
        changed: dict[str, Clock] = {}
        alarms: list[Alarm] = []
        for name, clock in self.open():
            if clock.breached_ms is not None:
                continue
            if clock.due_ms is not None and clock.due_ms <= until_ms:
                changed[name] = replace(clock, breached_ms=now_ms, soon_ms=None)
                alarms.append((name, "breached"))
            elif clock.soon_ms is not None and clock.soon_ms <= until_ms:
                changed[name] = replace(clock, warned=True, soon_ms=None)
                alarms.append((name, "due_soon"))
        if not alarms:
            return self, ()
        missed = {*self.breached, *(name for name, what in alarms if what == "breached")}
        return replace(self, breached=tuple(sorted(missed)), **changed), tuple(alarms)

    @property
    def next_ms(self) -> int | None:
        """Returns when there is something to say next, for the timer of the case. None for nothing."""
        return min((at_ms for _, clock in self.open() if (at_ms := clock.next_ms) is not None), default=None)

    @property
    def due_soon(self) -> bool:
        """Whether a deadline was warned of that runs and is not missed."""
        return any(
            clock.warned and clock.breached_ms is None and clock.due_ms is not None for _, clock in self.open()
        )

    @property
    def breach_ms(self) -> int | None:
        """Returns the first deadline of those that run or were missed. None for no deadline."""
        return min((clock.due_ms for _, clock in self.open() if clock.due_ms is not None), default=None)

    def open(self) -> Iterator[tuple[ClockName, Clock]]:
        """Yields the clocks that have begun and not ended, with their names."""
        if self.first_response is not None:
            yield "first_response", self.first_response
        if self.next_response is not None:
            yield "next_response", self.next_response
        if self.resolution is not None:
            yield "resolution", self.resolution


def start_clocks(at_ms: int, terms: Terms) -> Clocks:
    """Returns the clocks of a case whose first post was received at that time."""
    return Clocks(
        first_response=_started(at_ms, terms, "first_response"), resolution=_started(at_ms, terms, "resolution")
    )


def _started(at_ms: int, terms: Terms, name: ClockName) -> Clock:
    target_ms, lead_ms = terms.of(name)
    return Clock(at_ms, target_ms=target_ms, lead_ms=lead_ms).run(terms.hours)
