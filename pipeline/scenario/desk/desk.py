"""Simulates the reps of a desk, who think, accept, answer and resolve, now and then miss an offer, and come back.

It takes the assignments of a roster's reps and returns the rep events that follow from each, with their times. It
has no clock, no state and no chance without a seed. The same assignment therefore always gets the same answer, and
a desk that reads its input again sends the same events again, under the same ids.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid5

from pydantic import Field

from pipeline.clock import to_ms
from schemas.base import EARLIEST, Part, Slug, WorkspaceId
from schemas.cases.case import Assignment
from schemas.people.casework import CaseResolved, OfferAccepted, OfferRejected, ReplySent
from schemas.people.event import RepId
from schemas.people.presence import PresenceChanged, SignedIn, SignedOut
from schemas.people.rep import AnyRepEvent

NAMESPACE = UUID("2b8c1f7e-94d3-5a60-8f1b-7c0d5e6a4b92")
"""Namespace of the event ids that the desk derives. Another namespace would give every event another id."""
REJECTS = 0.05
IGNORES = 0.03
"""Shares of the offers that reps reject and miss, chosen so that a demo of a thousand offers shows each path of
the router."""
THINK_S = (20.0, 0.6)
HANDLE_S = (180.0, 0.5)
WRAP_UP_S = (60.0, 0.5)
RETURN_S = (60.0, 0.5)
"""Median in seconds and log-scale spread of the log-normal times to accept, to reply, to resolve after the reply,
and to come back."""
ALWAYS = EARLIEST
"""Time at which everybody signs in on the event clock. It lies before all input, so that it never moves the
clock."""


class RosterRep(Part):
    """A rep of a roster."""

    rep_id: RepId
    teams: tuple[Slug, ...] = Field(min_length=1, max_length=50)
    skills: tuple[Slug, ...] = Field(default=(), max_length=50)
    skill_levels: dict[Slug, Annotated[int, Field(ge=1, le=5)]] = Field(default_factory=dict, max_length=50)
    capacity: int = Field(default=3, ge=1, le=100)


class Roster(Part):
    """The people who work at a simulated desk, as a YAML file names them in `workspace` and `reps`."""

    workspace: WorkspaceId
    reps: tuple[RosterRep, ...] = Field(min_length=1, max_length=10_000)


class Desk:
    """The reps of a roster.

    Args:
        roster: the people who work.
        seed: seed of all chance.
        speed: how many times as fast as life the reps are; 1 is life.
    """

    def __init__(self, roster: Roster, seed: int, speed: float = 1.0) -> None:
        self._roster = roster
        self._seed = seed
        self._speed = speed
        self._rep_ids = frozenset(rep.rep_id for rep in roster.reps)

    @property
    def workspace(self) -> str:
        """The workspace whose cases the reps take."""
        return self._roster.workspace

    def sign_ins(self, at: datetime) -> list[AnyRepEvent]:
        """Returns the events with which everybody starts work at that time."""
        return [
            SignedIn(
                **self._common(rep.rep_id, f"signed_in/{rep.rep_id}/{to_ms(at)}", at),
                teams=rep.teams,
                skills=rep.skills,
                skill_levels=rep.skill_levels,
                capacity=rep.capacity,
            )
            for rep in self._roster.reps
        ]

    def sign_outs(self, at: datetime) -> list[AnyRepEvent]:
        """Returns the events with which everybody stops work at that time."""
        return [
            SignedOut(**self._common(rep.rep_id, f"signed_out/{rep.rep_id}/{to_ms(at)}", at))
            for rep in self._roster.reps
        ]

    def answer(self, assignment: Assignment) -> Sequence[AnyRepEvent]:
        """Returns what the rep does about an assignment, in order of time; nothing if it belongs to another
        desk."""
        if assignment.workspace != self._roster.workspace or assignment.rep_id not in self._rep_ids:
            return ()
        if assignment.update:  # the rep reads on, and does nothing twice
            return ()
        # A string seeds by SHA-512, which gives the same chance in every process and on every machine.
        chance = random.Random(f"{self._seed}/{assignment.assignment_id}")  # noqa: S311
        if assignment.state == "offered":
            return self._offered(assignment, chance)
        if assignment.state == "assigned":
            return self._assigned(assignment, chance)
        if assignment.reason == "timed_out":
            later = self._later(assignment.decided_at, RETURN_S, chance)
            return [PresenceChanged(**self._about(assignment, "back", later), presence="available")]
        return ()

    def _offered(self, offer: Assignment, chance: random.Random) -> Sequence[AnyRepEvent]:
        mood = chance.random()
        if mood < IGNORES:
            return ()
        common = self._about(offer, "answer", self._later(offer.decided_at, THINK_S, chance))
        common |= {"case_id": offer.case_id, "attempt": offer.attempt}
        return [OfferRejected(**common) if mood < IGNORES + REJECTS else OfferAccepted(**common)]

    def _assigned(self, assigned: Assignment, chance: random.Random) -> Sequence[AnyRepEvent]:
        case = {"case_id": assigned.case_id, "attempt": assigned.attempt}
        replied = self._later(assigned.decided_at, HANDLE_S, chance)
        resolved = self._later(replied, WRAP_UP_S, chance)
        return [
            ReplySent(**self._about(assigned, "reply", replied), **case, channel=assigned.channel),
            CaseResolved(**self._about(assigned, "resolve", resolved), **case),
        ]

    def _later(self, start: datetime, time_s: tuple[float, float], chance: random.Random) -> datetime:
        median_s, spread = time_s
        delay_s = median_s * chance.lognormvariate(0.0, spread) / self._speed
        return start + timedelta(milliseconds=max(1, round(delay_s * 1000)))

    def _about(self, assignment: Assignment, what: str, at: datetime) -> dict[str, Any]:
        return self._common(assignment.rep_id, f"{what}/{assignment.assignment_id}", at)

    def _common(self, rep_id: str, name: str, at: datetime) -> dict[str, Any]:
        return {
            "workspace": self._roster.workspace,
            "event_id": str(uuid5(NAMESPACE, f"{self._seed}/{self._roster.workspace}/{name}")),
            "rep_id": rep_id,
            # The time stands in for the place of the event in the rep's day. Whoever sends the events numbers them
            # in the order of sending.
            "seq": to_ms(at),
            "occurred_at": at,
        }
