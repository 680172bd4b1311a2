"""Recognises the posts of the brand itself, which are context of cases and never become work."""

import re
from functools import lru_cache

from schemas.policy.policy import Brand, Policy
from schemas.posts.raw import PostBody

_ON_PLATFORM = re.compile(r"([a-z][a-z0-9_]{0,31}):(.+)", re.DOTALL)
"""Matches a `PlatformName` and a handle on it. The handle may have colons of its own."""


def is_own(post: PostBody, brand: Brand) -> bool:
    """Returns whether one of the brand's accounts wrote the post.

    An account is known by its author id, or by its platform and its handle in any case.

    A handle of the brand on a platform where the brand did not name it may be an impostor's, so it is no proof.
    """
    author = post.author
    if author.author_id in _as_set(brand.author_ids):
        return True
    if author.handle is None:
        return False
    # The platform belongs to the account: a brand's handle elsewhere may be an impostor's.
    return (post.platform, _folded(author.handle)) in _handles(brand.handles, brand.author_ids)


def accounts_of(policy: Policy | None) -> frozenset[str]:
    """Returns the author ids of all brands of a workspace, as far as its policy names them by id."""
    if policy is None:
        return frozenset()
    return _as_set(tuple(account for brand in policy.all_brands for account in brand.author_ids))


def bare(handle: str) -> bool:
    """Returns whether a handle of a brand names no platform."""
    return _ON_PLATFORM.fullmatch(handle) is None


@lru_cache(maxsize=4096)
def _as_set(author_ids: tuple[str, ...]) -> frozenset[str]:
    return frozenset(author_ids)


@lru_cache(maxsize=4096)
def _handles(handles: tuple[str, ...], author_ids: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    """Returns platform and handle of each account. A bare handle counts on every platform with an author id."""
    platforms = {author_id.partition(":")[0] for author_id in author_ids}
    accounts: set[tuple[str, str]] = set()
    for handle in handles:
        match = _ON_PLATFORM.fullmatch(handle)
        if match is None:
            accounts |= {(platform, _folded(handle)) for platform in platforms}
        else:
            accounts.add((match[1], _folded(match[2])))
    return frozenset(accounts)


def _folded(handle: str) -> str:
    return handle.lstrip("@").casefold()
