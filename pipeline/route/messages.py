"""The messages of the router's inputs as the core reads them. Each has the fields that decisions depend on.

The rules of the fields, and all other fields, stand in the contract (`schemas.posts.scored` and
`schemas.people.rep`). `inputs` derives from both what it decodes into, so that each field of an instance here has
kept the rules of the contract. Times are text in the contract's one spelling.
"""

from datetime import datetime
from typing import ClassVar, Literal

from msgspec import Struct

from pipeline.clock import to_ms
from schemas.posts.raw import Visibility
from schemas.posts.scored import TriageAction


class Author(Struct):
    """Whoever wrote a post. All but the id is only handed on."""

    author_id: str
    handle: str | None
    name: str | None
    followers: int | None
    following: int | None
    verified: bool | None
    created_at: str | None


class Triage(Struct):
    """What should be done about a post."""

    action: TriageAction
    queue: str | None
    skills: tuple[str, ...]
    needs: tuple[Struct, ...]
    priority: float
    reasons: tuple[Struct, ...]
    policy_version: int
    by: str | None
    pull_id: str | None


class ScoredPost(Struct):
    """A post of `posts.actionable`, masked."""

    schema_version: int
    workspace: str
    post_id: str
    revision: int
    deleted: bool
    own: bool
    platform: str
    author: Author
    title: str | None
    text: str | None
    created_at: str
    visibility: Visibility
    in_reply_to: str | None
    repost_of: str | None
    quote_of: str | None
    url: str | None
    sentiment: Struct | None
    influence: Struct
    triage: Triage
    appended_ms: int

    @property
    def own_ms(self) -> int:
        """When the post was written, in milliseconds since the epoch."""
        return _ms(self.created_at)


class _RepEvent(Struct):
    type: ClassVar[str]
    """The type by which the contract tells the events apart."""

    schema_version: int
    workspace: str
    event_id: str
    rep_id: str
    sender: str | None
    seq: int
    occurred_at: str

    @property
    def own_ms(self) -> int:
        """When the rep did it by the desktop's clock, in milliseconds since the epoch."""
        return _ms(self.occurred_at)


class SignedIn(_RepEvent):
    """The rep starts work at this desktop."""

    teams: tuple[str, ...]
    skills: tuple[str, ...]
    capacity: int


class PresenceChanged(_RepEvent):
    """The rep takes offers or not."""

    presence: Literal["available", "away"]


class SignedOut(_RepEvent):
    """The rep stops work at this desktop."""


class _Request(_RepEvent):
    case_id: str
    attempt: int


class OfferAccepted(_Request):
    """The rep asks to take an offer."""


class OfferRejected(_Request):
    """The rep does not take the offer."""

    reason: str


class ReplySent(_Request):
    """The rep answered the author."""


class CaseResolved(_Request):
    """The rep closes the case."""

    outcome: str


class PostRevealed(_RepEvent):
    """The rep reads the plain text of a post."""

    post_id: str
    revision: int
    reason: str


class Other(_RepEvent):
    """An event that the router knows and does not act on yet.

    Those below have the fields on which rules of the contract depend.
    """


class CaseTransferred(Other):
    """The rep hands the case on."""

    to_rep: str | None
    to_queue: str | None
    to_team: str | None


class ContactNoted(Other):
    """The customer and the brand were in touch elsewhere."""

    case_id: str | None
    author_id: str | None


class CasesMerged(Other):
    """Two cases are about the same matter."""

    case_id: str
    into: str


class Heartbeat(Other):
    """The desktop is still there."""


class RouteSignal(Struct):
    """A step of reach, mood or customer value of a post or an author."""

    workspace: str
    post_id: str | None
    author_id: str | None
    kind: Literal["reach", "mood", "value", "other"]
    step: int
    at: str

    @property
    def own_ms(self) -> int:
        """When it was observed, in milliseconds since the epoch."""
        return _ms(self.at)


Presence = SignedIn | PresenceChanged | SignedOut
Request = OfferAccepted | OfferRejected | ReplySent | CaseResolved
AnyRepEvent = Presence | Request | PostRevealed | Other
Remembered = ScoredPost | AnyRepEvent
"""Inputs of which a repeat is known. A repeated signal changes nothing anyway."""
Input = Remembered | RouteSignal


def _ms(time: str) -> int:
    return to_ms(datetime.fromisoformat(time))
