"""What a rep asks for about a case, or reports of it. These are rep events, which a case event answers."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from schemas.base import AuthorId, Id, PostId, Slug, Unknown, UtcDatetime
from schemas.people.event import AboutCase, AnyEvent, CaseId, Code, RepId
from schemas.posts.raw import MAX_REVISION


class OfferAccepted(AboutCase):
    """The rep asks to take an offer. Only the `assigned` event makes it true."""

    type: Literal["offer_accepted"] = "offer_accepted"


class OfferRejected(AboutCase):
    """The rep does not take the offer."""

    type: Literal["offer_rejected"] = "offer_rejected"
    reason: Code = Field(default="declined", description="code that says why, in snake_case")


class CasePicked(AnyEvent):
    """The rep asks to take a waiting case of a pull queue. Only the `assigned` event makes it true."""

    type: Literal["case_picked"] = "case_picked"
    case_id: CaseId


class ReplySent(AboutCase):
    """The rep answered the author, in public or in private."""

    type: Literal["reply_sent"] = "reply_sent"
    channel: Annotated[Literal["public", "direct"], Unknown("direct")] = Field(
        description="where the answer was given; a channel that the reader does not know counts as direct"
    )


class CaseResolved(AboutCase):
    """The rep closes the case."""

    type: Literal["case_resolved"] = "case_resolved"
    outcome: Code = Field(default="resolved", description="code of how it ended, in snake_case")


class WrappedUp(AboutCase):
    """The rep has done what a resolved case leaves to do, so that its share of the capacity is free again."""

    type: Literal["wrapped_up"] = "wrapped_up"


class CaseTransferred(AboutCase):
    """The rep hands the case on, to exactly one of a rep, a queue or a team."""

    type: Literal["case_transferred"] = "case_transferred"
    to_rep: RepId | None = Field(default=None, description="rep who shall have it; absent for a queue or team")
    to_queue: Slug | None = Field(
        default=None, description="queue of the policy that shall have it; absent for a rep or team"
    )
    to_team: Slug | None = Field(
        default=None,
        description="team that shall have it, in its first queue of the policy; absent for a rep or queue",
    )
    warm: bool = Field(
        default=False,
        description="whether to_rep is asked first, and the case comes back if it is not accepted; otherwise it "
        "is assigned at once; a queue or team always offers it",
    )
    reason: Code = Field(default="transferred", description="code that says why, in snake_case")

    @model_validator(mode="after")
    def _goes_to_one(self) -> "CaseTransferred":
        # Rules between fields are run on the router's structs too, so that this must read fields only.
        if [self.to_rep, self.to_queue, self.to_team].count(None) != 2:
            raise ValueError("exactly one of to_rep, to_queue and to_team is needed")
        return self


class ConsultStarted(AboutCase):
    """The rep asks another one for advice, who sees the case and owns nothing of it."""

    type: Literal["consult_started"] = "consult_started"
    with_rep: RepId = Field(description="rep who is asked")


class ConsultEnded(AboutCase):
    """The other rep no longer needs to see the case."""

    type: Literal["consult_ended"] = "consult_ended"
    with_rep: RepId = Field(description="rep who was asked")


class CaseHeld(AboutCase):
    """The rep waits for something else than the customer. The clocks of the case run on."""

    type: Literal["case_held"] = "case_held"
    until: UtcDatetime | None = Field(
        default=None, description="when the rep means to go on; absent until case_resumed"
    )


class CustomerAwaited(AboutCase):
    """The customer owes an answer, so that the clocks stand still until the customer's next post."""

    type: Literal["customer_awaited"] = "customer_awaited"


class CaseResumed(AboutCase):
    """The rep goes on with a case that was held or waited for the customer."""

    type: Literal["case_resumed"] = "case_resumed"


class ContactNoted(AnyEvent):
    """The customer and the brand were in touch elsewhere, by phone, e-mail or chat.

    What was said is kept by the system that the note belongs to. The event needs a case, or else an author. An
    unknown `direction` is refused: either known one would start or stop the clocks of a deadline.
    """

    type: Literal["contact_noted"] = "contact_noted"
    case_id: CaseId | None = Field(default=None, description="case that it belongs to; absent when unknown")
    author_id: AuthorId | None = Field(
        default=None, description="author whose newest case it belongs to; needed without a case_id"
    )
    channel: Annotated[Literal["phone", "email", "chat", "other"], Unknown("other")] = Field(
        description="by which way; one that the reader does not know counts as other"
    )
    direction: Literal["in", "out"] = Field(
        description="in counts as a post of the customer, out as an answer of the brand"
    )
    at: UtcDatetime = Field(description="when it happened")
    note_id: Id = Field(description="id of the note in the system that keeps it")

    @model_validator(mode="after")
    def _is_about_somebody(self) -> "ContactNoted":
        if self.case_id is None and self.author_id is None:
            raise ValueError("case_id or author_id is needed")
        return self


class PostRevealed(AnyEvent):
    """The rep reads the plain text of a post. The event is published before the text is shown."""

    type: Literal["post_revealed"] = "post_revealed"
    post_id: PostId
    revision: int = Field(default=0, ge=0, le=MAX_REVISION, description="revision of the post that is read")
    reason: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)] = Field(
        description="why it must be read: a code such as identity_check, or a few words, but never words or "
        "personal data of the post; the case's event repeats a code only"
    )
