"""Who the brand itself is: its posts are context of cases, and never become work.

In: a post and the brand of its workspace's policy. Out: yes or no. Never here: state.
"""

import re
from functools import lru_cache

from schemas.policy.policy import Brand
from schemas.posts.raw import PostBody

_ON_PLATFORM = re.compile(r"([a-z][a-z0-9_]{0,31}):(.+)", re.DOTALL)
"""A `PlatformName` and a handle on it, which may have colons of its own."""


def is_own(post: PostBody, brand: Brand) -> bool:
    """Whether one of the brand's accounts wrote the post: by author id, or by platform and handle in any case.

    A handle of the brand on a platform where the brand did not name it may be an impostor's, so it is no proof.
    """
    author = post.author
    if author.author_id in _as_set(brand.author_ids):
        return True
    if author.handle is None:
        return False
    return (post.platform, _folded(author.handle)) in _handles(brand.handles, brand.author_ids)


def bare(handle: str) -> bool:
    """Whether a handle of a brand says no platform."""
    return _ON_PLATFORM.fullmatch(handle) is None


@lru_cache(maxsize=4096)
def _as_set(author_ids: tuple[str, ...]) -> frozenset[str]:
    return frozenset(author_ids)


@lru_cache(maxsize=4096)
def _handles(handles: tuple[str, ...], author_ids: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    """(platform, handle) of each account."""
    known = {author_id.partition(":")[0] for author_id in author_ids}
    found: set[tuple[str, str]] = set()
    for handle in handles:
        named = _ON_PLATFORM.fullmatch(handle)
        if named is None:
            found |= {(platform, _folded(handle)) for platform in known}
        else:
            found.add((named[1], _folded(named[2])))
    return frozenset(found)


def _folded(handle: str) -> str:
    return handle.lstrip("@").casefold()
