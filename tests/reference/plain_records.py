"""What the plain router remembers and says."""

from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.people.casework import CaseResolved, OfferAccepted, OfferRejected, ReplySent

STALE = {
    "offer_accepted": "stale_accept",
    "offer_rejected": "stale_reject",
    "reply_sent": "stale_reply",
    "case_resolved": "stale_resolve",
}


class Said(NamedTuple):
    """A step of a case: what happened, to the case that this post opened, and why."""

    what: str
    post_id: str
    reason: str
    rep_id: str | None = None
    attempt: int | None = None


class Offer(NamedTuple):
    """An offer with its end, and how many reps could or could not have had it."""

    post_id: str
    rep_id: str
    attempt: int
    expires_ms: int
    eligible: int
    present: int
    excluded: tuple[tuple[str, int], ...]


@dataclass
class Sender:
    """What one desktop said last about presence."""

    seq: int
    occurred_ms: int
    is_in: bool


@dataclass
class Rep:
    """A person, from the first sign-in on."""

    rep_id: str
    senders: dict[str | None, Sender] = field(default_factory=dict)
    teams: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    capacity: int = 0
    available: bool = False
    missed: int = 0
    last_offer_ms: int = -1

    @property
    def is_in(self) -> bool:
        return any(sender.is_in for sender in self.senders.values())

    @property
    def kind(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Picks are counted by reps of the same teams and skills."""
        return tuple(sorted(set(self.teams))), tuple(sorted(set(self.skills)))


@dataclass
class Case:
    """A case, from the post that opened it on."""

    post_id: str
    queue: str
    team: str
    skills: tuple[str, ...]
    priority: float
    queued_ms: int
    state: str = "waiting"
    attempt: int = 0
    rep_id: str | None = None
    expires_ms: int = 0
    replied: bool = False
    refused: dict[str, int] = field(default_factory=dict)
    """When each rep refused it, who has not been asked again since."""


class GivenUp(Exception):
    """A record that becomes a dead letter, with its code."""


def refusal(event: OfferAccepted | OfferRejected | ReplySent | CaseResolved, case: Case) -> str:
    """Returns why an open case does not obey the request, or nothing."""
    about_offer = isinstance(event, OfferAccepted | OfferRejected)
    # The offer that it names is over.
    if event.attempt < case.attempt or (event.attempt == case.attempt and case.state == "waiting"):
        return STALE[event.type]
    if event.attempt > case.attempt:
        return "not_offered" if about_offer else "not_assigned"
    if case.rep_id != event.rep_id:
        return "wrong_rep"
    if about_offer:
        return "" if case.state == "offered" else "not_offered"
    return "" if case.state == "assigned" else "not_assigned"
