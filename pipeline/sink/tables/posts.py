"""Lists the columns of `posts`, and of `refused_posts` for posts that are too old to be kept."""

from collections.abc import Callable
from operator import attrgetter

from pipeline.clock import from_ms
from pipeline.sink.columns import TIME, WORD, WORDS, Column, Source, Table, position
from schemas.posts.raw import PostMetrics
from schemas.posts.scored import ScoredPost

DAY_MS = 86_400_000
REFUSED_TTL = "ttl"
"""A post that is older than the keeping time has this reason. ClickHouse would delete it while it is inserted."""

_NO_METRICS = PostMetrics()
_COUNT, _SHARE = "Nullable(UInt64)", "Nullable(Float32)"
# Times and offsets grow slowly, so their differences pack better; free text is worth a slower, tighter ZSTD.
_SHORT, _LONG, _DELTA = "CODEC(ZSTD(1))", "CODEC(ZSTD(3))", "CODEC(Delta, ZSTD(1))"
_PROBABILITY, _POINTS = "probability, 0..1", "points, 0..100"


def _counter(name: str) -> Column[ScoredPost]:
    value = attrgetter(name)
    return Column(
        name, _COUNT, lambda p, _: value(p.metrics or _NO_METRICS), "when the post was collected", name, _SHORT
    )


def _of_customer(name: str, absent: object) -> Callable[[ScoredPost, Source], object]:
    value = attrgetter(name)

    def of(post: ScoredPost, _: Source) -> object:
        found = None if post.customer is None else value(post.customer)
        return absent if found is None else found

    return of


_POST: tuple[Column[ScoredPost], ...] = (
    Column("workspace", WORD, comment="customer of Earshot for whom the post was collected"),
    Column("created_at", TIME, comment="by the platform, immutable", codec=_DELTA),
    Column("platform", WORD, comment="network that carries the post"),
    Column("post_id", "String", comment="platform:native id", codec=_SHORT),
    Column("revision", "UInt32", comment="0, then grows with each edit"),
    Column("author_id", "String", "author.author_id", "platform:native id of the account", codec=_SHORT),
    Column(
        "author_handle", "String", lambda p, _: p.author.handle or "", "unique name of the account", codec=_SHORT
    ),
    Column("author_name", "String", lambda p, _: p.author.name or "", "name that the account shows", codec=_SHORT),
    Column("author_followers", _COUNT, "author.followers", "they follow the author", "accounts", _SHORT),
    Column("author_following", _COUNT, "author.following", "the author follows them", "accounts", _SHORT),
    Column("author_verified", "Nullable(Bool)", "author.verified", "the platform vouches for the account"),
    Column(
        "author_created_at", f"Nullable({TIME})", "author.created_at", "when the account was opened", codec=_SHORT
    ),
    # A removed post must not go on being read here, whatever its deletion record repeats.
    Column(
        "text",
        "String",
        lambda p, _: "" if p.deleted else p.text or "",
        "masked; empty when the post is deleted",
        codec=_LONG,
    ),
    Column(
        "title",
        "String",
        lambda p, _: "" if p.deleted else p.title or "",
        "masked; empty when the post is deleted or has none",
        codec=_LONG,
    ),
    Column("rating", "Nullable(Float64)", comment="of a review, as given", unit="stars, 0..10"),
    Column("place", "String", lambda p, _: p.place or "", "where the post was written, as stated", codec=_SHORT),
    Column("visibility", WORD, comment="public, direct"),
    Column("in_reply_to", "String", lambda p, _: p.in_reply_to or "", "post_id that it answers", codec=_SHORT),
    Column("repost_of", "String", lambda p, _: p.repost_of or "", "post_id that it passes on", codec=_SHORT),
    Column("quote_of", "String", lambda p, _: p.quote_of or "", "post_id that it quotes", codec=_SHORT),
    Column(
        "conversation_id",
        "String",
        lambda p, _: p.conversation_id or "",
        "same for all posts of a conversation",
        codec=_SHORT,
    ),
    Column("url", "String", lambda p, _: p.url or "", "where the post can be read, masked", codec=_SHORT),
    Column("lang", WORD, lambda p, _: p.lang or "", "as the platform states"),
)

_TEXT_SIGNALS: tuple[Column[ScoredPost], ...] = (
    Column(
        "language",
        WORD,
        lambda p, _: p.language.code if p.language else "",
        "as detected; und: nobody can tell, empty: no text",
    ),
    Column(
        "language_confidence",
        _SHARE,
        lambda p, _: p.language.confidence if p.language else None,
        "of the likeliest language, also where nobody can tell",
        _PROBABILITY,
    ),
    Column(
        "topics", WORDS, lambda p, _: [hit.topic for hit in p.topics], "listening topics that the post concerns"
    ),
    Column(
        "topic_kinds",
        WORDS,
        lambda p, _: [hit.kind for hit in p.topics],
        "brand, product, competitor, topic: of each",
    ),
    Column(
        "intent", WORD, lambda p, _: p.intent.name if p.intent else "", "what the writer wants; empty: no text"
    ),
    Column(
        "intent_confidence",
        _SHARE,
        lambda p, _: p.intent.confidence if p.intent else None,
        "of the intent",
        _PROBABILITY,
    ),
    Column("urgency", _SHARE, comment="0..1, by the words of the text", unit="0..1"),
    Column("urgency_kinds", WORDS, comment="the gravest first"),
    Column("intensity", _SHARE, comment="0..1, how heated the text is", unit="0..1"),
    Column(
        "cluster_id",
        "String",
        lambda p, _: p.cluster.id if p.cluster else "",
        "same for posts with the same text; its size: count by it",
    ),
    Column(
        "copy_kind", WORD, lambda p, _: p.cluster.kind if p.cluster else "", "original, repost, copy, near-copy"
    ),
    Column("spam", _SHARE, lambda p, _: p.spam.score if p.spam else None, "0..1, heuristic", "0..1"),
    Column(
        "spam_reasons", WORDS, lambda p, _: p.spam.reasons if p.spam else (), "signs of spam that the score counts"
    ),
    Column(
        "pii_kinds",
        WORDS,
        lambda p, _: [masked.kind for masked in p.pii],
        "personal data that was masked, in order",
    ),
)

_CIRCUMSTANCES: tuple[Column[ScoredPost], ...] = (
    # NULL is a counter that the platform does not state; 0 is one that it states.
    *(_counter(name) for name in ("likes", "reposts", "replies", "views")),
    Column(
        "received_at",
        TIME,
        comment="append time of the raw record, or created_at on the event clock",
        codec=_DELTA,
    ),
    Column("backfill", "Bool", comment="too old to be worked on when it was received"),
    Column("own", "Bool", comment="written by one of the brand's own handles"),
)

_MODEL_SIGNALS: tuple[Column[ScoredPost], ...] = (
    Column(
        "sentiment", WORD, lambda p, _: p.sentiment.label if p.sentiment else "unread", "unread: nothing to read"
    ),
    Column(
        "p_negative",
        _SHARE,
        lambda p, _: p.sentiment.probabilities.negative if p.sentiment else None,
        "that the writer feels bad about it",
        _PROBABILITY,
    ),
    Column(
        "p_neutral",
        _SHARE,
        lambda p, _: p.sentiment.probabilities.neutral if p.sentiment else None,
        "that the writer shows no feeling",
        _PROBABILITY,
    ),
    Column(
        "p_positive",
        _SHARE,
        lambda p, _: p.sentiment.probabilities.positive if p.sentiment else None,
        "that the writer feels good about it",
        _PROBABILITY,
    ),
    Column("offence", _SHARE, comment="probability that the text is offensive", unit=_PROBABILITY),
    Column("complaint", _SHARE, comment="probability that somebody should solve a problem", unit=_PROBABILITY),
    Column("pressing", _SHARE, comment="probability that somebody must act within the hour", unit=_PROBABILITY),
    Column(
        "sentiment_model",
        WORD,
        lambda p, _: p.sentiment.model if p.sentiment else "",
        "model and revision that read it",
    ),
    Column(
        "sentiment_weak",
        "Bool",
        lambda p, _: p.sentiment.weak if p.sentiment else False,
        "the model was not made for the language",
    ),
)

_DECISION: tuple[Column[ScoredPost], ...] = (
    Column("influence", "Float32", "influence.score", "0..100, 20 points = ten times the engagement", _POINTS),
    Column(
        "influence_confidence",
        "Float32",
        "influence.confidence",
        "0: the profile alone is known, towards 1 with history",
        "0..1",
    ),
    Column(
        "influence_lower", "Float32", "influence.lower_bound", "90 % one-sided lower bound of influence", _POINTS
    ),
    Column("influence_percentile", _SHARE, "influence.percentile", "among the active authors", "percent, 0..100"),
    Column(
        "customer_id",
        "String",
        _of_customer("customer_id", ""),
        "who is behind the handle; empty: nobody is linked",
        codec=_SHORT,
    ),
    Column("customer_kind", WORD, _of_customer("kind", ""), "customer, prospect, lead; empty: nobody is linked"),
    Column("customer_value", _SHARE, _of_customer("value", None), "what they are worth; NULL: not known", "0..1"),
    Column("customer_tier", WORD, _of_customer("tier", ""), "name that the company has for that value"),
    Column("customer_segment", WORD, _of_customer("segment", ""), "group of customers that they belong to"),
    Column(
        "customer_confidence",
        _SHARE,
        _of_customer("confidence", None),
        "that the handle is really theirs",
        _PROBABILITY,
    ),
    Column("customer_source", WORD, _of_customer("source", ""), "how the company knows that"),
    Column("action", WORD, "triage.action", "what should be done; none: nothing"),
    Column("queue", WORD, lambda p, _: p.triage.queue or "", "queue of the policy; empty when the action is none"),
    Column(
        "rule",
        WORD,
        lambda p, _: next((reason.rule for reason in p.triage.reasons if reason.code == "rule"), ""),
        "that decided, or would have without doubt; empty: none",
    ),
    Column(
        "adding_rules",
        WORDS,
        lambda p, _: [reason.rule for reason in p.triage.reasons if reason.code == "adds"],
        "that added something before it",
    ),
    Column("skills", WORDS, "triage.skills", "that a rep must have"),
    Column("tags", WORDS, "triage.tags", "that rules added"),
    Column("priority", "Float32", "triage.priority", "0..100, higher first", _POINTS),
    Column(
        "reason_codes", WORDS, lambda p, _: [reason.code for reason in p.triage.reasons], "why, heaviest first"
    ),
    Column(
        "reason_weights",
        "Array(Float32)",
        lambda p, _: [reason.weight for reason in p.triage.reasons],
        "points of the priority that each reason gave; 0 where it is none of its parts",
    ),
    Column("policy_version", "UInt64", "triage.policy_version", "that decided; 0: no policy was known"),
    Column("pulled_by", WORD, lambda p, _: p.triage.by or "", "who pulled it; empty when the rules decided"),
    Column("pull_id", "String", lambda p, _: p.triage.pull_id or "", "of the pull; empty without", codec=_SHORT),
)

_VERSION: tuple[Column[ScoredPost], ...] = (
    Column("raw_topic", WORD, "source.topic", "raw record that the row was made from"),
    Column("raw_partition", "UInt32", "source.partition", "its partition"),
    Column("raw_offset", "UInt64", "source.offset", "its offset", codec=_DELTA),
    Column(
        "appended_at", TIME, lambda p, _: from_ms(p.appended_ms), "append time of the raw record", codec=_DELTA
    ),
    Column(
        "scored_at",
        TIME,
        lambda _, s: from_ms(s.record.append_ms),
        "append time of the scored record",
        codec=_DELTA,
    ),
    # An edit wins by its revision even if an older record was appended later; see `ScoredPost.ver`.
    Column("ver", "UInt64", comment="revision << 42 | append time of the raw record, ms"),
    Column(
        "is_deleted", "UInt8", lambda p, _: int(p.deleted), "1: the platform removed the post; FINAL hides the row"
    ),
)

POSTS = Table(
    "posts",
    "One row a post under FINAL: of an edit or a deletion the later `ver` counts.",
    ScoredPost,
    (*_POST, *_TEXT_SIGNALS, *_CIRCUMSTANCES, *_MODEL_SIGNALS, *_DECISION, *_VERSION, *position()),
    key=("workspace", "created_at", "platform", "post_id"),
    # Posts of an hour lie together by platform, so that a query by time and platform reads few granules.
    order_by=("workspace", "toStartOfHour(created_at)", "platform", "post_id"),
    partition_by="created_at",
    shard_by="post_id",
    is_deleted="is_deleted",
    indexes=(
        "ix_post post_id TYPE bloom_filter(0.001) GRANULARITY 1",
        "ix_inserted inserted_at TYPE minmax GRANULARITY 1",
        "ix_author author_id TYPE bloom_filter(0.01) GRANULARITY 1",
        "ix_text text TYPE text(tokenizer = splitByNonAlpha, preprocessor = lower(text))",
    ),
)

REFUSED_POSTS = Table(
    "refused_posts",
    "One row a valid post that was not stored, and why. The audit accounts for posts by it.",
    ScoredPost,
    (
        Column("workspace", WORD, comment="customer of Earshot for whom the post was collected"),
        Column("post_id", "String", comment="platform:native id", codec=_SHORT),
        Column("revision", "UInt32", comment="0, then grows with each edit"),
        Column("reason", WORD, lambda _p, _s: REFUSED_TTL, "ttl: older than EARSHOT_SINK__TTL_DAYS at receipt"),
        Column("created_at", TIME, comment="by the platform, immutable", codec=_DELTA),
        Column("ver", "UInt64", comment="revision << 42 | append time of the raw record, ms"),
        # This small table was created without a codec for the offset.
        *position(offset_codec=""),
    ),
    key=("workspace", "post_id", "revision", "reason"),
    shard_by="post_id",
)


def too_old(post: ScoredPost, append_ms: int, ttl_days: int | None) -> bool:
    """Returns whether the keeping time was over when the scored record was appended.

    Its own append time decides and never the clock, so that a repeated batch is refused in the same places.
    """
    if ttl_days is None:
        return False
    return post.created_at <= from_ms(append_ms - ttl_days * DAY_MS)
