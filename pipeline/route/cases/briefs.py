"""The brief of a case: what its rep gets to read, namely the newest posts, who wrote them and why they matter.

The texts are those of scored posts, in which personal data is masked already. No plain text passes through here.
"""

from typing import Any

import orjson
from pydantic import BaseModel

from pipeline.clock import to_ms
from pipeline.route.records import rfc3339
from pipeline.route.state.entities import Brief, context_post, json_copy
from schemas.posts.scored import ScoredPost

MAX_POSTS = 10
"""The newest posts, which an assignment carries. They are enough to answer, and the bound holds whatever a
conversation grows to."""
MAX_TEXT_CHARS = 2000
"""Each post is cut to so many characters, so that ten of them make an assignment of about 20 KB."""


def _plain(model: BaseModel | None) -> Any:
    # Through JSON, so that numbers have the digits that they will have after a restore. Otherwise the assignment
    # of a restored router would differ in a byte.
    return None if model is None else orjson.loads(model.model_dump_json(exclude_none=True))


def open_brief(post: ScoredPost) -> Brief:
    """Returns the brief of a case that this post opens."""
    return add_post(with_lead_post(Brief(post.platform, b"", b"", None, b"", ()), post), post)


def add_post(brief: Brief, post: ScoredPost) -> Brief:
    """Returns the brief with one more post, or with a newer revision of one that it holds.

    The author is described as in the newest post that is not the brand's own.
    """
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
    others = [other for other in brief.posts if other.post_id != post.post_id]
    posts = tuple(sorted([*others, newest])[-MAX_POSTS:])
    if post.own:
        return brief._replace(posts=posts)
    return brief._replace(posts=posts, author=json_copy(author), influence=json_copy(_plain(post.influence)))


def drop_post(brief: Brief, post_id: str) -> Brief:
    """Returns the brief without a post that was deleted."""
    return brief._replace(posts=tuple(post for post in brief.posts if post.post_id != post_id))


def with_lead_post(brief: Brief, post: ScoredPost) -> Brief:
    """Returns the brief of a case whose most urgent post is now this one, which therefore says why to act."""
    sentiment = brief.sentiment if post.sentiment is None else json_copy(_plain(post.sentiment))
    reasons = json_copy([_plain(reason) for reason in post.triage.reasons])
    return brief._replace(reasons=reasons, sentiment=sentiment)
