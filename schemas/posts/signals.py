"""What the text of a post is about: topics, intent, copies, spam, personal data. Parts of ScoredPost.

Positions are characters (Unicode code points) of the masked text or title, start inclusive, end exclusive.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from schemas.base import Part, Probability, Slug, UtcDatetime

TopicKind = Literal["brand", "product", "competitor", "topic"]
IntentName = Literal[
    "complaint", "question", "praise", "recommendation", "suggestion", "purchase", "leaving", "job", "investor",
    "press-legal", "other",
]  # fmt: skip
"""The built-in intents. `suggestion`: or product idea; `purchase`: interest in buying; `leaving`: or switching."""
UrgencyKind = Literal["safety", "self-harm", "stranded", "outage", "fraud", "cancelled", "legal"]
CopyKind = Literal["original", "repost", "copy", "near-copy"]
SpamReason = Literal["repeated_text", "posting_rate", "new_account_with_links", "follows_many", "many_brands"]
PersonalDataKind = Literal["phone", "email", "card", "iban", "national-id", "address", "number"]
"""`number`: an order, account or other number by a pattern of the policy."""


class Span(Part):
    """A place in the post."""

    field: Literal["title", "text"] = "text"
    start: int = Field(ge=0)
    end: int = Field(gt=0)

    @model_validator(mode="after")
    def _has_length(self) -> "Span":
        if self.end <= self.start:
            raise ValueError("end must be greater than start")
        return self


class TopicHit(Part):
    """A listening topic of the policy that the post concerns, and by which words."""

    topic: Slug
    kind: TopicKind
    at: tuple[Span, ...] = Field(min_length=1, max_length=20, description="where; the first 20 places")


class Intent(Part):
    """What the writer wants."""

    name: Slug = Field(description="a built-in intent (see the documentation), or one of the policy's own")
    confidence: Probability
    own: bool = Field(default=False, description="true: an intent of the workspace's policy")


class Cluster(Part):
    """Posts of one workspace with the same text, or nearly the same, within 24 h.

    The id follows from the content: every worker finds the same one without asking another. Size and first_seen
    are what this worker has seen; the whole cluster is what has the id.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
    kind: CopyKind
    size: int = Field(ge=1, description="posts of the cluster so far, this one included, as this worker saw them")
    first_seen: UtcDatetime = Field(description="when its first post was received")


class Spam(Part):
    """Heuristic score of spam or a bot; never a reason to drop a post."""

    score: Probability
    reasons: tuple[SpamReason, ...] = Field(default=(), max_length=10)


class PersonalData(Part):
    """Something that was masked: `[phone]` stands there instead."""

    kind: PersonalDataKind
    name: Slug | None = Field(default=None, description="of the policy's pattern, where it was one")
    at: Span
