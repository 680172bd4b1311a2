"""Names the fields of a policy that this release reads and does not act on, so that nobody relies on one."""

from collections.abc import Iterator

from pydantic import BaseModel

from schemas.policy.plain import Location
from schemas.policy.policy import Policy

UNHEEDED: tuple[tuple[str, ...], ...] = (("link_identity",),)
"""The fields, each as its way through the policy. Whoever makes one work takes it out."""


def unheeded(policy: Policy) -> Iterator[tuple[Location, str]]:
    """Yields each place where the policy says something else than usual in such a field, with a sentence."""
    for way in UNHEEDED:
        for place in _said(policy, way):
            yield place, "this release does not act on it"


def _said(part: object, way: tuple[str, ...]) -> Iterator[Location]:
    if isinstance(part, tuple):
        for at, entry in enumerate(part):
            yield from ((at, *place) for place in _said(entry, way))
    elif isinstance(part, BaseModel):
        field, *rest = way
        value = getattr(part, field)
        if rest:
            yield from ((field, *place) for place in _said(value, tuple(rest)))
        elif value != type(part).model_fields[field].get_default(call_default_factory=True):
            yield (field,)
