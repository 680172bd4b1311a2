"""Rows of `posts`, and of `refused_posts` for those that are too old to be kept."""

from collections.abc import Callable, Mapping

from pipeline.clock import from_ms
from pipeline.sink.rows import POSITION, Source, Table
from schemas.posts.raw import PostMetrics
from schemas.posts.scored import ScoredPost

Value = Callable[[ScoredPost, Source], object]
DAY_MS = 86_400_000

_NO_METRICS = PostMetrics()

_POST: Mapping[str, Value] = {
    "workspace": lambda p, _: p.workspace,
    "created_at": lambda p, _: p.created_at,
    "platform": lambda p, _: p.platform,
    "post_id": lambda p, _: p.post_id,
    "revision": lambda p, _: p.revision,
    "author_id": lambda p, _: p.author.author_id,
    "author_handle": lambda p, _: p.author.handle or "",
    "author_name": lambda p, _: p.author.name or "",
    "author_followers": lambda p, _: p.author.followers,
    "author_following": lambda p, _: p.author.following,
    "author_verified": lambda p, _: p.author.verified,
    "author_created_at": lambda p, _: p.author.created_at,
    # A removed post must not go on being read here, whatever its deletion record repeats.
    "text": lambda p, _: "" if p.deleted else p.text or "",
    "title": lambda p, _: "" if p.deleted else p.title or "",
    "rating": lambda p, _: p.rating,
    "place": lambda p, _: p.place or "",
    "visibility": lambda p, _: p.visibility,
    "in_reply_to": lambda p, _: p.in_reply_to or "",
    "repost_of": lambda p, _: p.repost_of or "",
    "quote_of": lambda p, _: p.quote_of or "",
    "conversation_id": lambda p, _: p.conversation_id or "",
    "url": lambda p, _: p.url or "",
    "lang": lambda p, _: p.lang or "",
    "likes": lambda p, _: (p.metrics or _NO_METRICS).likes,
    "reposts": lambda p, _: (p.metrics or _NO_METRICS).reposts,
    "replies": lambda p, _: (p.metrics or _NO_METRICS).replies,
    "views": lambda p, _: (p.metrics or _NO_METRICS).views,
    "received_at": lambda p, _: p.received_at,
    "backfill": lambda p, _: p.backfill,
    "own": lambda p, _: p.own,
}

_SIGNALS: Mapping[str, Value] = {
    "sentiment": lambda p, _: p.sentiment.label if p.sentiment else "unread",
    "p_negative": lambda p, _: p.sentiment.probabilities.negative if p.sentiment else None,
    "p_neutral": lambda p, _: p.sentiment.probabilities.neutral if p.sentiment else None,
    "p_positive": lambda p, _: p.sentiment.probabilities.positive if p.sentiment else None,
    "offence": lambda p, _: p.offence,
    "complaint": lambda p, _: p.complaint,
    "sentiment_model": lambda p, _: p.sentiment.model if p.sentiment else "",
    "sentiment_weak": lambda p, _: p.sentiment.weak if p.sentiment else False,
    "language": lambda p, _: p.language.code if p.language else "",
    "language_confidence": lambda p, _: p.language.confidence if p.language else None,
    "topics": lambda p, _: [hit.topic for hit in p.topics],
    "topic_kinds": lambda p, _: [hit.kind for hit in p.topics],
    "intent": lambda p, _: p.intent.name if p.intent else "",
    "intent_confidence": lambda p, _: p.intent.confidence if p.intent else None,
    "urgency": lambda p, _: p.urgency,
    "urgency_kinds": lambda p, _: p.urgency_kinds,
    "intensity": lambda p, _: p.intensity,
    "cluster_id": lambda p, _: p.cluster.id if p.cluster else "",
    "copy_kind": lambda p, _: p.cluster.kind if p.cluster else "",
    "spam": lambda p, _: p.spam.score if p.spam else None,
    "spam_reasons": lambda p, _: p.spam.reasons if p.spam else (),
    "pii_kinds": lambda p, _: [one.kind for one in p.pii],
    "influence": lambda p, _: p.influence.score,
    "influence_confidence": lambda p, _: p.influence.confidence,
    "influence_lower": lambda p, _: p.influence.lower_bound,
    "influence_percentile": lambda p, _: p.influence.percentile,
    "action": lambda p, _: p.triage.action,
    "queue": lambda p, _: p.triage.queue or "",
    "skills": lambda p, _: p.triage.skills,
    "priority": lambda p, _: p.triage.priority,
    "reason_codes": lambda p, _: [reason.code for reason in p.triage.reasons],
    "reason_weights": lambda p, _: [reason.weight for reason in p.triage.reasons],
    "policy_version": lambda p, _: p.triage.policy_version,
}

_VERSION: Mapping[str, Value] = {
    "raw_topic": lambda p, _: p.source.topic,
    "raw_partition": lambda p, _: p.source.partition,
    "raw_offset": lambda p, _: p.source.offset,
    "appended_at": lambda p, _: from_ms(p.appended_ms),
    "scored_at": lambda _, s: from_ms(s.record.append_ms),
    "ver": lambda p, _: p.ver,
    "is_deleted": lambda p, _: int(p.deleted),
}

POSTS = Table(
    "posts",
    ScoredPost,
    {**_POST, **_SIGNALS, **_VERSION, **POSITION},
    key=("workspace", "created_at", "platform", "post_id"),
    is_deleted="is_deleted",
)

REFUSED_POSTS = Table(
    "refused_posts",
    ScoredPost,
    {
        "workspace": lambda p, _: p.workspace,
        "post_id": lambda p, _: p.post_id,
        "revision": lambda p, _: p.revision,
        "reason": lambda _p, _s: REFUSED_TTL,
        "created_at": lambda p, _: p.created_at,
        "ver": lambda p, _: p.ver,
        **POSITION,
    },
    key=("workspace", "post_id", "revision", "reason"),
)

REFUSED_TTL = "ttl"
"""Reason of a post that is older than the keeping time: ClickHouse would delete it while it is inserted."""


def too_old(post: ScoredPost, append_ms: int, ttl_days: int | None) -> bool:
    """Whether the keeping time was over when the scored record was appended.

    Judged by the record's own append time, never by the clock: a repeated batch is refused in the same places.
    """
    if ttl_days is None:
        return False
    return post.created_at <= from_ms(append_ms - ttl_days * DAY_MS)
