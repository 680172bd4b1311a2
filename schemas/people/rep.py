"""RepEvent: what desktops say about the people in the contact centre. Topic `reps.events`, key workspace."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, RootModel, StringConstraints

from schemas.base import Id, Message, PostId, Slug, UtcDatetime
from schemas.posts.raw import MAX_REVISION

RepId = Annotated[Id, Field(description="id of the rep, unique within the workspace")]
CaseId = Annotated[Id, Field(description="id of the case, from the assignment")]
SenderId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\s\x00-\x1f\x7f]+$")]
Attempt = Annotated[int, Field(ge=1, le=10**6, description="attempt of the offer, from the assignment")]


def _type_is_required(schema: dict[str, Any]) -> None:
    """The type has a default for those who construct an event; on the wire it tells the events apart."""
    schema["properties"]["type"].pop("default")
    schema["required"].append("type")


class _RepEvent(Message):
    """What every rep event carries. Duplicates are dropped by `event_id`."""

    model_config = ConfigDict(json_schema_extra=_type_is_required)

    event_id: Id
    rep_id: RepId
    sender: SenderId | None = Field(
        default=None,
        description="the desktop that says it, the same after a restart; without one, all events of the rep that "
        "name none count as one sender's",
    )
    seq: int = Field(ge=0, lt=2**53, description="grows with each event of this rep and sender")
    occurred_at: UtcDatetime


class SignedIn(_RepEvent):
    """The rep starts work at this desktop; replaces what was known about teams, skills and capacity."""

    type: Literal["signed_in"] = "signed_in"
    teams: tuple[Slug, ...] = Field(min_length=1, max_length=50)
    skills: tuple[Slug, ...] = Field(default=(), max_length=50)
    capacity: int = Field(default=3, ge=1, le=100, description="cases held at once, offers included")


class PresenceChanged(_RepEvent):
    """The rep takes offers (available) or not (away), whichever desktop says so; cases already held stay."""

    type: Literal["presence_changed"] = "presence_changed"
    presence: Literal["available", "away"]


class SignedOut(_RepEvent):
    """The rep stops work at this desktop, or, where no sender is named, at every one.

    When it was the last one, open offers and cases without a reply go back to their queues.
    """

    type: Literal["signed_out"] = "signed_out"


class OfferAccepted(_RepEvent):
    """A request to take an offer; only the `assigned` event makes it true."""

    type: Literal["offer_accepted"] = "offer_accepted"
    case_id: CaseId
    attempt: Attempt


class OfferRejected(_RepEvent):
    """The rep does not take the offer."""

    type: Literal["offer_rejected"] = "offer_rejected"
    case_id: CaseId
    attempt: Attempt
    reason: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")] = "declined"


class ReplySent(_RepEvent):
    """The rep answered the author on the case's channel."""

    type: Literal["reply_sent"] = "reply_sent"
    case_id: CaseId
    attempt: Attempt
    channel: Literal["public", "direct"]


class CaseResolved(_RepEvent):
    """The rep closes the case."""

    type: Literal["case_resolved"] = "case_resolved"
    case_id: CaseId
    attempt: Attempt
    outcome: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")] = "resolved"


class PostRevealed(_RepEvent):
    """The rep reads the plain text of a post; published before it is shown.

    `reason` is a code (`identity_check`) or a few words; never words or personal data of the post. The case's
    event repeats a code only.
    """

    type: Literal["post_revealed"] = "post_revealed"
    post_id: PostId
    revision: int = Field(default=0, ge=0, le=MAX_REVISION, description="of the post that is read")
    reason: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


AnyRepEvent = Annotated[
    SignedIn
    | PresenceChanged
    | SignedOut
    | OfferAccepted
    | OfferRejected
    | ReplySent
    | CaseResolved
    | PostRevealed,
    Field(discriminator="type"),
]


class RepEvent(RootModel[AnyRepEvent]):
    """One of the rep events, told apart by `type`."""
