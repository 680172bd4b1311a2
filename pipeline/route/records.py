"""The records that the router publishes, as JSON bytes: `assignments`, `cases.events`, `cases.current`.

They are assembled and not validated, because with pydantic on the way out a decision would cost twice as much.
Each part comes from a validated message, and a test reads every record back with its model. Nothing is decided
here.
"""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from pipeline.route import ids
from pipeline.route.moments import rfc3339
from pipeline.route.sla.clocks import Clock, Clocks
from pipeline.route.sla.hours import NEVER_MS
from pipeline.route.state.brief import Brief
from pipeline.route.state.entities import Case, Offer
from schemas.cases.case import AssignmentState, CaseEventType, CaseState
from schemas.policy.sla import ClockName

# Orjson would touch 4 KB of fresh memory for each record that is kept until it is sent, which took 5 us, not .5.
_encode = msgspec.json.Encoder().encode


class Cause(Struct, gc=False):
    """A SourcePosition of the contract, the `cause` of a record."""

    topic: str
    partition: int
    offset: int


_ENDS: frozenset[CaseEventType] = frozenset({"resolved", "canceled", "closed", "merged"})
"""After these steps a case is no longer open."""

# The records are made with positional arguments, in the order of the fields. That takes a fifth of the time of
# names or of a dict, which was a third of all that a record costs. An absent field and a null mean the same in the
# contract, so fields that say nothing stand at the end, with a default that is not written.


class _Deadline(Struct, omit_defaults=True, gc=False):
    """A Deadline: one clock of a case."""

    kind: ClockName
    due_at: str | None = None
    breached_at: str | None = None


class _Event(Struct, omit_defaults=True, gc=False):
    """A CaseEvent."""

    schema_version: int
    workspace: str
    event_id: str
    case_id: str
    seq: int
    type: CaseEventType
    at: str
    reason: str
    queue: str | None = None
    team: str | None = None
    priority: float | None = None
    respond_by: str | None = None
    policy_version: int | None = None
    post_id: str | None = None
    revision: int | None = None
    rep_id: str | None = None
    attempt: int = 0
    """It is 0 before the first offer."""
    deadline: _Deadline | None = None
    cause: Cause | None = None
    state: CaseState | None = None
    related_case: str | None = None
    ring: int = 0


class _Candidates(Struct, gc=False):
    eligible: int
    present: int
    excluded: dict[str, int]


class _Why(Struct, gc=False):
    code: str
    detail: str
    weight: float = 0.0


class _Assignment(Struct, omit_defaults=True, gc=False):
    """An Assignment without its brief and reasons, which come after these fields."""

    schema_version: int
    workspace: str
    assignment_id: str
    case_id: str
    attempt: int
    state: AssignmentState
    update: int
    reason: str
    rep_id: str
    queue: str
    team: str
    posts_total: int
    priority: float
    action: str
    channel: str
    candidates: _Candidates
    queued_at: str
    decided_at: str
    respond_by: str
    policy_version: int
    trace_started_at: str
    deadlines: list[_Deadline] | None = None
    expires_at: str | None = None
    cause: Cause | None = None
    case_state: CaseState | None = None
    related_case: str | None = None
    consulted: tuple[str, ...] = ()
    from_rep: str | None = None
    ring: int = 0


class _Current(Struct, omit_defaults=True, gc=False):
    """A CaseCurrent."""

    schema_version: int
    workspace: str
    case_id: str
    state: str
    queue: str
    team: str
    priority: float
    attempt: int
    root_post_id: str
    author: Raw
    posts_total: int
    queued_at: str
    respond_by: str
    updated_at: str
    event_seq: int
    rep_id: str | None = None
    replied_at: str | None = None
    deadlines: list[_Deadline] | None = None
    related_case: str | None = None
    ring: int = 0


def assignment(
    case: Case,
    brief: Brief,
    offer: Offer,
    *,
    state: AssignmentState,
    update: int,
    reason: str,
    now_ms: int,
    version: int,
    cause: Cause | None,
) -> bytes:
    """Returns an `Assignment`, which is the offer of `case` in its new state, complete in itself."""
    fields = _Assignment(
        1,
        case.workspace,
        ids.assignment_id(case.case_id, case.attempt, state, update),
        case.case_id,
        case.attempt,
        state,
        update,
        reason,
        offer.rep_id,
        case.queue,
        case.team,
        case.posts_total,
        case.priority,
        case.action,
        case.channel,
        _Candidates(offer.eligible, offer.present, dict(offer.excluded)),
        rfc3339(case.queued_at_ms),
        rfc3339(now_ms),
        rfc3339(case.respond_by_ms),
        version,
        rfc3339(case.trace_ms),
        None if case.clocks is None else _deadlines(case.clocks),
        rfc3339(offer.expires_at_ms) if state == "offered" else None,
        cause,
        case.state,
        case.related,
        case.consulted,
        case.from_rep,
        case.ring,
    )
    why = [_Why(code, detail) for code, detail in offer.why]
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
    related: str | None,
) -> bytes:
    """Returns the `CaseEvent` number `case.seq`; `post` is (post_id, revision)."""
    post_id, revision = post or (None, None)
    return _encode(
        _Event(
            1,
            case.workspace,
            ids.event_id(case.case_id, case.seq),
            case.case_id,
            case.seq,
            type_,
            rfc3339(case.updated_at_ms),
            reason,
            case.queue,
            case.team,
            case.priority,
            rfc3339(case.respond_by_ms),
            version,
            post_id,
            revision,
            rep_id,
            case.attempt,
            None if case.clocks is None else _deadline_of(case.clocks, type_, reason),
            cause,
            None if type_ in _ENDS else case.state,
            related,
            case.ring,
        )
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
    **more: Any,
) -> bytes:
    """Returns a `CaseEvent` about a case that is not open, as for a refused post or a request that came too
    late."""
    return _encode(
        _Event(
            1,
            workspace,
            event_id,
            case_id,
            0,
            type_,
            rfc3339(now_ms),
            reason,
            policy_version=version,
            cause=cause,
            **more,
        )
    )


def current(case: Case, brief: Brief) -> bytes:
    """Returns the `CaseCurrent` of an open case."""
    return _encode(
        _Current(
            1,
            case.workspace,
            case.case_id,
            case.state,
            case.queue,
            case.team,
            case.priority,
            case.attempt,
            case.root_post_id,
            Raw(brief.author),
            case.posts_total,
            rfc3339(case.queued_at_ms),
            rfc3339(case.respond_by_ms),
            rfc3339(case.updated_at_ms),
            case.seq,
            None if case.offer is None else case.offer.rep_id,
            None if case.replied_at_ms is None else rfc3339(case.replied_at_ms),
            None if case.clocks is None else _deadlines(case.clocks),
            case.related,
            case.ring,
        )
    )


def _deadlines(clocks: Clocks) -> list[_Deadline]:
    """Returns the clocks of a case that have a deadline, or stand still before one, the nearest first."""
    found = [(name, clock) for name, clock in clocks.open() if clock.target_ms is not None]
    found.sort(key=lambda named: NEVER_MS if named[1].due_ms is None else named[1].due_ms)
    return [_deadline(name, clock) for name, clock in found]


def _deadline(name: ClockName, clock: Clock) -> _Deadline:
    due_ms, breached_ms = clock.due_ms, clock.breached_ms
    return _Deadline(
        name,
        None if due_ms is None else rfc3339(due_ms),
        None if breached_ms is None else rfc3339(breached_ms),
    )


def _deadline_of(clocks: Clocks, type_: CaseEventType, reason: str) -> _Deadline | None:
    """Returns the clock that a step is about, which such a step names as its reason."""
    if type_ not in ("due_soon", "breached"):
        return None
    return next(_deadline(name, clock) for name, clock in clocks.open() if name == reason)
