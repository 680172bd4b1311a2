"""Mention says that a post concerns a listening topic. Trends count mentions, which hold ids and numbers, but
neither words nor names."""

from typing import Annotated

from pydantic import Field

from schemas.base import (
    AuthorId,
    EpochMs,
    Message,
    PlatformName,
    PostId,
    Probability,
    Slug,
    SourcePosition,
    Unknown,
    UtcDatetime,
)
from schemas.posts.raw import MAX_REVISION, Visibility
from schemas.posts.scored import SentimentLabel
from schemas.posts.signals import CopyKind, TopicKind


class Mention(Message):
    """A mention says that a post concerns a listening topic. It goes to topic `mentions` with key workspace/topic.

    A raw record that is delivered again gives the same mention again. Count each `post_id` once, with its highest
    `revision`. Where copies matter, count authors and clusters rather than posts.
    """

    topic: Slug = Field(description="name of the listening topic in the workspace's policy")
    kind: Annotated[TopicKind, Unknown("topic")] = Field(
        description="what the listening topic is; a kind that the reader does not know counts as topic"
    )
    post_id: PostId
    revision: int = Field(
        default=0, ge=0, le=MAX_REVISION, description="revision of the post, which grows with each edit"
    )
    platform: PlatformName = Field(description="network that the post was written on")
    author_id: AuthorId
    visibility: Annotated[Visibility, Unknown("direct")] = Field(
        description="public or direct; direct messages count, but must not be shown one by one, and neither must "
        "those of a visibility that the reader does not know"
    )
    created_at: UtcDatetime = Field(description="when the post was written, by the platform")
    received_at: UtcDatetime = Field(
        description="append time of the raw record; on the event clock the time of writing"
    )
    backfill: bool = Field(default=False, description="whether the post was already old when it was received")
    own: bool = Field(default=False, description="whether the brand itself wrote the post")
    sentiment: Annotated[SentimentLabel, Unknown("neutral")] | None = Field(
        default=None,
        description="likeliest sentiment of the text; absent when there is no text to read; a label that the "
        "reader does not know counts as neutral",
    )
    negative: Probability | None = Field(
        default=None, description="probability from 0 to 1 that the text is negative; absent when there is no text"
    )
    reach: float = Field(ge=0, le=100, description="influence score of the author, from 0 to 100")
    cluster_id: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{16}$",
        description="shared by posts with the same or nearly the same text; absent when there is too little text",
    )
    copy_kind: Annotated[CopyKind, Unknown("copy")] | None = Field(
        default=None,
        description="what the post is in its cluster, as far as its worker has seen it; absent without a cluster; "
        "a kind that the reader does not know counts as copy",
    )
    source: SourcePosition = Field(
        description="the raw record, which together with post_id and topic is the identity of the mention"
    )
    appended_ms: EpochMs = Field(description="append time of the raw record, in milliseconds since 1970-01-01 UTC")
