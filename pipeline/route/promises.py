"""Keeps the clocks of a case in step with the case.

A case of a queue without an SLA has none. By what its clocks run is looked up in the policy in force, and how they
run is said in `sla.clocks`.
"""

from msgspec.structs import replace

from pipeline.route.policies import PolicyBook
from pipeline.route.sla.clocks import Clocks, Terms, start_clocks
from pipeline.route.sla.terms import ALWAYS
from pipeline.route.state.entities import Case
from pipeline.route.state.state import State
from schemas.policy.sla import Band, band_of
from schemas.posts.raw import Visibility

NO_DEADLINES = Terms(ALWAYS, None)
"""By these, the clocks of a case go on that has come to a queue without an SLA."""


def begun(book: PolicyBook, case: Case, at_ms: int) -> Case:
    """Returns a case that begins with a post which was received at that time."""
    terms = _terms(book, case)
    return case if terms is None else _with(case, start_clocks(at_ms, terms))


def asked(book: PolicyBook, case: Case, at_ms: int) -> Case:
    """Returns a case after a further post of the customer, which was received at that time."""
    terms = _terms(book, case)
    return case if terms is None or case.clocks is None else _with(case, case.clocks.asked(at_ms, terms))


def answered(case: Case) -> Case:
    """Returns a case after an answer."""
    return case if case.clocks is None else replace(case, clocks=case.clocks.answered())


def ended(book: PolicyBook, case: Case, now_ms: int) -> Case:
    """Returns a case that ends now. What the resolution has used by then stays used, should the case reopen."""
    if case.clocks is None:
        return case
    return replace(case, clocks=case.clocks.resolved(now_ms, _terms(book, case) or NO_DEADLINES))


def reopened(book: PolicyBook, case: Case, before: Case, closed_ms: int, asked_ms: int) -> Case:
    """Returns a case that was closed at one time, and begins again with what was received at another.

    Its clocks go on with the post that reopens it.
    """
    if before.clocks is None:
        return begun(book, case, asked_ms)
    # Older releases left the clocks running at the end.
    ended = before.clocks.resolved(closed_ms, _terms(book, before) or NO_DEADLINES)
    return _with(case, ended.recounted(_terms(book, case) or NO_DEADLINES))


def followed(book: PolicyBook, state: State, case: Case, now_ms: int) -> Case:
    """Returns a case, as it will be stored, whose clocks follow from what has changed since it was stored last."""
    terms = _terms(book, case)
    if terms is None:
        return case
    before = state.case(case.workspace, case.case_id)
    if before is None:
        return case
    if case.clocks is None or before.queue != case.queue:
        case = _recounted(case, terms)
    elif _kind(before) != _kind(case):
        case = _with(case, case.clocks.rebanded(terms))
    assert case.clocks is not None
    paused = case.state in ("awaiting", "wrapping")
    if paused == (case.clocks.paused_ms is not None):
        return case
    return _with(case, case.clocks.waiting(now_ms, terms) if paused else case.clocks.resumed(now_ms, terms))


def recounted(book: PolicyBook, case: Case) -> Case:
    """Returns a case after an edit of the policy."""
    terms = _terms(book, case)
    return case if terms is None else _recounted(case, terms)


def _terms(book: PolicyBook, case: Case) -> Terms | None:
    """Returns by what the clocks of a case run; None for a case that has none and needs none."""
    terms = book.terms(case.workspace, case.queue, case.priority, case.channel)
    return NO_DEADLINES if terms is None and case.clocks is not None else terms


def _recounted(case: Case, terms: Terms) -> Case:
    clocks = case.clocks
    if clocks is None:
        # It comes from a queue without an SLA, and nobody has noted since when it is to be answered.
        clocks = start_clocks(case.queued_at_ms, terms)
        return _with(case, clocks if case.replied_at_ms is None else clocks.answered())
    return _with(case, clocks.recounted(terms))


def _with(case: Case, clocks: Clocks) -> Case:
    """Returns a case with these clocks, to be answered by the deadline that they give to the next answer."""
    waiting = clocks.next_response if clocks.first_response is None else clocks.first_response
    due_ms = None if waiting is None else waiting.due_ms
    return replace(case, clocks=clocks, respond_by_ms=case.respond_by_ms if due_ms is None else due_ms)


def _kind(case: Case) -> tuple[Band, Visibility]:
    return band_of(case.priority), case.channel
