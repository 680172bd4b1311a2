"""The brief of a case: what its rep gets to read, namely the newest posts, who wrote them and why they matter.

The texts are those of scored posts, in which personal data is masked already. No plain text passes through here.
"""

import msgspec
from msgspec import Raw, Struct

from pipeline.route.messages import Author, ScoredPost
from pipeline.route.state.brief import MAX_REASONS, Brief
from schemas.posts.raw import Visibility

MAX_POSTS = 10
"""The newest posts, which an assignment carries. They are enough to answer, and the bound holds whatever a
conversation grows to."""
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


class _Opened(Struct, omit_defaults=True, gc=False):
    """The brief of one post, with the fields of `BriefParts` in their order, so that it is written at once."""

    author: Author
    platform: str
    influence: Struct
    sentiment: Struct | None = None
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


def open_brief(post: ScoredPost) -> Brief:
    """Returns the brief of a case that this post opens."""
    opened = _Opened(
        post.author,
        post.platform,
        post.influence,
        post.sentiment,
        (_case_post(post),),
        post.triage.reasons[:MAX_REASONS],
    )
    return Brief(_encode(opened)[1:-1])


def add_post(brief: Brief, post: ScoredPost) -> Brief:
    """Returns the brief with one more post, or with a newer revision of one that it holds.

    The author is described as in the newest post that is not the brand's own.
    """
    parts = brief.parts()
    by_age = [(place, raw) for raw in parts.posts if (place := _place(raw)).post_id != post.post_id]
    by_age.append((_Place(post.created_at, post.post_id), _raw(_case_post(post))))
    parts.posts = [raw for _, raw in sorted(by_age, key=_age)[-MAX_POSTS:]]
    if not post.own:
        parts.author, parts.influence = _raw(post.author), _raw(post.influence)
    return parts.joined()


def drop_post(brief: Brief, post_id: str) -> Brief:
    """Returns the brief without a post that was deleted."""
    parts = brief.parts()
    parts.posts = [raw for raw in parts.posts if _place(raw).post_id != post_id]
    return parts.joined()


def with_lead_post(brief: Brief, post: ScoredPost) -> Brief:
    """Returns the brief of a case whose most urgent post is now this one, which therefore says why to act."""
    parts = brief.parts()
    parts.reasons = _raw(post.triage.reasons[:MAX_REASONS])
    if post.sentiment is not None:
        parts.sentiment = _raw(post.sentiment)
    return parts.joined()


def merged(brief: Brief, other: Brief, *, leads: bool) -> Brief:
    """Returns the brief with the posts of another one, which also says why to act if it `leads`."""
    parts, more = brief.parts(), other.parts()
    by_age = [(_place(raw), raw) for raw in (*parts.posts, *more.posts)]
    parts.posts = [raw for _, raw in sorted(by_age, key=_age)[-MAX_POSTS:]]
    if leads:
        parts.reasons, parts.sentiment = more.reasons, more.sentiment
    return parts.joined()


def parted(brief: Brief, leaving: list[str]) -> tuple[Brief, Brief]:
    """Returns the brief without the posts that leave, and one with these alone.

    Each describes the author of its own newest post. Cases of several people may have been merged before.
    """
    rest, taken = brief.parts(), brief.parts()
    rest.posts = [raw for raw in rest.posts if _place(raw).post_id not in leaving]
    taken.posts = [raw for raw in taken.posts if _place(raw).post_id in leaving]
    for parts in (rest, taken):
        authors = [by.author for by in map(_by, parts.posts) if not by.own]
        parts.author = authors[-1] if authors else parts.author
    return rest.joined(), taken.joined()


def _age(post: tuple[_Place, Raw]) -> _Place:
    return post[0]


def _case_post(post: ScoredPost) -> _CasePost:
    return _CasePost(
        post.post_id,
        post.revision,
        post.author,
        _text(post),
        post.created_at,
        post.visibility,
        post.url,
        post.sentiment,
        post.own,
    )


def _text(post: ScoredPost) -> str | None:
    text = f"{post.title}\n{post.text}" if post.title and post.text else post.title or post.text
    return text[:MAX_TEXT_CHARS] if text else None


def _raw(part: Struct | tuple[Struct, ...]) -> Raw:
    return Raw(_encode(part))
