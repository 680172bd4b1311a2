"""The records that the router publishes, as JSON bytes: `assignments`, `cases.events`, `cases.current`.

They are assembled and not validated, because with pydantic on the way out a decision would cost twice as much.
Each part comes from a validated message, and a test reads every record back with its model. Nothing is decided
here.
"""

from functools import lru_cache
from typing import Any

import orjson

from pipeline.clock import from_ms
from pipeline.route import ids
from pipeline.route.state.entities import Brief, Case, Offer
from schemas.cases.case import AssignmentState, CaseEventType

MAX_REASONS = 20
"""`Assignment.reasons` takes 20. The reasons of triage are cut to leave room for those of the routing itself."""

Cause = dict[str, str | int]
"""A SourcePosition as a mapping of plain fields, which becomes the `cause` of a record."""


@lru_cache(maxsize=4096)
def rfc3339(ms: int) -> str:
    """Returns the contract's text of a time in milliseconds since the epoch."""
    return from_ms(ms).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def cause_of(topic: str, partition: int, offset: int) -> Cause:
    """Returns the plain fields of a SourcePosition."""
    return {"topic": topic, "partition": partition, "offset": offset}


def _dump(fields: dict[str, Any]) -> bytes:
    # An absent field and a null mean the same in the contract, so nulls would only take room.
    return orjson.dumps({name: value for name, value in fields.items() if value is not None})


def assignment(
    case: Case,
    brief: Brief,
    offer: Offer,
    *,
    state: AssignmentState,
    reason: str,
    now_ms: int,
    version: int,
    cause: Cause | None,
) -> bytes:
    """Returns an `Assignment`, which is the offer of `case` in its new state, complete in itself."""
    why = [{"code": code, "detail": detail, "weight": 0.0} for code, detail in offer.why]
    reasons = orjson.loads(brief.reasons)[: MAX_REASONS - len(why)] + why
    fields = {
        "schema_version": 1,
        "workspace": case.workspace,
        "assignment_id": ids.assignment_id(case.case_id, case.attempt, state),
        "case_id": case.case_id,
        "attempt": case.attempt,
        "state": state,
        "update": 0,
        "reason": reason,
        "rep_id": offer.rep_id,
        "queue": case.queue,
        "team": case.team,
        "platform": brief.platform,
        "author": orjson.Fragment(brief.author),
        "posts": [orjson.Fragment(post.text) for post in brief.posts],
        "posts_total": case.posts_total,
        "sentiment": None if brief.sentiment is None else orjson.Fragment(brief.sentiment),
        "influence": orjson.Fragment(brief.influence),
        "priority": case.priority,
        "action": case.action,
        "channel": case.channel,
        "reasons": reasons,
        "candidates": {
            "eligible": offer.eligible,
            "present": offer.present,
            "excluded": dict(offer.excluded),
        },
        "queued_at": rfc3339(case.queued_at_ms),
        "decided_at": rfc3339(now_ms),
        "expires_at": rfc3339(offer.expires_at_ms) if state == "offered" else None,
        "respond_by": rfc3339(case.respond_by_ms),
        "policy_version": version,
        "cause": cause,
        "trace_started_at": rfc3339(case.trace_ms),
    }
    return _dump(fields)


def case_event(
    case: Case,
    *,
    type_: CaseEventType,
    reason: str,
    version: int,
    cause: Cause | None,
    post: tuple[str, int] | None,
    rep_id: str | None,
) -> bytes:
    """Returns the `CaseEvent` number `case.seq`; `post` is (post_id, revision)."""
    return _dump(
        {
            "schema_version": 1,
            "workspace": case.workspace,
            "event_id": ids.event_id(case.case_id, case.seq),
            "case_id": case.case_id,
            "seq": case.seq,
            "type": type_,
            "at": rfc3339(case.updated_at_ms),
            "reason": reason,
            "post_id": None if post is None else post[0],
            "revision": None if post is None else post[1],
            "rep_id": rep_id,
            # 0 before the first offer, which the contract writes as absent.
            "attempt": case.attempt or None,
            "queue": case.queue,
            "team": case.team,
            "priority": case.priority,
            "respond_by": rfc3339(case.respond_by_ms),
            "policy_version": version,
            "cause": cause,
        }
    )


def caseless_event(
    event_id: str,
    *,
    workspace: str,
    case_id: str,
    type_: CaseEventType,
    reason: str,
    now_ms: int,
    version: int,
    cause: Cause | None,
    **more: str | int,
) -> bytes:
    """Returns a `CaseEvent` about a case that is not open, as for a refused post or a request that came too
    late."""
    return _dump(
        {
            "schema_version": 1,
            "workspace": workspace,
            "event_id": event_id,
            "case_id": case_id,
            "seq": 0,
            "type": type_,
            "at": rfc3339(now_ms),
            "reason": reason,
            "policy_version": version,
            "cause": cause,
        }
        | more
    )


def current(case: Case, brief: Brief) -> bytes:
    """Returns the `CaseCurrent` of an open case."""
    return _dump(
        {
            "schema_version": 1,
            "workspace": case.workspace,
            "case_id": case.case_id,
            "state": case.state,
            "queue": case.queue,
            "team": case.team,
            "priority": case.priority,
            "attempt": case.attempt,
            "rep_id": None if case.offer is None else case.offer.rep_id,
            "root_post_id": case.root_post_id,
            "author": orjson.Fragment(brief.author),
            "posts_total": case.posts_total,
            "queued_at": rfc3339(case.queued_at_ms),
            "respond_by": rfc3339(case.respond_by_ms),
            "replied_at": None if case.replied_at_ms is None else rfc3339(case.replied_at_ms),
            "updated_at": rfc3339(case.updated_at_ms),
            "event_seq": case.seq,
        }
    )
