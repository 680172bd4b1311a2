"""The engagement that a post shows by itself: that it was written, and whom it answers, quotes or passes on."""

from collections.abc import Container, Iterator
from datetime import datetime, timedelta

from schemas.posts.engagement import Engagement, EngagementKind
from schemas.posts.raw import PostBody

FRESH = timedelta(hours=1)
"""Counters that were read so soon after a post was written say nothing about what it will get."""


def engagements_of(
    post: PostBody, *, own: bool = False, brand: Container[str] = (), counted_at: datetime | None = None
) -> Iterator[Engagement]:
    """Yields a record for the author, and one for each author whom the post engages.

    There is one record for a post with its counters inside, and none for a post that only passes another on.
    Private messages, deletions, the brand's own posts and those of anonymous authors give none.

    Args:
        post: public or not, masked or not.
        own: whether one of the brand's accounts wrote it.
        brand: ids of these accounts, whose influence is nobody's question.
        counted_at: when its counters were read; None when that is unknown, as on the event clock, and they count.
    """
    if own or post.deleted or post.visibility == "direct" or post.author.anonymous:
        return
    if post.repost_of is None or post.quote_of is not None:
        fresh = counted_at is not None and counted_at - post.created_at < FRESH
        yield Engagement(
            workspace=post.workspace,
            engagement_id=f"{post.post_id}/post",
            target_author_id=post.author.author_id,
            post_id=post.post_id,
            kind="post",
            created_at=post.created_at,
            post_created_at=post.created_at,
            metrics=None if fresh else post.metrics,
            followers=post.author.followers,
            verified=post.author.verified,
        )
    engaged: tuple[tuple[EngagementKind, str | None, str | None], ...] = (
        ("reply", post.in_reply_to, post.in_reply_to_author),
        ("quote", post.quote_of, post.quote_of_author),
        ("repost", post.repost_of, post.repost_of_author),
    )
    for kind, target, author in engaged:
        if target is not None and author is not None and author != post.author.author_id and author not in brand:
            yield Engagement(
                workspace=post.workspace,
                engagement_id=f"{post.post_id}/{kind}",
                target_author_id=author,
                post_id=target,
                kind=kind,
                actor_id=post.author.author_id,
                created_at=post.created_at,
            )
