"""RepEvent is what a desktop says about a rep. It goes to topic `reps.events` with the workspace as key."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, RootModel, StringConstraints

from schemas.base import Id, Message, PostId, Slug, UtcDatetime
from schemas.posts.raw import MAX_REVISION

RepId = Annotated[Id, Field(description="id of a rep, unique within the workspace")]
CaseId = Annotated[Id, Field(description="id of the case, as the assignment has it")]
SenderId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\s\x00-\x1f\x7f]+$")]
Attempt = Annotated[
    int, Field(ge=1, le=10**6, description="number of the case's offer, from 1, as the assignment has it")
]


def _type_is_required(schema: dict[str, Any]) -> None:
    """Makes the type required on the wire, where it tells the events apart; code that makes an event leaves it
    out."""
    # A validator would otherwise take an event without a type, which the router cannot tell apart.
    schema["properties"]["type"].pop("default")
    schema["properties"]["type"]["description"] = "tells this event from the others"
    schema["required"].append("type")


class _RepEvent(Message):
    """The fields that every rep event carries."""

    model_config = ConfigDict(json_schema_extra=_type_is_required)

    event_id: Id = Field(description="id of the event, unique within the workspace; a repeated one is ignored")
    rep_id: RepId
    sender: SenderId | None = Field(
        default=None,
        description="name of the desktop that sends the event, the same after a restart; when absent, all events "
        "of the rep without a sender count as those of one desktop",
    )
    # Below 2**53, because a desktop written in JavaScript would round a larger number.
    seq: int = Field(
        ge=0, lt=2**53, description="number that grows with each event of this rep and sender; gaps are allowed"
    )
    occurred_at: UtcDatetime = Field(description="when the rep did it, by the desktop's clock")


class SignedIn(_RepEvent):
    """The rep starts work at this desktop. The event replaces the rep's teams, skills and capacity of before."""

    type: Literal["signed_in"] = "signed_in"
    teams: tuple[Slug, ...] = Field(
        min_length=1,
        max_length=50,
        description="teams whose cases the rep takes, as the policy's queues name them",
    )
    skills: tuple[Slug, ...] = Field(default=(), max_length=50, description="skills that the rep has")
    capacity: int = Field(
        default=3, ge=1, le=100, description="most cases that the rep has at once, offers included"
    )


class PresenceChanged(_RepEvent):
    """The rep takes offers or not, whichever desktop says so. Cases that the rep already has stay with the rep."""

    type: Literal["presence_changed"] = "presence_changed"
    presence: Literal["available", "away"] = Field(
        description="available takes offers; away keeps the cases and gets no new ones"
    )


class SignedOut(_RepEvent):
    """The rep stops work at this desktop, or at every desktop when no sender is named.

    After the last one, open offers and cases without a reply go back to their queues. The policy may say that all
    cases do (`sign_out_release`).
    """

    type: Literal["signed_out"] = "signed_out"


class OfferAccepted(_RepEvent):
    """The rep asks to take an offer. Only the `assigned` event makes it true."""

    type: Literal["offer_accepted"] = "offer_accepted"
    case_id: CaseId
    attempt: Attempt


class OfferRejected(_RepEvent):
    """The rep does not take the offer."""

    type: Literal["offer_rejected"] = "offer_rejected"
    case_id: CaseId
    attempt: Attempt
    reason: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")] = Field(
        default="declined", description="code that says why, in snake_case"
    )


class ReplySent(_RepEvent):
    """The rep answered the author on the case's channel."""

    type: Literal["reply_sent"] = "reply_sent"
    case_id: CaseId
    attempt: Attempt
    channel: Literal["public", "direct"] = Field(description="where the answer was given")


class CaseResolved(_RepEvent):
    """The rep closes the case."""

    type: Literal["case_resolved"] = "case_resolved"
    case_id: CaseId
    attempt: Attempt
    outcome: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")] = Field(
        default="resolved", description="code of how it ended, in snake_case"
    )


class PostRevealed(_RepEvent):
    """The rep reads the plain text of a post. The event is published before the text is shown."""

    type: Literal["post_revealed"] = "post_revealed"
    post_id: PostId
    revision: int = Field(default=0, ge=0, le=MAX_REVISION, description="revision of the post that is read")
    reason: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)] = Field(
        description="why it must be read: a code such as identity_check, or a few words, but never words or "
        "personal data of the post; the case's event repeats a code only"
    )


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
    """One of the rep events, which `type` tells apart. The key of the record is the workspace."""
