"""What the router remembers: immutable entities, their changelog keys, JSON out and back.

Comes in: fields of validated messages. Goes out: entities; bytes for `route.state`. Never here: a change in place,
a format that depends on the order in which something was added.
"""

from typing import Any, Literal, NamedTuple

import orjson

from schemas.case import CaseState
from schemas.enrichment import TriageAction
from schemas.post import Visibility


class Offer(NamedTuple):
    """The offer that a case is in, or was accepted from."""

    rep_id: str
    expires_at_ms: int
    eligible: int
    present: int
    excluded: tuple[tuple[str, int], ...]
    why: tuple[tuple[str, str], ...]
    """Reason code and text: why this case now, why this rep."""


class Case(NamedTuple):
    """An open case, without its texts."""

    workspace: str
    case_id: str
    root_post_id: str
    author_id: str
    queue: str
    team: str
    skills: tuple[str, ...]
    action: TriageAction
    priority: float
    channel: Visibility
    state: CaseState
    attempt: int
    refused: tuple[str, ...]
    """Reps, sorted, who rejected it or let it time out since the last start over."""
    offer: Offer | None
    seq: int
    posts_total: int
    queued_at_ms: int
    respond_by_ms: int
    replied_at_ms: int | None
    updated_at_ms: int
    trace_ms: int


class ContextPost(NamedTuple):
    """One post as the rep will read it; sorts by age."""

    created_at: str
    post_id: str
    text: bytes
    """The CasePost as JSON."""


class Brief(NamedTuple):
    """What a rep reads about a case. JSON pieces, ready to be put into an assignment; rewritten by joins only."""

    platform: str
    author: bytes
    influence: bytes
    sentiment: bytes | None
    reasons: bytes
    posts: tuple[ContextPost, ...]


class Member(NamedTuple):
    """A post that is in an open case; a deleted one stays known, so that a late edit cannot bring it back."""

    case_id: str
    revision: int
    own: bool
    deleted: bool


class Rep(NamedTuple):
    """A rep, also while signed out."""

    workspace: str
    rep_id: str
    teams: tuple[str, ...]
    skills: frozenset[str]
    capacity: int
    signed_in: bool
    available: bool
    not_responding: bool
    """Missed an offer since the last sign of life: gets nothing new."""
    presence_seq: int
    presence_at_ms: int
    last_offer_ms: int

    @property
    def present(self) -> bool:
        """Signed in, available and answering."""
        return self.signed_in and self.available and not self.not_responding


class Picks(NamedTuple):
    """How many cases were picked from a queue."""

    total: int


class Seen(NamedTuple):
    """An input that was handled: when, in the router's time."""

    at_ms: int


Entity = Case | Brief | Member | Rep | Picks | Seen
Kind = Literal["case", "brief", "post", "rep", "picks", "seen-post", "seen-rep"]


def key(kind: Kind, workspace: str, name: str) -> str:
    """The changelog key. A workspace has no slash, so the rest is the name whatever it holds."""
    return f"{kind}/{workspace}/{name}"


def encode(entity: Entity) -> bytes:
    """JSON that `decode` turns into an equal entity."""
    fields: dict[str, Any] = entity._asdict()
    if isinstance(entity, Case) and entity.offer is not None:
        fields["offer"] = entity.offer._asdict()
    elif isinstance(entity, Rep):
        fields["skills"] = sorted(entity.skills)
    elif isinstance(entity, Brief):
        for name in ("author", "influence", "reasons"):
            fields[name] = orjson.Fragment(fields[name])
        fields["sentiment"] = None if entity.sentiment is None else orjson.Fragment(entity.sentiment)
        fields["posts"] = [orjson.Fragment(post.text) for post in entity.posts]
    return orjson.dumps(fields)


def decode(entity_key: str, value: bytes) -> Entity:
    """The entity that `encode` wrote under that key.

    Raises:
        ValueError: the kind is unknown or the value is not JSON; TypeError: fields are missing or unknown.
    """
    kind = entity_key.split("/", 1)[0]
    fields: dict[str, Any] = orjson.loads(value)
    if kind == "case":
        return _case(fields)
    if kind == "brief":
        return _brief(fields)
    if kind == "rep":
        return Rep(**fields | {"teams": tuple(fields["teams"]), "skills": frozenset(fields["skills"])})
    if kind == "post":
        return Member(**fields)
    if kind == "picks":
        return Picks(**fields)
    if kind in ("seen-post", "seen-rep"):
        return Seen(**fields)
    raise ValueError(f"unknown kind of changelog entry: {kind}")


def piece(fields: Any) -> bytes:
    """JSON to keep: an exact copy, because orjson's own bytes each hold a buffer of 4 KB."""
    return bytes(memoryview(orjson.dumps(fields)))


def _case(fields: dict[str, Any]) -> Case:
    offer = fields["offer"]
    if offer is not None:
        pairs = {name: tuple((pair[0], pair[1]) for pair in offer[name]) for name in ("excluded", "why")}
        fields["offer"] = Offer(**offer | pairs)
    return Case(**fields | {"skills": tuple(fields["skills"]), "refused": tuple(fields["refused"])})


def _brief(fields: dict[str, Any]) -> Brief:
    sentiment = fields["sentiment"]
    return Brief(
        platform=fields["platform"],
        author=piece(fields["author"]),
        influence=piece(fields["influence"]),
        sentiment=None if sentiment is None else piece(sentiment),
        reasons=piece(fields["reasons"]),
        posts=tuple(context_post(post) for post in fields["posts"]),
    )


def context_post(fields: dict[str, Any]) -> ContextPost:
    """A CasePost's JSON fields, in the canonical bytes that survive a restore."""
    return ContextPost(fields["created_at"], fields["post_id"], piece(fields))
