"""What becomes of a post: it opens a case, reopens or joins one, or is refused, and exactly one of these.

`joining` says which of them it is, and here it is done and published as a case event. Which rep gets the case is
decided in `matching`.
"""

from collections.abc import Callable
from sys import intern

from pipeline.route import ids, promises
from pipeline.route.cases import answers, briefs, ending, handover
from pipeline.route.cases.joining import URGENCY, Verdict, contact_of, is_outdated, verdict_on
from pipeline.route.cases.known import KnownCases, kept_for_rep
from pipeline.route.cases.lifecycle import WITH_A_REP, after, may
from pipeline.route.limits import opening, silence
from pipeline.route.messages import ScoredPost
from pipeline.route.state.entities import NO_EXTRAS, Case, Member, extras_of, skill_set
from pipeline.route.state.links import names_of
from pipeline.route.turn import Turn
from schemas.refusals import PostRefusal

MOST_COPIES = 100
"""Copies by others that are members of a case, so that their edits and replies are known. More are only counted,
because a hundred thousand copies of one complaint are one piece of work and must not be as many entities."""


def handle_post(turn: Turn, post: ScoredPost) -> None:
    """Does with one post what it calls for."""
    verdict = verdict_on(post, KnownCases(turn, post.workspace), turn.now_ms)
    _ACTS[verdict.kind](turn, post, verdict)


def refuse(turn: Turn, post: ScoredPost, reason: PostRefusal) -> None:
    """Publishes that nothing comes of this post, under the id of the case that it would have opened."""
    turn.caseless_step(
        ids.refusal_id(post.workspace, post.post_id, post.revision),
        post.workspace,
        ids.case_id(post.workspace, post.post_id, post.revision),
        "refused",
        reason,
        post_id=post.post_id,
        revision=post.revision,
    )
    turn.counts.append(f"refused_{reason}")


def _refuse(turn: Turn, post: ScoredPost, verdict: Verdict) -> None:
    if verdict.reason == "repost" and verdict.closed is not None:
        turn.counts.append("reposts_after_close")
    refuse(turn, post, verdict.reason)  # type: ignore[arg-type] # `joining` gives the codes of the contract


def _count(turn: Turn, post: ScoredPost, verdict: Verdict) -> None:
    # Counted and not made a member, for the same reason as most copies.
    case = _of(verdict)
    counted = case._replace(posts_total=case.posts_total + 1, reposts=case.extras.reposts + 1)
    turn.step(counted, "joined", "repost", post=_name(post))


def _copy(turn: Turn, post: ScoredPost, verdict: Verdict) -> None:
    case = _of(verdict)
    # An edit of a copy that is no member was counted when it was new.
    if post.revision == 0:
        case = case._replace(posts_total=case.posts_total + 1, copies=case.extras.copies + 1)
        if case.extras.copies <= MOST_COPIES:
            member = Member(case.case_id, post.revision, own=False, deleted=False, copy=True)
            turn.state.put("post", post.workspace, post.post_id, member)
    turn.step(case, "joined", "copy", post=_name(post))


def _answer(turn: Turn, post: ScoredPost, verdict: Verdict) -> None:
    answers.give_by_post(turn, _join(turn, _of(verdict), post, verdict.reason, asks=False), post)


def _follow(turn: Turn, post: ScoredPost, verdict: Verdict) -> None:
    """Follows the edit or the deletion of a post that is in a case."""
    if verdict.case is None:
        _follow_closed(turn, post, verdict)
    elif post.deleted:
        _delete(turn, verdict.case, post)
    else:
        _join(turn, verdict.case, post, verdict.reason, asks=False)


def _follow_closed(turn: Turn, post: ScoredPost, verdict: Verdict) -> None:
    # So that a case that is reopened later shows nobody what was taken back.
    assert verdict.closed is not None
    assert verdict.closed.case is not None, "a post is in a case that can be reopened"
    case = verdict.closed.case
    member = turn.state.member(post.workspace, post.post_id)
    if member is not None and post.revision > member.revision:
        changed = member._replace(revision=post.revision, deleted=member.deleted or post.deleted)
        turn.state.put("post", post.workspace, post.post_id, changed)
        if post.deleted:
            turn.put_brief(case, briefs.drop_post(turn.state.brief(case), post.post_id))
        elif not (changed.deleted or member.copy):
            turn.put_brief(case, briefs.add_post(turn.state.brief(case), post, case.priority))
    refuse(turn, post, "no_case")


def _reopen(turn: Turn, post: ScoredPost, verdict: Verdict) -> None:
    assert verdict.closed is not None
    case = ending.reopen(turn, verdict.closed, verdict.reason, post)
    handover.offer_back(turn, _join(turn, case, post, verdict.reason, asks=True))


def _join_case(turn: Turn, post: ScoredPost, verdict: Verdict) -> None:
    _join(turn, _of(verdict), post, verdict.reason, asks=not post.own)


def _join(turn: Turn, case: Case, post: ScoredPost, reason: str, *, asks: bool) -> Case:
    member = turn.state.member(post.workspace, post.post_id)
    if member is None:
        case = case._replace(posts_total=case.posts_total + 1, active_ms=turn.now_ms)
    # An older revision that comes late is counted as a step, but must not overwrite what the newer one says.
    if member is not None and is_outdated(post, member):
        return turn.step(case, "joined", reason, post=_name(post))
    newest = Member(case.case_id, post.revision, post.own, deleted=False)
    turn.state.put("post", post.workspace, post.post_id, newest)
    case = _take_in(turn, case, post)
    if asks:
        case = written(turn, case, reason, turn.received_ms(post.appended_ms))
    case = turn.step(case, "joined", reason, post=_name(post))
    case = turn.publish_update(case, "post_joined" if member is None else "post_changed")
    # What the brand answers itself, with whatever tool, needs nobody else.
    return case if post.own else handover.leave_absent(turn, case)


def written(turn: Turn, case: Case, reason: str, received_ms: int) -> Case:
    """Returns the case after the contact has said something new, which was received at that time."""
    if case.state == "awaiting" and case.offer is not None:
        # What nobody had to answer until now is not late at once.
        resumed = silence.taken(turn.book, case._replace(state=after("written", case.state)), turn.now_ms)
        case = turn.step(resumed, "resumed", "customer_wrote", rep_id=case.offer.rep_id)
    elif case.state == "wrapping" and case.offer is not None:
        continued = case._replace(state=after("continued", case.state), outcome=None).timed(until_ms=None)
        case = turn.step(continued, "reopened", reason, rep_id=case.offer.rep_id)
    case = promises.asked(turn.book, case, received_ms)
    return case._replace(owed_ms=turn.now_ms) if case.owed_ms is None else case


def _take_in(turn: Turn, case: Case, post: ScoredPost) -> Case:
    """Adds the text of the post to the brief, and raises what the case asks for when the post asks for more."""
    brief = briefs.add_post(turn.state.brief(case), post, case.priority)
    brand = turn.book.brand_of(post)
    if brand is not None:
        case = case._replace(brand=brand)
    if not post.own:
        case = case._replace(
            priority=max(case.priority, post.triage.priority),
            action=max(case.action, post.triage.action, key=URGENCY.__getitem__),
            # Whoever once wrote in private is answered in private, even when a later post is public.
            channel="direct" if _answered_in_private(post) else case.channel,
            public=case.public or post.visibility == "public",
            topics=_with_topics(case.topics, post),
            reply_ends_ms=briefs.reply_ends_ms(brief),
        )
    turn.put_brief(case, brief)
    return case


def _answered_in_private(post: ScoredPost) -> bool:
    return post.visibility == "direct" or post.triage.action == "respond_privately"


def _with_topics(topics: tuple[str, ...], post: ScoredPost) -> tuple[str, ...]:
    new = tuple([hit.topic for hit in post.topics if hit.topic not in topics])
    return skill_set((*topics, *new)) if new else topics


def _open_case(turn: Turn, post: ScoredPost, verdict: Verdict) -> None:
    wanted = turn.book.queue(post.workspace, post.triage.queue)
    if wanted is None:
        refuse(turn, post, "no_policy")
        return
    # A queue that was withdrawn while the post was on its way loses no post.
    reason = verdict.reason if wanted.name == post.triage.queue else "queue_gone"
    queue = opening.queue_for_new(turn.state, turn.book, post.workspace, wanted, turn.now_ms)
    reason = reason if queue is wanted else "overflow"
    received_ms = turn.received_ms(post.appended_ms)
    anonymous = post.author.anonymous
    case = Case(
        workspace=intern(post.workspace),
        case_id=ids.case_id(post.workspace, _opening(post), post.revision),
        root_post_id=post.post_id,
        author_id=post.author.author_id,
        queue=queue.name,
        team=queue.team,
        skills=post.triage.words,
        action=post.triage.action,
        priority=post.triage.priority,
        channel="direct" if _answered_in_private(post) else post.visibility,
        state=after("opened", None),
        attempt=0,
        refused=(),
        offer=None,
        seq=-1,  # `turn.step` counts up, and the first event of a case has number 0
        posts_total=1,
        queued_at_ms=turn.now_ms,
        respond_by_ms=received_ms + 1000 * queue.first_response_s,
        replied_at_ms=None,
        updated_at_ms=turn.now_ms,
        trace_ms=post.appended_ms,
        active_ms=turn.now_ms,
        entered_ms=turn.now_ms,
        owed_ms=turn.now_ms,
        topics=_with_topics((), post),
        public=post.visibility == "public",
        extras=extras_of(
            NO_EXTRAS,
            cluster=post.cluster.id if post.cluster is not None and post.visibility == "public" else None,
            thread=contact_of(post) if anonymous else None,
            related=verdict.related,
            reply_ends_ms=None if post.reply is None else post.reply.ends_ms,
            brand=turn.book.brand_of(post),
        ),
    )
    member = Member(case.case_id, post.revision, own=False, deleted=False)
    turn.state.put("post", post.workspace, post.post_id, member)
    turn.put_brief(case, briefs.open_brief(post))
    case = promises.begun(turn.book, case, received_ms)
    if queue.sticky.scope != "off":
        case = kept_for_rep(turn, case)
    turn.step(case, "queued", reason, post=_name(post), related=verdict.related)


def _opening(post: ScoredPost) -> str:
    """Returns what opens a case, which is not the post alone where somebody has pulled it once more."""
    return post.post_id if post.triage.pull_id is None else f"{post.post_id}/{post.triage.pull_id}"


def _delete(turn: Turn, case: Case, post: ScoredPost) -> None:
    member = turn.state.member(post.workspace, post.post_id)
    assert member is not None, "only a post of a case is followed"
    revision = max(post.revision, member.revision)
    turn.state.put("post", post.workspace, post.post_id, member._replace(revision=revision, deleted=True))
    brief = briefs.drop_post(turn.state.brief(case), post.post_id)
    turn.put_brief(case, brief)
    case = case._replace(reply_ends_ms=briefs.reply_ends_ms(brief))
    case = turn.step(case, "joined", "deleted", post=_name(post))
    # A case that is accepted stays with its rep, who may be writing the answer at this moment.
    if not may("deleted", case.state) or _has_posts(turn, case):
        if case.state in WITH_A_REP and not member.copy:
            turn.publish_update(case, "post_changed")
    else:
        ending.cancel(turn, case)


def _has_posts(turn: Turn, case: Case) -> bool:
    workspace = turn.state.workspaces[case.workspace]
    members = (workspace.members[post_id] for post_id in names_of(workspace.posts, case.case_id))
    return any(not (member.own or member.deleted or member.copy) for member in members)


def _of(verdict: Verdict) -> Case:
    assert verdict.case is not None, "the verdict is about an open case"
    return verdict.case


def _name(post: ScoredPost) -> tuple[str, int]:
    return post.post_id, post.revision


_ACTS: dict[str, Callable[[Turn, ScoredPost, Verdict], None]] = {
    "follow": _follow,
    "repost": _count,
    "answer": _answer,
    "join": _join_case,
    "copy": _copy,
    "reopen": _reopen,
    "open": _open_case,
    "refuse": _refuse,
}
