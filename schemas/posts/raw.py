"""RawPost is what connectors publish. An optional field that is absent is unknown, and never means zero."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from schemas.base import AuthorId, Count, Message, Part, PlatformName, PostId, ShortText, Unknown, UtcDatetime

MAX_TEXT_CHARS = 65_536
"""A text has at most so many characters. Facebook allows 63,206 in a post, more than any other network does."""
MAX_REVISION = 2**20 - 1
"""A revision is at most this, because it shares the 64-bit row version with a time of 42 bits
(`ScoredPost.ver`)."""

Text = Annotated[str, StringConstraints(max_length=MAX_TEXT_CHARS)]
Handle = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Visibility = Literal["public", "direct"]


class Author(Part):
    """The account that wrote the post, as the platform described it at that moment."""

    author_id: AuthorId
    handle: Handle | None = Field(
        default=None,
        description="name in the account's address, such as ann_b; absent where the platform has none",
    )
    name: ShortText | None = Field(default=None, description="name that is shown; absent when not stated")
    followers: Count | None = Field(default=None, description="accounts that follow it; absent when not stated")
    following: Count | None = Field(default=None, description="accounts that it follows; absent when not stated")
    verified: bool | None = Field(
        default=None, description="whether the platform vouches for the account; absent when it does not say"
    )
    created_at: UtcDatetime | None = Field(
        default=None, description="when the account was made; absent when not stated"
    )
    anonymous: bool | None = Field(
        default=None,
        description="true when the platform hides who wrote it, so that this id may stand for several people; "
        "absent when it does not",
    )


class PostMetrics(Part):
    """The post's running counters at the moment when it was fetched. An absent counter is unknown, not zero."""

    likes: Count | None = Field(default=None, description="likes, favourites or upvotes; absent when not stated")
    reposts: Count | None = Field(default=None, description="times it was passed on; absent when not stated")
    replies: Count | None = Field(default=None, description="answers to it; absent when not stated")
    views: Count | None = Field(default=None, description="times it was shown; absent when not stated")


class Reply(Part):
    """What the platform allows as an answer to the post. A part that is absent is not known."""

    allowed: bool = Field(description="whether the brand may answer through the platform's interface")
    reason: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")] | None = Field(
        default=None, description="code that says why, such as window_over; absent when not stated"
    )
    until: UtcDatetime | None = Field(
        default=None, description="last moment for an answer; absent when there is none"
    )
    max_graphemes: int | None = Field(
        default=None, ge=1, le=10**6, description="longest answer in characters as people count them"
    )
    cost: float | None = Field(
        default=None, ge=0, le=10**6, description="price of an answer in the platform's own unit"
    )


class PostBody(Message):
    """The fields that a raw and a scored post share: identity, place in the conversation, circumstances."""

    post_id: PostId
    revision: int = Field(
        default=0, ge=0, le=MAX_REVISION, description="0 for the post as first written, then grows with each edit"
    )
    deleted: bool = Field(default=False, description="whether the platform has removed the post")
    platform: PlatformName = Field(description="network that it was written on, the first part of its ids")
    author: Author
    text: Text | None = Field(default=None, description="what was written; absent when there is none")
    title: ShortText | None = Field(default=None, description="title of a review or thread; absent when none")
    rating: float | None = Field(
        default=None,
        ge=0,
        le=10,
        description="stars of a review from 0 to 10, as given; absent when it is no review",
    )
    place: ShortText | None = Field(
        default=None, description="shop or location of a review; absent when not stated"
    )
    created_at: UtcDatetime = Field(description="when the post was written, by the platform")
    visibility: Annotated[Visibility, Unknown("direct")] = Field(
        default="public",
        description="direct for a private message to the brand, public for everything else; a visibility that the "
        "reader does not know counts as direct, so that nobody answers it in public",
    )
    in_reply_to: PostId | None = Field(
        default=None, description="post that it answers; absent when it answers none"
    )
    repost_of: PostId | None = Field(
        default=None, description="post that it passes on unchanged; absent when it is no repost"
    )
    quote_of: PostId | None = Field(
        default=None, description="post that it comments on; absent when it quotes none"
    )
    in_reply_to_author: AuthorId | None = Field(
        default=None, description="author of in_reply_to; absent when not stated"
    )
    repost_of_author: AuthorId | None = Field(
        default=None, description="author of repost_of; absent when not stated"
    )
    quote_of_author: AuthorId | None = Field(
        default=None, description="author of quote_of; absent when not stated"
    )
    conversation_id: PostId | None = Field(
        default=None, description="post with which the conversation began; absent when not stated"
    )
    url: Annotated[str, StringConstraints(max_length=2000)] | None = Field(
        default=None, description="address at which a person can see it; absent when it has none"
    )
    lang: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")] | None = Field(
        default=None, description="language tag (BCP 47) that the platform states; absent when it states none"
    )
    metrics: PostMetrics | None = Field(default=None, description="counters of the post; absent when not stated")
    reply: Reply | None = Field(
        default=None, description="what the platform allows as an answer; absent when the source does not know"
    )

    @model_validator(mode="after")
    def _ids_name_the_platform(self) -> "PostBody":
        # Otherwise two platforms could use one id, and the posts of two people would be taken for those of one.
        prefix = f"{self.platform}:"
        for name, value in (("post_id", self.post_id), ("author.author_id", self.author.author_id)):
            if not value.startswith(prefix):
                raise ValueError(f"{name} must start with the platform's name: {prefix}")
        return self


class RawPost(PostBody):
    """A public or direct message as it was received, topic `posts.raw`. No other message holds plain text.

    It must have a text, a title or a rating, unless it is deleted or a repost. Its `post_id` and
    `author.author_id` must begin with its `platform`.
    """

    @model_validator(mode="after")
    def _has_content(self) -> "RawPost":
        # A deletion has lost its text, and a repost may be a mere pointer to its original.
        if (
            not (self.deleted or self.repost_of)
            and self.text is None
            and self.title is None
            and self.rating is None
        ):
            raise ValueError("text, title or rating is needed unless the post is deleted or a repost")
        return self
