"""What is asked for about a case whoever has it: merge, split, priority, end, and contacts by phone, mail or chat.

A case that was merged is known by the id of the one that goes on in its place.
"""

from pipeline.route import ids, promises
from pipeline.route.cases import answers, briefs, ending
from pipeline.route.cases.handover import leave_absent, offer_back
from pipeline.route.cases.intake import written
from pipeline.route.cases.joining import URGENCY
from pipeline.route.cases.known import KnownCases, kept_for_rep
from pipeline.route.cases.lifecycle import AT_WORK, after
from pipeline.route.limits import silence
from pipeline.route.messages import CaseClosedBy, CaseReprioritised, CasesMerged, CaseSplit, ContactNoted
from pipeline.route.state.entities import Case, Closed, Member, skill_set
from pipeline.route.state.links import names_of
from pipeline.route.turn import Turn
from schemas.refusals import RequestRefusal

MOST_CONTACTS = 20
"""A case has so many contacts at most, however many cases are merged into it."""


def reprioritise(turn: Turn, case: Case, event: CaseReprioritised) -> None:
    """Sets the priority of a case, until a post or a signal raises it."""
    case = turn.step(
        case._replace(priority=event.priority, lifts=()), "reprioritised", "by_supervisor", rep_id=_rep_of(case)
    )
    turn.publish_update(case, "reprioritised")


def close(turn: Turn, case: Case, event: CaseClosedBy) -> None:
    """Ends a case."""
    ending.close(turn, case, event.reason)


def merge(turn: Turn, case: Case, event: CasesMerged) -> RequestRefusal | None:
    """Ends a case, whose posts and contacts go to another one, or returns why not."""
    into = current(turn, event.workspace, event.into)
    if into is None:
        return "unknown_case"
    if into.case_id == case.case_id:
        return "merged"
    if case.offer is not None:
        turn.publish_assignment(case, case.offer, "closed", "merged")
    into = _move_posts(turn, case, into)
    # Flat, so that no look-up ever follows more than one step.
    for alias in names_of(turn.state.workspaces[case.workspace].merged, case.case_id):
        closed = turn.state.closed(case.workspace, alias)
        assert closed is not None, "the index holds closed cases"
        turn.state.put("closed", case.workspace, alias, closed._replace(into=into.case_id))
    turn.last_step(case, "merged", "by_supervisor", _rep_of(case), reopens=False, into=into.case_id)
    into = _with(into, case)
    if case.owed_ms is not None:
        # What nobody has answered there is news to whoever has this one.
        into = written(turn, into, "merged", case.owed_ms)
        if into.state in AT_WORK:
            # It has waited elsewhere, for which the rep is not late.
            into = silence.taken(turn.book, into, turn.now_ms)
    into = turn.step(into, "noted", "merged", rep_id=_rep_of(into), related=case.case_id)
    into = turn.publish_update(into, "merged")
    if case.owed_ms is not None:
        leave_absent(turn, into)
    return None


def _move_posts(turn: Turn, case: Case, into: Case) -> Case:
    for post_id in names_of(turn.state.workspaces[case.workspace].posts, case.case_id):
        member = turn.state.member(case.workspace, post_id)
        assert member is not None, "the index holds members"
        turn.state.put("post", case.workspace, post_id, member._replace(case_id=into.case_id))
    brief = turn.state.brief(into)
    brief = briefs.merged(brief, turn.state.brief(case), leads=case.priority > into.priority)
    turn.put_brief(into, brief)
    return into._replace(reply_ends_ms=briefs.reply_ends_ms(brief))


def _with(into: Case, case: Case) -> Case:
    """Returns the case with all that the other one brings."""
    others = (*into.extras.others, *(contact for contact in case.contacts if contact not in into.contacts))
    owed = [owed_ms for owed_ms in (into.owed_ms, case.owed_ms) if owed_ms is not None]
    return into._replace(
        posts_total=into.posts_total + case.posts_total,
        copies=into.extras.copies + case.extras.copies,
        reposts=into.extras.reposts + case.extras.reposts,
        priority=max(into.priority, case.priority),
        action=max(into.action, case.action, key=URGENCY.__getitem__),
        channel="direct" if "direct" in (into.channel, case.channel) else "public",
        public=into.public or case.public,
        brand=into.extras.brand or case.extras.brand,
        topics=skill_set((*into.topics, *case.topics)),
        others=others[: MOST_CONTACTS - 1],
        active_ms=max(into.active_ms, case.active_ms),
        owed_ms=min(owed, default=None),
    )


def split(turn: Turn, case: Case, event: CaseSplit) -> RequestRefusal | None:
    """Opens a case for some posts of another one, or returns why not."""
    leaving = _leaving(turn, case, event.post_ids)
    if leaving is None:
        return "unknown_post"
    view = turn.book.view(case.workspace)
    name = case.queue if event.queue is None else event.queue
    queue = None if view is None else view.queues.get(name)
    if queue is None:
        return "unknown_queue"
    brief, taken = briefs.parted(turn.state.brief(case), leaving)
    new = case.let_go()._replace(
        case_id=ids.split_case_id(case.case_id, case.seq),
        root_post_id=leaving[0],
        queue=queue.name,
        team=queue.team,
        state=after("opened", None),
        attempt=0,
        refused=(),
        offer=None,
        seq=-1,
        posts_total=len(leaving),
        copies=0,
        reposts=0,
        queued_at_ms=turn.now_ms,
        entered_ms=turn.now_ms,
        ring=0,
        respond_by_ms=turn.now_ms + 1000 * queue.first_response_s,
        replied_at_ms=None,
        owed_ms=turn.now_ms,
        answer=None,
        update=0,
        cluster=None,
        former_rep=None,
        from_rep=None,
        consulted=(),
        times=None,
        outcome=None,
        clocks=None,
        reply_ends_ms=briefs.reply_ends_ms(taken),
    )
    for post_id in leaving:
        member = turn.state.member(case.workspace, post_id)
        assert member is not None, "they are members"
        turn.state.put("post", case.workspace, post_id, member._replace(case_id=new.case_id))
    turn.put_brief(case, brief)
    turn.put_brief(new, taken)
    rest = case._replace(
        posts_total=max(1, case.posts_total - len(leaving)), reply_ends_ms=briefs.reply_ends_ms(brief)
    )
    rest = turn.step(rest, "split", "by_supervisor", rep_id=_rep_of(rest), related=new.case_id)
    new = kept_for_rep(turn, promises.begun(turn.book, new, turn.now_ms))
    turn.step(new, "queued", "split", related=case.case_id)
    turn.publish_update(rest, "split")
    return None


def _leaving(turn: Turn, case: Case, post_ids: tuple[str, ...]) -> list[str] | None:
    """Returns the posts in the order in which they were named; None where they are not there, or nothing would be
    left."""
    leaving = list(dict.fromkeys(post_ids))
    members = {post_id: turn.state.member(case.workspace, post_id) for post_id in leaving}
    if not all(member is not None and member.case_id == case.case_id for member in members.values()):
        return None
    if not any(_is_asked(member) for member in members.values()):
        return None
    workspace = turn.state.workspaces[case.workspace]
    rest = set(names_of(workspace.posts, case.case_id)) - members.keys()
    return leaving if any(_is_asked(workspace.members[post_id]) for post_id in rest) else None


def _is_asked(member: Member | None) -> bool:
    """Whether it is a post of the contact that is still there."""
    return member is not None and not (member.own or member.deleted or member.copy)


def note(turn: Turn, event: ContactNoted) -> RequestRefusal | None:
    """Takes a contact elsewhere for a post of the customer or an answer of the brand, or returns why not."""
    case, closed = _noted(turn, event)
    reopens = False
    if case is None and closed is not None and event.direction == "in":
        case, reopens = ending.reopen(turn, closed, event.channel), True
    if case is None:
        return "unknown_case"
    if event.direction == "out":
        answers.give_elsewhere(turn, case, event.channel, event.rep_id, event.at_ms)
        return None
    case = written(turn, case, event.channel, turn.now_ms)._replace(active_ms=turn.now_ms)
    case = turn.publish_update(turn.step(case, "noted", event.channel, rep_id=event.rep_id), "contact_noted")
    case = leave_absent(turn, case)
    if reopens:
        offer_back(turn, case)
    return None


def _noted(turn: Turn, event: ContactNoted) -> tuple[Case | None, Closed | None]:
    """Returns the case that a contact elsewhere belongs to, or the closed one."""
    known = KnownCases(turn, event.workspace)
    if event.case_id is not None:
        case_id = _goes_on_as(turn, event.workspace, event.case_id)
        closed = turn.state.closed(event.workspace, case_id)
        return turn.state.case(event.workspace, case_id), (
            closed if closed is not None and known.reopens(closed) else None
        )
    assert event.author_id is not None, "the contract wants one of the two"
    case = next(iter(known.open_cases(event.author_id)), None)
    return case, next(iter(known.closed_cases(event.author_id)), None)


def current(turn: Turn, workspace: str, case_id: str) -> Case | None:
    """Returns the open case of that id, or the one that goes on in its place."""
    return turn.state.case(workspace, _goes_on_as(turn, workspace, case_id))


def _goes_on_as(turn: Turn, workspace: str, case_id: str) -> str:
    closed = turn.state.closed(workspace, case_id)
    return case_id if closed is None or closed.into is None else closed.into


def _rep_of(case: Case) -> str | None:
    return None if case.offer is None else case.offer.rep_id
