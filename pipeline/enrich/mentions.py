"""Which listening topics a scored post concerns, as records of `mentions`.

In: a ScoredPost. Out: a Mention for each topic. Never here: words, names.
"""

from schemas.posts.mention import Mention
from schemas.posts.scored import ScoredPost


def mentions_of(post: ScoredPost) -> list[Mention]:
    """One mention a topic, in the policy's order; none for a deletion, which has nothing to say."""
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
    """Record key of `mentions`: all of a topic lie in one partition."""
    return f"{mention.workspace}/{mention.topic}".encode()
