"""Feedback is what a rep corrects about a post: labels that were read wrongly, or what triage should have done.

It goes to topic `feedback` with workspace/post_id as key. Desktops write it, for training to read. It holds no
words of the post.
"""

from typing import Annotated

from pydantic import Field, model_validator

from schemas.base import Id, LanguageCode, Message, Part, PostId, Slug, Unknown, UtcDatetime
from schemas.posts.raw import MAX_REVISION
from schemas.posts.scored import SentimentLabel, TriageAction


class RightLabels(Part):
    """How the post should have been read. A label that is absent was right, or nobody has looked at it."""

    sentiment: Annotated[SentimentLabel, Unknown("neutral")] | None = Field(
        default=None, description="how the writer feels; absent when it is not corrected"
    )
    complaint: bool | None = Field(
        default=None, description="whether somebody should solve a problem; absent when it is not corrected"
    )
    offence: bool | None = Field(
        default=None, description="whether the text is offensive; absent when it is not corrected"
    )
    pressing: bool | None = Field(
        default=None,
        description="whether somebody had to act within about an hour; absent when it is not corrected",
    )
    intent: Slug | None = Field(
        default=None, description="what the writer wants, built in or the policy's own; absent when not corrected"
    )
    topics: tuple[Slug, ...] | None = Field(
        default=None, max_length=50, description="all listening topics that it concerns; absent when not corrected"
    )
    language: LanguageCode | None = Field(
        default=None, description="language of the text; absent when it is not corrected"
    )


class RightTriage(Part):
    """What triage should have done. A part that is absent was right."""

    action: Annotated[TriageAction, Unknown("respond")] | None = Field(
        default=None, description="what should have been done; absent when the action was right"
    )
    queue: Slug | None = Field(
        default=None, description="queue in which the case belongs; absent when the queue was right"
    )
    skills: tuple[Slug, ...] | None = Field(
        default=None, max_length=20, description="all skills that the case needs; absent when they were right"
    )


class Feedback(Message):
    """One correction of one post. A later one by the same rep takes the place of an earlier one."""

    post_id: PostId
    revision: int = Field(
        default=0, ge=0, le=MAX_REVISION, description="revision of the post that the rep has seen"
    )
    by: Id = Field(description="rep who corrects, as desktops name reps")
    at: UtcDatetime
    labels: RightLabels | None = Field(default=None, description="absent when no label is corrected")
    triage: RightTriage | None = Field(default=None, description="absent when triage is not corrected")

    @model_validator(mode="after")
    def _says_something(self) -> "Feedback":
        # A whole part may be right too: it then says that a person has looked and agrees.
        if self.labels is None and self.triage is None:
            raise ValueError("labels or triage must be given")
        return self

    def key(self) -> bytes:
        """Returns the record key."""
        return f"{self.workspace}/{self.post_id}".encode()
