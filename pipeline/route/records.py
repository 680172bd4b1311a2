"""The records that the router publishes, as JSON bytes: `assignments`, `cases.events`, `cases.current`.

They are assembled and not validated, because with pydantic on the way out a decision would cost twice as much.
Each part comes from a validated message, and a test reads every record back with its model. Nothing is decided
here.
"""

from functools import lru_cache

import msgspec
from msgspec import Raw

from pipeline.clock import from_ms
from pipeline.route import ids
from pipeline.route.state.entities import Brief, Case, Offer
from schemas.cases.case import AssignmentState, CaseEventType

Cause = dict[str, str | int]
"""A SourcePosition as a mapping of plain fields, which becomes the `cause` of a record."""


# Orjson would touch 4 KB of fresh memory for each record that is kept until it is sent, which took 5 us, not .5.
_encode = msgspec.json.Encoder().encode


def rfc3339(ms: int) -> str:
    """Returns the contract's text of a time in milliseconds since the epoch."""
    minute, rest = divmod(ms, 60_000)
    return _minute(minute) + _SECONDS[rest // 1000] + _MILLISECONDS[rest % 1000]


_SECONDS = [f"{second:02}." for second in range(60)]
_MILLISECONDS = [f"{ms:03}Z" for ms in range(1000)]


@lru_cache(maxsize=65_536)
def _minute(minute: int) -> str:
    # A case is written with its times again and again, and those of all open cases lie in a few thousand minutes.
    return from_ms(60_000 * minute).strftime("%Y-%m-%dT%H:%M:")


def cause_of(topic: str, partition: int, offset: int) -> Cause:
    """Returns the plain fields of a SourcePosition."""
    return {"topic": topic, "partition": partition, "offset": offset}


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
    # An absent field and a null mean the same in the contract, so nulls would only take room, here and below.
    fields: dict[str, object] = {
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
        "posts_total": case.posts_total,
        "priority": case.priority,
        "action": case.action,
        "channel": case.channel,
        "candidates": {
            "eligible": offer.eligible,
            "present": offer.present,
            "excluded": dict(offer.excluded),
        },
        "queued_at": rfc3339(case.queued_at_ms),
        "decided_at": rfc3339(now_ms),
        "respond_by": rfc3339(case.respond_by_ms),
        "policy_version": version,
        "trace_started_at": rfc3339(case.trace_ms),
    }
    if state == "offered":
        fields["expires_at"] = rfc3339(offer.expires_at_ms)
    if cause is not None:
        fields["cause"] = cause
    why = [{"code": code, "detail": detail, "weight": 0.0} for code, detail in offer.why]
    # The brief ends in its list of reasons, to which those of the routing are added.
    comma = b"" if brief.endswith(b"[]") or not why else b","
    return b"".join((_encode(fields)[:-1], b",", brief[:-1], comma, _encode(why)[1:], b"}"))


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
    fields: dict[str, object] = {
        "schema_version": 1,
        "workspace": case.workspace,
        "event_id": ids.event_id(case.case_id, case.seq),
        "case_id": case.case_id,
        "seq": case.seq,
        "type": type_,
        "at": rfc3339(case.updated_at_ms),
        "reason": reason,
        "queue": case.queue,
        "team": case.team,
        "priority": case.priority,
        "respond_by": rfc3339(case.respond_by_ms),
        "policy_version": version,
    }
    if post is not None:
        fields["post_id"], fields["revision"] = post
    if rep_id is not None:
        fields["rep_id"] = rep_id
    # It is 0 before the first offer, which the contract writes as absent.
    if case.attempt:
        fields["attempt"] = case.attempt
    if cause is not None:
        fields["cause"] = cause
    return _encode(fields)


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
    fields: dict[str, object] = {
        "schema_version": 1,
        "workspace": workspace,
        "event_id": event_id,
        "case_id": case_id,
        "seq": 0,
        "type": type_,
        "at": rfc3339(now_ms),
        "reason": reason,
        "policy_version": version,
        **more,
    }
    if cause is not None:
        fields["cause"] = cause
    return _encode(fields)


def current(case: Case, brief: Brief) -> bytes:
    """Returns the `CaseCurrent` of an open case."""
    fields: dict[str, object] = {
        "schema_version": 1,
        "workspace": case.workspace,
        "case_id": case.case_id,
        "state": case.state,
        "queue": case.queue,
        "team": case.team,
        "priority": case.priority,
        "attempt": case.attempt,
        "root_post_id": case.root_post_id,
        "author": Raw(brief.author),
        "posts_total": case.posts_total,
        "queued_at": rfc3339(case.queued_at_ms),
        "respond_by": rfc3339(case.respond_by_ms),
        "updated_at": rfc3339(case.updated_at_ms),
        "event_seq": case.seq,
    }
    if case.offer is not None:
        fields["rep_id"] = case.offer.rep_id
    if case.replied_at_ms is not None:
        fields["replied_at"] = rfc3339(case.replied_at_ms)
    return _encode(fields)
