"""What a rep gets to read about a case: the newest posts, who wrote, why it matters.

Comes in: scored posts, already masked. Goes out: `Brief` entities. Never here: plain text, a decision.
"""

from typing import Any

import orjson
from pydantic import BaseModel

from pipeline.route.entities import Brief, ContextPost, context_post
from schemas.enrichment import ScoredPost

MAX_POSTS = 10
"""Newest posts that an assignment carries: enough to answer, and bounded whatever a conversation grows to."""
MAX_TEXT_CHARS = 2000
"""Characters of each post; ten such posts keep an assignment near 20 KB."""


def _plain(model: BaseModel) -> Any:
    # Through JSON, so that numbers have the digits that they will have after a restore.
    return orjson.loads(model.model_dump_json(exclude_none=True))


def _piece(model: BaseModel) -> bytes:
    return orjson.dumps(_plain(model))


def to_context(post: ScoredPost) -> ContextPost:
    """One post as the rep will read it."""
    text = "\n".join(part for part in (post.title, post.text) if part)
    fields = {
        "post_id": post.post_id,
        "revision": post.revision,
        "author": _plain(post.author),
        "text": text[:MAX_TEXT_CHARS] or None,
        "created_at": post.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "visibility": post.visibility,
        "url": post.url,
        "sentiment": None if post.sentiment is None else _plain(post.sentiment),
        "own": post.own,
    }
    return context_post({name: value for name, value in fields.items() if value is not None})


def open_brief(post: ScoredPost) -> Brief:
    """The brief of a case that this post opens."""
    return Brief(
        platform=post.platform,
        author=_piece(post.author),
        influence=_piece(post.influence),
        sentiment=None if post.sentiment is None else _piece(post.sentiment),
        reasons=orjson.dumps([_plain(reason) for reason in post.triage.reasons]),
        posts=(to_context(post),),
    )


def add_post(brief: Brief, post: ScoredPost) -> Brief:
    """The brief with one more post, or with a newer revision of one."""
    others = [known for known in brief.posts if known.post_id != post.post_id]
    return brief._replace(posts=tuple(sorted([*others, to_context(post)])[-MAX_POSTS:]))


def drop_post(brief: Brief, post_id: str) -> Brief:
    """The brief without a post that was deleted."""
    return brief._replace(posts=tuple(known for known in brief.posts if known.post_id != post_id))


def led_by(brief: Brief, post: ScoredPost) -> Brief:
    """The brief of a case whose most urgent post is now this one: it says why to act."""
    leading = open_brief(post)
    sentiment = leading.sentiment if leading.sentiment is not None else brief.sentiment
    return brief._replace(reasons=leading.reasons, sentiment=sentiment)


def written_by(brief: Brief, post: ScoredPost) -> Brief:
    """The brief with the author as the newest post describes them."""
    return brief._replace(author=_piece(post.author), influence=_piece(post.influence))
