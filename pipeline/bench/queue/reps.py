"""Simulates the reps of `earshot bench queue`, who accept every offer after a moment and work at each case for as
long as its arrival says.

It has no clock. The same assignment gets the same answer, whatever came before.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

from pipeline.bench.queue.clockwork import Answer
from pipeline.clock import from_ms
from pipeline.errors import Misconfigured
from schemas.people.casework import CaseResolved, OfferAccepted
from schemas.people.presence import PresenceChanged, SignedIn
from schemas.people.rep import AnyRepEvent
from schemas.policy.queues import Queue

DAY_MS = 86_400_000
ACCEPT_SPREAD = 0.6
"""Log-scale spread of the log-normal time to accept, the same as at the demo's desk."""
HIGHEST_LEVEL = 5
"""The best that anybody can have in a skill."""
_SHIFT = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)=(\d{1,4})$")


class Shift(NamedTuple):
    """When some reps are at work each day, in milliseconds since midnight UTC."""

    start_ms: int
    length_ms: int
    reps: int


@dataclass(frozen=True)
class Staff:
    """The reps and how they work."""

    reps: int = 8
    """How many are always at work, where no shifts are given."""
    capacity: int = 1
    """Cases of one rep at a time."""
    accept_s: float = 5.0
    """Median of the seconds from an offer to its accept."""
    shifts: tuple[Shift, ...] = ()
    seed: int = 1

    def present_ms(self, start_ms: int, end_ms: int) -> int:
        """Returns how long all reps together are at work between two moments."""
        if not self.shifts:
            return self.reps * (end_ms - start_ms)
        return sum(
            shift.reps * max(0, min(end_ms, begin_ms + shift.length_ms) - max(start_ms, begin_ms))
            for shift in self.shifts
            for begin_ms in range(start_ms // DAY_MS * DAY_MS - DAY_MS + shift.start_ms, end_ms, DAY_MS)
        )

    def is_at_work(self, number: int, at_ms: int) -> bool:
        """Returns whether the rep of that number, from 0 in the order of the shifts, is at work at a moment."""
        first = 0
        for shift in self.shifts:
            if first <= number < first + shift.reps:
                return (at_ms - shift.start_ms) % DAY_MS < shift.length_ms
            first += shift.reps
        return not self.shifts


def read_shift(text: str) -> Shift:
    """Reads a shift such as `22:00-06:00=3`: three reps each day from ten in the evening to six, UTC.

    Raises:
        Misconfigured: it is none.
    """
    match = _SHIFT.match(text)
    if match is None or not int(match[5]):
        raise Misconfigured(f"--shift: {text!r} is no shift such as 08:00-16:30=8, in UTC")
    start, end = (60 * int(match[n]) + int(match[n + 1]) for n in (1, 3))
    return Shift(60_000 * start, 60_000 * ((end - start) % 1440 or 1440), int(match[5]))


class Reps:
    """The reps, all of the queue's team and with all skills that it asks for, so that the router sees one kind of
    rep.

    Args:
        staff: who they are.
        workspace: where they work.
        queue: whose cases they take.
    """

    def __init__(self, staff: Staff, workspace: str, queue: Queue) -> None:
        self._staff = staff
        self._workspace = workspace
        self._queue = queue
        self._events = 0

    def begin(self, now_ms: int) -> list[AnyRepEvent]:
        """Returns the sign-ins of everybody who works without shifts."""
        return [] if self._staff.shifts else [self._sign_in(number, now_ms) for number in range(self._staff.reps)]

    def day(self, midnight_ms: int) -> Iterator[tuple[int, AnyRepEvent]]:
        """Yields who comes and goes by the shifts that begin on one day, with the times in milliseconds.

        A rep who goes takes no more offers, and finishes what there is.
        """
        first = 0
        for shift in self._staff.shifts:
            start_ms = midnight_ms + shift.start_ms
            for number in range(first, first + shift.reps):
                yield start_ms, self._sign_in(number, start_ms)
                if shift.length_ms < DAY_MS:
                    end_ms = start_ms + shift.length_ms
                    yield end_ms, PresenceChanged(**self._common(_name(number), end_ms), presence="away")
            first += shift.reps

    def answer(self, answer: Answer, now_ms: int, handle_ms: int) -> tuple[int, AnyRepEvent] | None:
        """Returns what the rep does about an assignment, and when.

        Args:
            answer: the assignment, of which the rep has just heard.
            now_ms: when that is.
            handle_ms: how long the rep works at the case.
        """
        rep_id, case = answer["rep_id"], {"case_id": answer["case_id"], "attempt": answer["attempt"]}
        if answer["state"] == "offered":
            chance = Random(f"{self._staff.seed}/{answer['assignment_id']}")  # noqa: S311 it hides no secret
            later_ms = now_ms + round(1000 * self._staff.accept_s * chance.lognormvariate(0, ACCEPT_SPREAD))
            return later_ms, OfferAccepted(**self._common(rep_id, later_ms), **case)
        if answer["state"] == "assigned" and not answer.get("update"):
            later_ms = now_ms + handle_ms
            return later_ms, CaseResolved(**self._common(rep_id, later_ms), **case)
        if answer["reason"] == "timed_out" and self._staff.is_at_work(_number(rep_id), now_ms):
            # The router takes a rep who missed an offer for absent, until there is a sign of life.
            return now_ms, PresenceChanged(**self._common(rep_id, now_ms), presence="available")
        return None

    def _sign_in(self, number: int, at_ms: int) -> SignedIn:
        skills = [need.name for need in self._queue.skills]
        return SignedIn(
            **self._common(_name(number), at_ms),
            teams=(self._queue.team,),
            skills=tuple(skills),
            skill_levels=dict.fromkeys(skills, HIGHEST_LEVEL),
            capacity=self._staff.capacity,
        )

    def _common(self, rep_id: str, at_ms: int) -> dict[str, Any]:
        self._events += 1
        return {
            "workspace": self._workspace, "event_id": f"event-{self._events}", "rep_id": rep_id, "seq": at_ms,
            "occurred_at": from_ms(at_ms),
        }  # fmt: skip


def _name(number: int) -> str:
    return f"rep-{number + 1}"


def _number(name: str) -> int:
    return int(name.rpartition("-")[2]) - 1
