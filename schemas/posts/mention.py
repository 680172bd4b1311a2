"""Mention: one post concerns one listening topic. What trends count: ids and numbers, no words and no names."""

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
    UtcDatetime,
)
from schemas.posts.raw import MAX_REVISION, Visibility
from schemas.posts.scored import SentimentLabel
from schemas.posts.signals import CopyKind, TopicKind


class Mention(Message):
    """Topic `mentions`, key workspace/topic. A re-delivered raw record gives the same mention again.

    Count distinct (post_id), the highest `revision`; authors and clusters rather than posts where copies matter.
    """

    topic: Slug
    kind: TopicKind
    post_id: PostId
    revision: int = Field(default=0, ge=0, le=MAX_REVISION)
    platform: PlatformName
    author_id: AuthorId
    visibility: Visibility = Field(description="direct messages count, but must not be shown one by one")
    created_at: UtcDatetime
    received_at: UtcDatetime
    backfill: bool = False
    own: bool = Field(default=False, description="written by the brand itself")
    sentiment: SentimentLabel | None = None
    negative: Probability | None = Field(default=None, description="probability; absent without text to read")
    reach: float = Field(ge=0, le=100, description="influence score of the author")
    cluster_id: str | None = Field(default=None, pattern=r"^[0-9a-f]{16}$")
    copy_kind: CopyKind | None = Field(default=None, description="as the worker that scored it saw the cluster")
    source: SourcePosition = Field(
        description="the raw record: with post_id and topic the identity of the mention"
    )
    appended_ms: EpochMs = Field(description="append time of the raw record")
