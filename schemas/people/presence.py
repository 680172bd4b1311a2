"""Who is at work, at which desktop, for which teams. These are rep events."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Slug, Unknown
from schemas.people.event import AnyEvent


class SignedIn(AnyEvent):
    """The rep starts work at this desktop. The event replaces the rep's teams, skills and capacity of before."""

    type: Literal["signed_in"] = "signed_in"
    teams: tuple[Slug, ...] = Field(
        min_length=1,
        max_length=50,
        description="teams whose cases the rep takes, as the policy's queues name them",
    )
    skills: tuple[Slug, ...] = Field(default=(), max_length=50, description="skills that the rep has")
    skill_levels: dict[Slug, Annotated[int, Field(ge=1, le=5)]] = Field(
        default_factory=dict,
        max_length=50,
        description="level from 1 to 5 of those of skills that are above 1; a skill without an entry has level 1",
    )
    capacity: int = Field(
        default=3, ge=1, le=100, description="most cases that the rep has at once, offers included"
    )


class PresenceChanged(AnyEvent):
    """The rep takes offers or not, whichever desktop says so. Cases that the rep already has stay with the rep."""

    type: Literal["presence_changed"] = "presence_changed"
    presence: Annotated[Literal["available", "away"], Unknown("away")] = Field(
        description="available takes offers; away keeps the cases and gets no new ones; a presence that the "
        "reader does not know counts as away"
    )


class SignedOut(AnyEvent):
    """The rep stops work at this desktop, or at every desktop when no sender is named.

    After the last one, open offers and cases without a reply go back to their queues. The policy may say that all
    cases do (`sign_out_release`).
    """

    type: Literal["signed_out"] = "signed_out"


class Heartbeat(AnyEvent):
    """The desktop is still there, once a minute. It says nothing about the rep, who may have left the desk.

    A desktop that has ever sent one must go on, or it counts as signed out once the policy's lease has ended. One
    that never sent any has no lease.
    """

    type: Literal["heartbeat"] = "heartbeat"
