"""Joins a post with the customer behind its author, where the company knows one and may link the handle."""

from collections.abc import Callable

from schemas.people.customer import Customer, may_link
from schemas.policy.policy import Policy
from schemas.posts.raw import PostBody

CustomerOf = Callable[[str, str], Customer | None]
"""Returns whom a workspace knows behind an author id, or None."""


def nobody_known(_workspace: str, _author_id: str) -> Customer | None:
    """Stands for a company that has linked nobody."""
    return None


def linked(post: PostBody, policy: Policy | None, customer_of: CustomerOf) -> Customer | None:
    """Returns the customer behind the author of a post.

    The policy is asked for each post, because a link may be older than the policy that forbids it. An id that may
    stand for several people is never linked.
    """
    allowed = may_link(post.platform) if policy is None else policy.may_link(post.platform)
    if not allowed or post.author.anonymous:
        return None
    return customer_of(post.workspace, post.author.author_id)
