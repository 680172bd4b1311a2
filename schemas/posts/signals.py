"""What the text of a post is about: topics, intent, copies, spam, personal data. These are parts of ScoredPost.

Positions count characters (Unicode code points) of the masked text or title. The start is inclusive and the end
exclusive.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from schemas.base import Part, Probability, Slug, Unknown, UtcDatetime

TopicKind = Literal["brand", "product", "competitor", "topic"]
IntentName = Literal[
    "complaint", "question", "praise", "recommendation", "suggestion", "purchase", "leaving", "job", "investor",
    "press-legal", "other",
]  # fmt: skip
"""The built-in intents. A `suggestion` may be an idea for a product, a `purchase` is an interest in buying, and
`leaving` covers switching to another brand."""
UrgencyKind = Literal["safety", "self-harm", "stranded", "outage", "fraud", "cancelled", "legal"]
CopyKind = Literal["original", "repost", "copy", "near-copy"]
SpamReason = Literal["repeated_text", "posting_rate", "new_account_with_links", "follows_many", "many_brands"]
PersonalDataKind = Literal["phone", "email", "card", "iban", "national-id", "address", "number"]
"""A `number` is an order, account or other number that matches a pattern of the policy."""


class Span(Part):
    """A span is a place in the masked title or text of the post."""

    field: Annotated[Literal["title", "text"], Unknown("text")] = Field(
        default="text", description="where it stands; a field that the reader does not know counts as text"
    )
    start: int = Field(ge=0, description="first character, counted in Unicode code points from 0")
    end: int = Field(gt=0, description="character after the last, in Unicode code points; greater than start")

    @model_validator(mode="after")
    def _has_length(self) -> "Span":
        # An empty place marks nothing, and a reader that cuts texts by it would go astray.
        if self.end <= self.start:
            raise ValueError("end must be greater than start")
        return self


class TopicHit(Part):
    """A listening topic of the policy that the post concerns, and the words by which it does."""

    topic: Slug = Field(description="name of the listening topic")
    kind: Annotated[TopicKind, Unknown("topic")] = Field(
        description="what the listening topic is; a kind that the reader does not know counts as topic"
    )
    at: tuple[Span, ...] = Field(
        min_length=1, max_length=20, description="where its words stand, the first 20 places"
    )


class Intent(Part):
    """What the writer wants."""

    name: Slug = Field(
        description="complaint, question, praise, recommendation, suggestion, purchase, leaving, job, investor, "
        "press-legal or other, or the name of one of the policy's own intents"
    )
    confidence: Probability = Field(description="probability from 0 to 1 that this is what the writer wants")
    own: bool = Field(default=False, description="whether it is one of the policy's own intents")


class Cluster(Part):
    """A cluster holds posts of one workspace that have the same or nearly the same text, within 24 hours.

    The id follows from the content, so that every worker gives the same one without asking another. `size` and
    `first_seen` are what one worker has seen. The whole cluster is all that has the id.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")] = Field(
        description="id of the cluster, a hash of workspace and content in 16 hexadecimal digits"
    )
    kind: Annotated[CopyKind, Unknown("copy")] = Field(
        description="what this post is in the cluster: the original, a repost, the same text (copy), or nearly "
        "the same text (near-copy); a kind that the reader does not know counts as copy"
    )
    size: int = Field(
        ge=1, description="posts of the cluster so far, this one included, as far as this worker has seen them"
    )
    first_seen: UtcDatetime = Field(description="when the first of these posts was received")


class Spam(Part):
    """How much a post looks like spam or like a bot, by a heuristic. A post is never dropped for it."""

    score: Probability = Field(description="from 0 (nothing points to spam) to 1; not a calibrated probability")
    reasons: Annotated[tuple[SpamReason, ...], Unknown(None)] = Field(
        default=(),
        max_length=10,
        description="what points to spam; empty when nothing does; leave out what you do not know",
    )


class PersonalData(Part):
    """Personal data that was masked, so that for example `[phone]` stands in its place."""

    kind: Annotated[PersonalDataKind, Unknown("number")] = Field(
        description="kind of personal data; a kind that the reader does not know counts as number"
    )
    name: Slug | None = Field(
        default=None, description="name of the policy's number pattern that matched; absent for all other kinds"
    )
    at: Span = Field(description="where the replacement stands")
