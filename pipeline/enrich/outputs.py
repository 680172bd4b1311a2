"""Turns a scored post into the records that enrich writes of it, on each of its topics.

A new topic of enrich is a function here and a line in `records_of`. The agent sends the records and counts them by
topic.
"""

from collections.abc import Iterator

from pipeline.codec import encode
from pipeline.enrich.author.brand import accounts_of
from pipeline.enrich.received import ClockMode
from pipeline.influence.observed import engagements_of
from pipeline.ports.records import Record
from schemas.policy.policy import Policy
from schemas.posts.mention import Mention
from schemas.posts.scored import ScoredPost
from schemas.topics import ACTIONABLE, ENGAGEMENTS, MENTIONS, SCORED, post_key


def records_of(post: ScoredPost, key: bytes | None) -> Iterator[Record]:
    """Yields the records of a scored post.

    Args:
        post: as it was scored.
        key: of its raw record, which `posts.scored` keeps, so that both lie in partitions of the same number.
    """
    value = encode(post)
    yield Record(SCORED.name, key, value)
    if belongs_in_actionable(post):
        yield Record(ACTIONABLE.name, post.workspace.encode(), value)
    for mention in mentions_of(post):
        yield Record(MENTIONS.name, mention_key(mention), encode(mention))


def engagement_records(post: ScoredPost, policy: Policy | None, clock_mode: ClockMode) -> Iterator[Record]:
    """Yields what the post shows of engagement, each record keyed by whom it happened to.

    Args:
        post: as it was scored.
        policy: of its workspace.
        clock_mode: on the event clock nobody knows when the counters of a post were read.
    """
    counted_at = None if clock_mode == "event" else post.received_at
    for engagement in engagements_of(post, own=post.own, brand=accounts_of(policy), counted_at=counted_at):
        yield Record(
            ENGAGEMENTS.name, post_key(engagement.workspace, engagement.target_author_id), encode(engagement)
        )


def belongs_in_actionable(post: ScoredPost) -> bool:
    """Returns whether the post goes to `posts.actionable`.

    It does when triage wants something done. Direct messages, the brand's own posts, replies, quotes, reposts,
    edits and deletions go there too, as context of cases. Backfill never does, because it is stored and not
    worked.
    """
    if post.backfill:
        return False
    return post.triage.action != "none" or _is_context(post)


def _is_context(post: ScoredPost) -> bool:
    related = post.in_reply_to or post.quote_of or post.repost_of
    changed = post.revision > 0 or post.deleted
    return bool(post.visibility == "direct" or post.own or related or changed)


def mentions_of(post: ScoredPost) -> list[Mention]:
    """Returns one mention a topic in the policy's order, and none for a deletion, which has nothing to say."""
    if post.deleted:
        return []
    cluster, sentiment = post.cluster, post.sentiment
    return [
        Mention(
            workspace=post.workspace,
            topic=hit.topic,
            kind=hit.kind,
            post_id=post.post_id,
            revision=post.revision,
            platform=post.platform,
            author_id=post.author.author_id,
            visibility=post.visibility,
            created_at=post.created_at,
            received_at=post.received_at,
            backfill=post.backfill,
            own=post.own,
            sentiment=None if sentiment is None else sentiment.label,
            negative=None if sentiment is None else sentiment.probabilities.negative,
            reach=post.influence.score,
            cluster_id=None if cluster is None else cluster.id,
            copy_kind=None if cluster is None else cluster.kind,
            source=post.source,
            appended_ms=post.appended_ms,
        )
        for hit in post.topics
    ]


def mention_key(mention: Mention) -> bytes:
    """Returns the record key of `mentions`, which puts all mentions of a topic into one partition."""
    return f"{mention.workspace}/{mention.topic}".encode()
