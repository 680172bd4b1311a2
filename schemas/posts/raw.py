"""RawPost: what connectors publish. Optional means absent, never zero."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from schemas.base import AuthorId, Count, Message, Part, PlatformName, PostId, ShortText, UtcDatetime

MAX_TEXT_CHARS = 65_536
"""Longest text: Facebook allows 63,206 characters in a post, more than any other network."""
MAX_REVISION = 2**20 - 1
"""Highest revision: it shares the 64-bit row version with a 42-bit time (see `ScoredPost.ver`)."""

Text = Annotated[str, StringConstraints(max_length=MAX_TEXT_CHARS)]
Handle = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Visibility = Literal["public", "direct"]


class Author(Part):
    """The account that wrote the post, as the platform described it at that moment."""

    author_id: AuthorId
    handle: Handle | None = None
    name: ShortText | None = None
    followers: Count | None = None
    following: Count | None = None
    verified: bool | None = None
    created_at: UtcDatetime | None = None


class PostMetrics(Part):
    """Running counters of the post at the time it was read."""

    likes: Count | None = None
    reposts: Count | None = None
    replies: Count | None = None
    views: Count | None = None


class PostBody(Message):
    """What a raw and a scored post share: identity, place in the conversation, circumstances."""

    post_id: PostId
    revision: int = Field(default=0, ge=0, le=MAX_REVISION, description="grows with each edit")
    deleted: bool = Field(default=False, description="true: the platform removed the post")
    platform: PlatformName
    author: Author
    text: Text | None = None
    title: ShortText | None = None
    rating: float | None = Field(default=None, ge=0, le=10, description="stars of a review, as given")
    place: ShortText | None = None
    created_at: UtcDatetime
    visibility: Visibility = "public"
    in_reply_to: PostId | None = None
    repost_of: PostId | None = None
    quote_of: PostId | None = None
    conversation_id: PostId | None = None
    url: Annotated[str, StringConstraints(max_length=2000)] | None = None
    lang: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")] | None = Field(
        default=None, description="BCP 47 tag that the platform states"
    )
    metrics: PostMetrics | None = None

    @model_validator(mode="after")
    def _ids_name_the_platform(self) -> "PostBody":
        prefix = f"{self.platform}:"
        for name, value in (("post_id", self.post_id), ("author.author_id", self.author.author_id)):
            if not value.startswith(prefix):
                raise ValueError(f"{name} must start with the platform's name: {prefix}")
        return self


class RawPost(PostBody):
    """One public or direct message as received. The only message with plain text: topic `posts.raw`."""

    @model_validator(mode="after")
    def _has_content(self) -> "RawPost":
        if (
            not (self.deleted or self.repost_of)
            and self.text is None
            and self.title is None
            and self.rating is None
        ):
            raise ValueError("text, title or rating is needed unless the post is deleted or a repost")
        return self
