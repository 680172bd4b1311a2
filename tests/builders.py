"""Makes valid messages in one line each. Every field has a default, so a test names only what it is about."""

from datetime import datetime
from itertools import count
from typing import Any, TypeVar

from pipeline.clock import from_ms
from pipeline.ports.records import InputRecord
from schemas.base import SourcePosition
from schemas.cases.steps import RouteSignal
from schemas.people.casework import (
    CaseResolved,
    ContactNoted,
    OfferAccepted,
    OfferRejected,
    PostRevealed,
    ReplySent,
)
from schemas.people.event import AboutCase, AnyEvent
from schemas.people.presence import Heartbeat, PresenceChanged, SignedIn, SignedOut
from schemas.people.rep import AnyRepEvent
from schemas.policy.policy import Brand, Policy
from schemas.policy.queues import Queue
from schemas.policy.rules import TriageRule
from schemas.posts.raw import Author, RawPost
from schemas.posts.scored import (
    NO_WORK,
    Influence,
    Reason,
    ScoredPost,
    Sentiment,
    SentimentProbabilities,
    Triage,
    TriageAction,
)
from schemas.posts.signals import Cluster, Span, TopicHit
from schemas.topics import ACTIONABLE, REPS, SIGNALS

START_MS = 1_767_225_600_000
"""This is 2026-01-01T00:00:00Z."""
WORKSPACE = "acme"


def at(ms: int = 0) -> datetime:
    """Returns the time `ms` milliseconds after the start."""
    return from_ms(START_MS + ms)


def author(name: str = "ann", **over: Any) -> Author:
    return Author(**{"author_id": f"x:{name}", "handle": name} | over)


def post(post_id: str = "p1", by: str = "ann", **over: Any) -> RawPost:
    fields = _post_fields(post_id, by) | over
    return RawPost(**fields)


def _post_fields(post_id: str, by: str) -> dict[str, Any]:
    return {
        "workspace": WORKSPACE,
        "post_id": f"x:{post_id}",
        "platform": "x",
        "author": author(by),
        "text": f"text of {post_id}",
        "created_at": at(),
    }


def sentiment(label: str = "negative", p: float = 0.9) -> Sentiment:
    rest = round((1 - p) / 2, 6)
    values = {name: p if name == label else rest for name in ("negative", "neutral", "positive")}
    return Sentiment.model_validate(
        {"label": label, "probabilities": SentimentProbabilities(**values), "model": "test@1"}
    )


TRIAGE_FIELDS = ("queue", "skills", "needs", "priority", "policy_version", "pull_id")


def topics(*names: str) -> tuple[TopicHit, ...]:
    """Returns the listening topics of a post, each found at its first character."""
    return tuple(TopicHit(topic=name, kind="topic", at=(Span(start=0, end=1),)) for name in names)


def cluster(number: int) -> Cluster:
    """Returns the cluster of that number."""
    return Cluster(id=f"{number:016x}", kind="copy", size=2, first_seen=at())


def triage(action: TriageAction = "respond", queue: str | None = "care", **over: Any) -> Triage:
    if action in NO_WORK:
        queue = None
    fields: dict[str, Any] = {
        "action": action,
        "queue": queue,
        "priority": 50.0 if queue else 0.0,
        "reasons": (Reason(code="rule.complaint", detail="rule complaint", weight=0.5),),
        "policy_version": 1,
    }
    if over.get("pull_id") is not None:
        fields["by"] = "supervisor"
    return Triage(**fields | over)


def scored(
    post_id: str = "p1", by: str = "ann", action: TriageAction = "respond", *, ms: int = 0, **over: Any
) -> ScoredPost:
    """Makes a scored post. `TRIAGE_FIELDS` go to its triage."""
    triage_fields = {name: over.pop(name) for name in TRIAGE_FIELDS if name in over}
    fields = _post_fields(post_id, by) | {
        "created_at": at(ms),
        "received_at": at(ms),
        "sentiment": sentiment(),
        "influence": Influence(score=10.0, confidence=0.0, lower_bound=5.0),
        "triage": triage(action, **triage_fields),
        "source": SourcePosition(topic="posts.raw", partition=0, offset=0),
        "appended_ms": START_MS + ms,
    }
    return ScoredPost(**fields | over)


def policy(**over: Any) -> Policy:
    fields: dict[str, Any] = {
        "workspace": WORKSPACE,
        "version": 1,
        "brand": Brand(name="Acme", author_ids=("x:acme",)),
        "queues": (
            Queue(name="care", team="care", offer_timeout_s=120, first_response_s=3600),
            Queue(name="fans", team="social", offer_timeout_s=60, first_response_s=7200),
            Queue(name="billing", team="care", offer_timeout_s=120, first_response_s=1800),
        ),
        "rules": (TriageRule(name="rest", action="respond", queue="care"),),
    }
    return Policy(**fields | over)


def _rep_fields(rep_id: str, event_id: str, seq: int, ms: int, sender: str | None = None) -> dict[str, Any]:
    fields = {"workspace": WORKSPACE, "event_id": event_id, "rep_id": rep_id, "seq": seq, "occurred_at": at(ms)}
    return fields | {"sender": sender}


_serial = count(1)


def _id(event_id: str | None) -> str:
    return f"event-{next(_serial)}" if event_id is None else event_id


def signed_in(
    rep_id: str = "r1", *, teams: tuple[str, ...] = ("care",), skills: tuple[str, ...] = (), capacity: int = 3,
    seq: int = 0, ms: int = 0, event_id: str | None = None, sender: str | None = None,
    levels: dict[str, int] | None = None,
) -> SignedIn:  # fmt: skip
    fields = _rep_fields(rep_id, _id(event_id), seq, ms, sender)
    return SignedIn(**fields, teams=teams, skills=skills, skill_levels=levels or {}, capacity=capacity)


def presence(
    rep_id: str = "r1", value: str = "available", *,
    seq: int = 1, ms: int = 0, event_id: str | None = None, sender: str | None = None,
) -> PresenceChanged:  # fmt: skip
    fields = _rep_fields(rep_id, _id(event_id), seq, ms, sender)
    return PresenceChanged.model_validate(fields | {"presence": value})


def signed_out(
    rep_id: str = "r1", *, seq: int = 9, ms: int = 0, event_id: str | None = None, sender: str | None = None
) -> SignedOut:
    return SignedOut(**_rep_fields(rep_id, _id(event_id), seq, ms, sender))


def beat(rep_id: str = "r1", *, seq: int = 0, event_id: str | None = None, sender: str | None = None) -> Heartbeat:
    return Heartbeat(**_rep_fields(rep_id, _id(event_id), seq, 0, sender))


def accept(case_id: str, attempt: int = 1, rep_id: str = "r1", *, event_id: str | None = None) -> OfferAccepted:
    return OfferAccepted(**_rep_fields(rep_id, _id(event_id), 1, 0), case_id=case_id, attempt=attempt)


def reject(case_id: str, attempt: int = 1, rep_id: str = "r1", *, event_id: str | None = None) -> OfferRejected:
    return OfferRejected(**_rep_fields(rep_id, _id(event_id), 1, 0), case_id=case_id, attempt=attempt)


def reply(case_id: str, attempt: int = 1, rep_id: str = "r1", *, event_id: str | None = None) -> ReplySent:
    fields = _rep_fields(rep_id, _id(event_id), 1, 0)
    return ReplySent(**fields, case_id=case_id, attempt=attempt, channel="public")


def resolve(case_id: str, attempt: int = 1, rep_id: str = "r1", *, event_id: str | None = None) -> CaseResolved:
    return CaseResolved(**_rep_fields(rep_id, _id(event_id), 1, 0), case_id=case_id, attempt=attempt)


Asked = TypeVar("Asked", bound=AboutCase)
Told = TypeVar("Told", bound=AnyEvent)


def ask(
    kind: type[Asked],
    case_id: str,
    attempt: int = 1,
    rep_id: str = "r1",
    *,
    event_id: str | None = None,
    **over: Any,
) -> Asked:
    """Makes a request of that kind about an offer."""
    return kind(**_rep_fields(rep_id, _id(event_id), 1, 0), case_id=case_id, attempt=attempt, **over)


def tell(kind: type[Told], rep_id: str = "boss", *, event_id: str | None = None, **fields: Any) -> Told:
    """Makes an event of that kind that is about no offer."""
    return kind(**_rep_fields(rep_id, _id(event_id), 1, 0), **fields)


def contact(direction: str, channel: str = "phone", **about: Any) -> ContactNoted:
    """Makes a contact elsewhere, about the case or the author that `about` names."""
    fields: dict[str, Any] = {"direction": direction, "channel": channel, "at": at(), "note_id": "note-1"}
    return tell(ContactNoted, "r1", **fields | about)


def reveal(
    post_id: str,
    rep_id: str = "r1",
    *,
    reason: str = "identity_check",
    revision: int = 0,
    event_id: str | None = None,
) -> PostRevealed:
    fields = _rep_fields(rep_id, _id(event_id), 0, 0)
    return PostRevealed(**fields, post_id=f"x:{post_id}", revision=revision, reason=reason)


def record(
    message: ScoredPost | AnyRepEvent | RouteSignal, offset: int = 0, *, append_ms: int = START_MS
) -> InputRecord:
    """Returns the message as the router reads it."""
    topics = {ScoredPost: ACTIONABLE, RouteSignal: SIGNALS}
    topic = topics.get(type(message), REPS).name
    value = message.model_dump_json(exclude_none=True).encode()
    return InputRecord(topic, 0, offset, message.workspace.encode(), value, append_ms)
