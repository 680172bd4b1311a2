"""Who the brand itself is: its posts are context of cases, and never become work.

In: a post and the brand of its workspace's policy. Out: yes or no. Never here: state.
"""

from functools import lru_cache

from schemas.policy import Brand
from schemas.post import PostBody


def is_own(post: PostBody, brand: Brand) -> bool:
    """Whether one of the brand's accounts wrote the post, by author id or handle (any case, without @)."""
    author = post.author
    if author.author_id in _as_set(brand.author_ids):
        return True
    return author.handle is not None and _handle(author.handle) in _handles(brand.handles)


@lru_cache(maxsize=4096)
def _as_set(author_ids: tuple[str, ...]) -> frozenset[str]:
    return frozenset(author_ids)


@lru_cache(maxsize=4096)
def _handles(handles: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_handle(handle) for handle in handles)


def _handle(handle: str) -> str:
    return handle.lstrip("@").casefold()
