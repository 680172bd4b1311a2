"""The records that the router publishes about cases, as JSON bytes: `cases.events` and `cases.current`.

Those of `assignments` are made in that module.

They are assembled and not validated, because with pydantic on the way out a decision would cost twice as much.
Each part comes from a validated message, and a test reads every record back with its model. Nothing is decided
here.
"""

from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw, Struct

from pipeline.route import ids
from pipeline.route.moments import rfc3339
from pipeline.route.sla.clocks import Clock
from pipeline.route.sla.hours import NEVER_MS
from pipeline.route.state.brief import Brief
from pipeline.route.state.entities import Case
from schemas.cases.case import CaseEventType, CaseState
from schemas.cases.context import DeadlineKind
from schemas.policy.sla import ClockName
from schemas.posts.raw import Visibility

# Orjson would touch 4 KB of fresh memory for each record that is kept until it is sent, which took 5 us, not .5.
_encode = msgspec.json.Encoder().encode


class Cause(Struct, gc=False):
    """A SourcePosition of the contract, the `cause` of a record."""

    topic: str
    partition: int
    offset: int


class Reply(NamedTuple):
    """What an event says of an answer of the brand on the network."""

    channel: Visibility
    answers_private: bool
    """Whether it is public, and answers what was written in private."""


_ENDS: frozenset[CaseEventType] = frozenset({"resolved", "canceled", "closed", "merged"})
"""After these steps a case is no longer open."""

# The records are made with positional arguments, in the order of the fields. That takes a fifth of the time of
# names or of a dict, which was a third of all that a record costs. An absent field and a null mean the same in the
# contract, so fields that say nothing stand at the end, with a default that is not written.


class Deadline(Struct, omit_defaults=True, gc=False):
    """A Deadline: one clock of a case."""

    kind: DeadlineKind
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
    deadline: Deadline | None = None
    cause: Cause | None = None
    state: CaseState | None = None
    related_case: str | None = None
    ring: int = 0
    channel: Visibility | None = None
    answers_private: bool = False


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
    deadlines: list[Deadline] | None = None
    related_case: str | None = None
    ring: int = 0


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
    reply: Reply | None,
) -> bytes:
    """Returns the `CaseEvent` number `case.seq`; `post` is (post_id, revision)."""
    post_id, revision = post or (None, None)
    channel, answers_private = reply or (None, False)
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
            _deadline_of(case, type_, reason),
            cause,
            None if type_ in _ENDS else case.state,
            related,
            case.extras.ring,
            channel,
            answers_private,
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
            deadlines(case),
            case.extras.related,
            case.extras.ring,
        )
    )


def deadlines(case: Case) -> list[Deadline] | None:
    """Returns the clocks of a case that have a deadline, or stand still before one, the nearest first.

    The end of what the platform takes as answers is one of them. None for none.
    """
    if case.clocks is None and not case.extras.reply_ends_ms:
        return None
    found = []
    if case.clocks is not None:
        found = [
            (NEVER_MS if clock.due_ms is None else clock.due_ms, _deadline(name, clock))
            for name, clock in case.clocks.open()
            if clock.target_ms is not None
        ]
    if case.extras.reply_ends_ms:
        found.append((case.extras.reply_ends_ms, Deadline("reply_window", rfc3339(case.extras.reply_ends_ms))))
    found.sort(key=itemgetter(0))
    return [deadline for _, deadline in found]


def _deadline(name: ClockName, clock: Clock) -> Deadline:
    due_ms, breached_ms = clock.due_ms, clock.breached_ms
    return Deadline(
        name,
        None if due_ms is None else rfc3339(due_ms),
        None if breached_ms is None else rfc3339(breached_ms),
    )


def _deadline_of(case: Case, type_: CaseEventType, reason: str) -> Deadline | None:
    """Returns the clock that a step is about, which such a step names as its reason."""
    if type_ not in ("due_soon", "breached", "reply_window_ended"):
        return None
    if case.extras.reply_ends_ms and (type_ == "reply_window_ended" or reason == "reply_window"):
        return Deadline("reply_window", rfc3339(case.extras.reply_ends_ms))
    assert case.clocks is not None, "the step is about one of them"
    return next(_deadline(name, clock) for name, clock in case.clocks.open() if name == reason)
