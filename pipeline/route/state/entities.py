"""What the router remembers: immutable entities and their changelog keys.

Comes in: fields of validated messages. Goes out: entities. Never here: a change in place, their bytes in the
changelog (`changelog.py`).
"""

from typing import Any, Literal, NamedTuple

import orjson

from schemas.cases.case import CaseState
from schemas.posts.raw import Visibility
from schemas.posts.scored import TriageAction


class Offer(NamedTuple):
    """The offer that a case is in, or was accepted from."""

    rep_id: str
    expires_at_ms: int
    eligible: int
    present: int
    excluded: tuple[tuple[str, int], ...]
    why: tuple[tuple[str, str], ...]
    """Reason code and text: why this case now, why this rep."""


class Case(NamedTuple):
    """An open case, without its texts."""

    workspace: str
    case_id: str
    root_post_id: str
    author_id: str
    queue: str
    team: str
    skills: tuple[str, ...]
    action: TriageAction
    priority: float
    channel: Visibility
    state: CaseState
    attempt: int
    refused: tuple[str, ...]
    """Reps, sorted, who rejected it or let it time out since the last start over."""
    offer: Offer | None
    seq: int
    posts_total: int
    queued_at_ms: int
    respond_by_ms: int
    replied_at_ms: int | None
    updated_at_ms: int
    trace_ms: int


class ContextPost(NamedTuple):
    """One post as the rep will read it; sorts by age."""

    created_at: str
    post_id: str
    text: bytes
    """The CasePost as JSON."""


class Brief(NamedTuple):
    """What a rep reads about a case. JSON pieces, ready to be put into an assignment; rewritten by joins only."""

    platform: str
    author: bytes
    influence: bytes
    sentiment: bytes | None
    reasons: bytes
    posts: tuple[ContextPost, ...]


class Member(NamedTuple):
    """A post that is in an open case; a deleted one stays known, so that a late edit cannot bring it back."""

    case_id: str
    revision: int
    own: bool
    deleted: bool


class Sender(NamedTuple):
    """One desktop of a rep, or an empty name for the events that name none; sorts by name."""

    name: str
    seq: int
    """Of its newest presence event."""
    at_ms: int
    """When that one occurred, by the sender's clock."""
    signed_in: bool


class Rep(NamedTuple):
    """A rep, also while signed out."""

    workspace: str
    rep_id: str
    teams: tuple[str, ...]
    skills: frozenset[str]
    capacity: int
    signed_in: bool
    """At one of the senders at least."""
    available: bool
    not_responding: bool
    """Missed an offer since the last sign of life: gets nothing new."""
    senders: tuple[Sender, ...]
    last_offer_ms: int

    @property
    def present(self) -> bool:
        """Signed in, available and answering."""
        return self.signed_in and self.available and not self.not_responding


class Picks(NamedTuple):
    """How many cases were picked from a queue."""

    total: int


class Seen(NamedTuple):
    """An input that was handled: when, in the router's time."""

    at_ms: int


Entity = Case | Brief | Member | Rep | Picks | Seen
Kind = Literal["case", "brief", "post", "rep", "picks", "seen-post", "seen-rep"]


def key(kind: Kind, workspace: str, name: str) -> str:
    """The changelog key. A workspace has no slash, so the rest is the name whatever it holds."""
    return f"{kind}/{workspace}/{name}"


def piece(fields: Any) -> bytes:
    """JSON to keep: an exact copy, because orjson's own bytes each hold a buffer of 4 KB."""
    return bytes(memoryview(orjson.dumps(fields)))


def context_post(fields: dict[str, Any]) -> ContextPost:
    """A CasePost's JSON fields, in the canonical bytes that survive a restore."""
    return ContextPost(fields["created_at"], fields["post_id"], piece(fields))
