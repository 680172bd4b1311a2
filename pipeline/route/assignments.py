"""The records of topic `assignments`, as JSON bytes. Each has all that a desk needs about an offer.

They are assembled and not validated, like `records`. What there is to read about the case was serialised when its
posts came (`Brief`), so that an offer only adds who has it, by when, and why.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from pipeline.route import ids
from pipeline.route.moments import rfc3339
from pipeline.route.records import Cause, Deadline, deadlines
from pipeline.route.state.brief import Brief
from pipeline.route.state.entities import RESOLVED, Case, Closed, Offer
from schemas.cases.case import AssignmentState, CaseState

_encode = msgspec.json.Encoder().encode
MOST_TOPICS = 50
"""An assignment names so many of the case's topics."""


class Candidate(Struct, omit_defaults=True, gc=False):
    """A Candidate of the contract: a rep who could have got the offer."""

    rep_id: str
    fit: float
    load: float
    idle_s: int | None = None


class _Candidates(Struct, omit_defaults=True, gc=False):
    eligible: int
    present: int
    excluded: dict[str, int]
    best: Sequence[Candidate] = ()


class _Earlier(Struct, gc=False):
    """An EarlierCase."""

    case_id: str
    outcome: str
    at: str
    queue: str


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
    deadlines: list[Deadline] | None = None
    expires_at: str | None = None
    cause: Cause | None = None
    case_state: CaseState | None = None
    related_case: str | None = None
    consulted: tuple[str, ...] = ()
    from_rep: str | None = None
    ring: int = 0
    topics: tuple[str, ...] = ()
    copies: int = 0
    reposts: int = 0
    open_on_platform: bool = False
    reply_as: str | None = None
    brand: str | None = None
    contact: list[str] | None = None
    earlier: list[_Earlier] | None = None


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
    sender: str | None,
    earlier: Sequence[tuple[str, Closed]],
    best: Sequence[Candidate],
) -> bytes:
    """Returns an `Assignment`, which is the offer of `case` in its new state, complete in itself.

    Args:
        case: as it is now.
        brief: what there is to read about it.
        offer: who has it or is offered it, and why.
        state: of the offer.
        update: how many times this state was said before.
        reason: the code that says why this state.
        now_ms: when it was decided, in milliseconds since the epoch.
        version: of the policy in force.
        cause: the input record.
        sender: the brand's account that answers, on whatever platform.
        earlier: the ids of earlier cases of the contact with these, the newest first.
        best: the reps who fitted best, the chosen one first.
    """
    extras = case.extras
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
        _Candidates(offer.eligible, offer.present, dict(offer.excluded), best),
        rfc3339(case.queued_at_ms),
        rfc3339(now_ms),
        rfc3339(case.respond_by_ms),
        version,
        rfc3339(case.trace_ms),
        deadlines(case),
        rfc3339(offer.expires_at_ms) if state == "offered" else None,
        cause,
        case.state,
        extras.related,
        extras.consulted,
        extras.from_rep,
        extras.ring,
        case.topics[:MOST_TOPICS],
        extras.copies,
        extras.reposts,
        extras.reply_ends_ms is not None and extras.reply_ends_ms <= now_ms,
        sender if sender is not None and sender.startswith(f"{brief.platform}:") else None,
        extras.brand,
        _other_accounts(case, brief) if extras.others else None,
        [_earlier(case_id, closed) for case_id, closed in earlier] if earlier else None,
    )
    why = [_Why(code, detail) for code, detail in offer.why]
    # The brief ends in its list of reasons, to which those of the routing are added.
    comma = b"" if brief.endswith(b"[]") or not why else b","
    return b"".join((_encode(fields)[:-1], b",", brief[:-1], comma, _encode(why)[1:], b"}"))


class _Account(Struct, gc=False):
    """An author of a brief."""

    author_id: str


_account = msgspec.json.Decoder(_Account).decode


def _other_accounts(case: Case, brief: Brief) -> list[str]:
    """Returns the accounts of the contact, but for the one that the brief describes."""
    described = _account(brief.author).author_id
    # An anonymous contact is a thread, which is no account.
    contacts = [] if case.extras.thread else [case.author_id]
    contacts += [contact for contact in case.extras.others if not contact.startswith("thread/")]
    return [contact for contact in contacts if contact != described]


def _earlier(case_id: str, closed: Closed) -> _Earlier:
    assert closed.case is not None, "only cases that are kept whole are found by their contact"
    return _Earlier(case_id, closed.outcome or RESOLVED, rfc3339(closed.closed_ms), closed.case.queue)
