"""The brief of a case: what its rep gets to read, namely the newest posts, who wrote them and why they matter.

The texts are those of scored posts, in which personal data is masked already. No plain text passes through here.

Of the posts, one led the case to its place: it has the highest priority of all, and what is said about the case
(its reasons, its sentiment, its scores) is said about that one. The newest post of the contact says whom to
answer, and what the platform allows as an answer.
"""

import msgspec
from msgspec import Raw, Struct

from pipeline.route.messages import Author, Reply, ScoredPost
from pipeline.route.state.brief import MAX_REASONS, NOTHING, Brief, BriefParts
from schemas.posts.raw import Visibility

MAX_POSTS = 10
"""The newest posts, which an assignment carries, and the one that led. They are enough to answer, and the bound
holds whatever a conversation grows to."""
MAX_TEXT_CHARS = 2000
"""Each post is cut to so many characters, so that ten of them make an assignment of about 20 KB."""

_encode = msgspec.json.Encoder().encode


class _CasePost(Struct, omit_defaults=True, gc=False):
    """A CasePost of the contract, made of parts that were checked when they were read.

    It is made with positional arguments, which takes a fifth of the time of names. None stands for what is absent.
    """

    post_id: str
    revision: int
    author: Author
    text: str | None = None
    created_at: str | None = None
    visibility: Visibility | None = None
    url: str | None = None
    sentiment: Struct | None = None
    own: bool | None = None
    chars: int | None = None


class _Scores(Struct, omit_defaults=True, gc=False):
    """The Scores of the contract."""

    priority: float
    urgency: float | None = None
    """Above 0."""
    pressing: float | None = None
    complaint: float | None = None
    offence: float | None = None
    intent: str | None = None
    language: str | None = None


class _Opened(Struct, omit_defaults=True, gc=False):
    """The brief of one post, with the fields of `BriefParts` in their order, so that it is written at once."""

    author: Author
    platform: str
    influence: Struct
    led_by: str
    sentiment: Struct | None = None
    scores: _Scores | None = None
    reply: Reply | None = None
    posts: tuple[_CasePost, ...] = ()
    reasons: tuple[Struct, ...] | None = None


class _Place(Struct, order=True, frozen=True, gc=False):
    """What orders the posts of a case: their age, then their id."""

    created_at: str
    post_id: str


_place = msgspec.json.Decoder(_Place).decode


class _By(Struct, gc=False):
    """Who wrote a post of the case."""

    author: Raw
    own: bool = False


_by = msgspec.json.Decoder(_By).decode
_scores = msgspec.json.Decoder(_Scores).decode
_reply = msgspec.json.Decoder(Reply).decode


def open_brief(post: ScoredPost) -> Brief:
    """Returns the brief of a case that this post opens."""
    opened = _Opened(
        post.author,
        post.platform,
        post.influence,
        post.post_id,
        post.sentiment,
        _scores_of(post),
        post.reply,
        (_case_post(post),),
        post.triage.reasons[:MAX_REASONS],
    )
    return Brief(_encode(opened)[1:-1])


def add_post(brief: Brief, post: ScoredPost, priority: float) -> Brief:
    """Returns the brief with one more post, or with a newer revision of one that it holds.

    Args:
        brief: that of the case before.
        post: what joins it.
        priority: that of the case before, which the post must exceed where nothing is known of the one that led.
    """
    parts = brief.parts()
    by_age = [(place, raw) for raw in parts.posts if (place := _place(raw)).post_id != post.post_id]
    place = _Place(post.created_at, post.post_id)
    if not post.own:
        if not any(other > place and not _by(raw).own for other, raw in by_age):
            parts.author, parts.platform, parts.influence = _raw(post.author), post.platform, _raw(post.influence)
            parts.reply = NOTHING if post.reply is None else _raw(post.reply)
        if _leads(post, parts, priority):
            _lead(parts, post)
    _keep(parts, [*by_age, (place, _raw(_case_post(post)))])
    return parts.joined()


def drop_post(brief: Brief, post_id: str) -> Brief:
    """Returns the brief without a post that was deleted."""
    return parted(brief, [post_id])[0]


def merged(brief: Brief, other: Brief, *, leads: bool) -> Brief:
    """Returns the brief with the posts of another one, which also says why to act if it `leads`."""
    parts, more = brief.parts(), other.parts()
    if leads:
        parts.led_by, parts.scores = more.led_by, more.scores
        parts.reasons, parts.sentiment = more.reasons, more.sentiment
    if _newest([*parts.posts, *more.posts]) != _newest(parts.posts):
        parts.author, parts.platform, parts.influence = more.author, more.platform, more.influence
        parts.reply = more.reply
    _keep(parts, [(_place(raw), raw) for raw in (*parts.posts, *more.posts)])
    return parts.joined()


def parted(brief: Brief, leaving: list[str]) -> tuple[Brief, Brief]:
    """Returns the brief without the posts that leave, and one with these alone.

    Each describes the author of its own newest post. Cases of several people may have been merged before.
    """
    rest, taken = brief.parts(), brief.parts()
    newest = _newest(rest.posts)
    rest.posts = [raw for raw in rest.posts if _place(raw).post_id not in leaving]
    taken.posts = [raw for raw in taken.posts if _place(raw).post_id in leaving]
    for parts in (rest, taken):
        authors = [by.author for by in map(_by, parts.posts) if not by.own]
        parts.author = authors[-1] if authors else parts.author
        if _newest(parts.posts) != newest:
            parts.reply = NOTHING
    without = rest if rest.led_by in leaving else taken
    without.led_by, without.scores = None, NOTHING
    return rest.joined(), taken.joined()


def reply_ends_ms(brief: Brief) -> int | None:
    """Returns when the platform takes no more answers, as `Reply.ends_ms`; None where nothing is known of it."""
    reply = brief.reply
    return _reply(reply).ends_ms if reply else None


def _leads(post: ScoredPost, parts: BriefParts, priority: float) -> bool:
    """Whether the post has the highest priority of all. Of equal ones the first keeps the lead, as last edited."""
    most = _scores(parts.scores).priority if parts.led_by else priority
    return post.triage.priority > most or (post.triage.priority == most and post.post_id == parts.led_by)


def _lead(parts: BriefParts, post: ScoredPost) -> None:
    """Lets the post say why to act."""
    parts.led_by, parts.scores = post.post_id, _raw(_scores_of(post))
    parts.reasons = _raw(post.triage.reasons[:MAX_REASONS])
    parts.sentiment = NOTHING if post.sentiment is None else _raw(post.sentiment)


def _keep(parts: BriefParts, posts: list[tuple[_Place, Raw]]) -> None:
    """Keeps the newest of the posts, and the one that led."""
    posts.sort(key=_age)
    old, new = posts[:-MAX_POSTS], posts[-MAX_POSTS:]
    led = [post for post in old if post[0].post_id == parts.led_by]
    parts.posts = [raw for _, raw in ([*led, *new[1:]] if led else new)]


def _newest(posts: list[Raw]) -> str | None:
    """Returns the id of the newest of the posts that are not the brand's own."""
    newest = max((_place(raw) for raw in posts if not _by(raw).own), default=None)
    return None if newest is None else newest.post_id


def _age(post: tuple[_Place, Raw]) -> _Place:
    return post[0]


def _case_post(post: ScoredPost) -> _CasePost:
    text = f"{post.title}\n{post.text}" if post.title and post.text else post.title or post.text
    long = text is not None and len(text) > MAX_TEXT_CHARS
    return _CasePost(
        post.post_id,
        post.revision,
        post.author,
        text[:MAX_TEXT_CHARS] if text else None,
        post.created_at,
        post.visibility,
        post.url,
        post.sentiment,
        post.own,
        len(text) if text is not None and long else None,
    )


def _scores_of(post: ScoredPost) -> _Scores:
    return _Scores(
        post.triage.priority,
        post.urgency or None,
        post.pressing,
        post.complaint,
        post.offence,
        None if post.intent is None else post.intent.name,
        None if post.language is None else post.language.code,
    )


def _raw(part: Struct | tuple[Struct, ...]) -> Raw:
    return Raw(_encode(part))
