"""What a rep gets to read about a case: the newest posts, who wrote, why it matters.

Comes in: scored posts, already masked. Goes out: `Brief` entities. Never here: plain text, a decision.
"""

from typing import Any

import orjson
from pydantic import BaseModel

from pipeline.clock import to_ms
from pipeline.route.records import rfc3339
from pipeline.route.state.entities import Brief, context_post, piece
from schemas.posts.scored import ScoredPost

MAX_POSTS = 10
"""Newest posts that an assignment carries: enough to answer, and bounded whatever a conversation grows to."""
MAX_TEXT_CHARS = 2000
"""Characters of each post; ten such posts keep an assignment near 20 KB."""


def _plain(model: BaseModel | None) -> Any:
    # Through JSON, so that numbers have the digits that they will have after a restore.
    return None if model is None else orjson.loads(model.model_dump_json(exclude_none=True))


def open_brief(post: ScoredPost) -> Brief:
    """The brief of a case that this post opens."""
    return add_post(led_by(Brief(post.platform, b"", b"", None, b"", ()), post), post)


def add_post(brief: Brief, post: ScoredPost) -> Brief:
    """The brief with one more post, or with a newer revision of one; its writer as described last."""
    author = _plain(post.author)
    text = "\n".join(part for part in (post.title, post.text) if part)
    fields = {
        "post_id": post.post_id,
        "revision": post.revision,
        "author": author,
        "text": text[:MAX_TEXT_CHARS] or None,
        "created_at": rfc3339(to_ms(post.created_at)),
        "visibility": post.visibility,
        "url": post.url,
        "sentiment": _plain(post.sentiment),
        "own": post.own,
    }
    newest = context_post({name: value for name, value in fields.items() if value is not None})
    others = [known for known in brief.posts if known.post_id != post.post_id]
    posts = tuple(sorted([*others, newest])[-MAX_POSTS:])
    if post.own:
        return brief._replace(posts=posts)
    return brief._replace(posts=posts, author=piece(author), influence=piece(_plain(post.influence)))


def drop_post(brief: Brief, post_id: str) -> Brief:
    """The brief without a post that was deleted."""
    return brief._replace(posts=tuple(known for known in brief.posts if known.post_id != post_id))


def led_by(brief: Brief, post: ScoredPost) -> Brief:
    """The brief of a case whose most urgent post is now this one: it says why to act."""
    sentiment = brief.sentiment if post.sentiment is None else piece(_plain(post.sentiment))
    reasons = piece([_plain(reason) for reason in post.triage.reasons])
    return brief._replace(reasons=reasons, sentiment=sentiment)
