"""Engagement says how people reacted to somebody's posts. It is what influence is made of."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from schemas.base import AuthorId, Count, Message, PostId, Unknown, UtcDatetime
from schemas.posts.raw import PostMetrics

EngagementKind = Literal["post", "like", "repost", "quote", "reply", "mention", "other"]
"""`post` says that the target wrote the post. It lies in the same topic, so that everything that an author's row
is made of comes in one order."""
EngagementId = Annotated[str, StringConstraints(min_length=1, max_length=250, pattern=r"^[^\s\x00-\x1f\x7f]+$")]


class Engagement(Message):
    """A reaction to a post, a running counter of reactions, or the news of a post.

    It goes to topic `engagements` with key workspace/target_author_id.

    A reaction that is itself a post (a reply, quote or repost) has the id of that post and its kind with a slash
    between, such as `x:17/reply`. Enrich gives this id to what posts show, so a connector that reports the same
    reply must give it too, and the reply counts once.
    """

    engagement_id: EngagementId = Field(
        description="tells one reaction from others; a record with an id that was seen counts once"
    )
    target_author_id: AuthorId = Field(description="author whose post was reacted to")
    post_id: PostId = Field(
        description="post of the target that was reacted to; for a mention the post that mentions the target"
    )
    kind: Annotated[EngagementKind, Unknown("other")] = Field(
        description="what was done; post is the target's own post, and a kind that the reader does not know "
        "counts as other, which weighs nothing"
    )
    mode: Annotated[Literal["event", "counter"], Unknown("event")] = Field(
        default="event",
        description="event for one reaction, counter for the sum of all so far, which replaces the sum before and "
        "never lowers it",
    )
    count: Count = Field(default=1, description="value of a counter; reactions in an event, which is 1 as a rule")
    actor_id: AuthorId | None = Field(
        default=None, description="who reacted; absent for counters, and where the source does not tell"
    )
    created_at: UtcDatetime = Field(
        description="when it happened, when the counter was read, or when the post was written"
    )
    post_created_at: UtcDatetime | None = Field(
        default=None, description="when the target's post was written; absent when the source does not know"
    )
    metrics: PostMetrics | None = Field(
        default=None, description="counters of a post, in a record of kind post only; absent when not stated"
    )
    followers: Count | None = Field(
        default=None, description="accounts that follow the target; absent when not stated"
    )
    verified: bool | None = Field(
        default=None, description="whether the platform vouches for the target; absent when it does not say"
    )

    @model_validator(mode="after")
    def _counters_of_a_post_stand_in_its_record(self) -> "Engagement":
        # Otherwise one record could state two values of one counter.
        if self.metrics is not None and self.kind != "post":
            raise ValueError("metrics belong to records of kind post")
        return self
