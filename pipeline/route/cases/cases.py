"""Opening, joining and collapsing: each post becomes exactly one of queued, joined or refused.

Comes in: scored posts. Goes out: cases and their events. Never here: which rep gets the case.
"""

from pipeline.route.cases import briefs, ids
from pipeline.route.state.entities import Case, Member, key
from pipeline.route.turn import Turn
from schemas.posts.scored import ScoredPost, TriageAction
from schemas.refusals import PostRefusal

URGENCY: dict[TriageAction, int] = {"none": 0, "thank": 1, "engage": 2, "respond": 3}
"""Which action a case keeps when its posts ask for different ones: the one that owes the author most."""


def handle_post(turn: Turn, post: ScoredPost) -> None:
    """Queues, joins or refuses one post."""
    if post.deleted:
        _delete(turn, post)
    elif _repost(turn, post):
        return
    elif post.own:
        _own(turn, post)
    else:
        _authors(turn, post)


def refuse(turn: Turn, post: ScoredPost, reason: PostRefusal) -> None:
    """Says that nothing comes of this post, under the id of the case that it would have opened."""
    turn.tell_caseless(
        ids.refusal_id(post.workspace, post.post_id, post.revision),
        post.workspace,
        ids.case_id(post.workspace, post.post_id, post.revision),
        "refused",
        reason,
        post_id=post.post_id,
        revision=post.revision,
    )
    turn.counts.append(f"refused_{reason}")


def _holder(turn: Turn, workspace: str, post_id: str | None) -> Case | None:
    member = None if post_id is None else turn.state.member(workspace, post_id)
    return None if member is None else turn.state.case(workspace, member.case_id)


def _repost(turn: Turn, post: ScoredPost) -> bool:
    case = _holder(turn, post.workspace, post.repost_of)
    if case is None:
        return False
    # Only counted: a hundred thousand reposts of one complaint are one piece of work, and one entity.
    case = case._replace(posts_total=case.posts_total + 1)
    turn.tell(case, "joined", "repost", post=(post.post_id, post.revision))
    return True


def _own(turn: Turn, post: ScoredPost) -> None:
    case = _holder(turn, post.workspace, post.in_reply_to) or _holder(turn, post.workspace, post.quote_of)
    if case is None:
        refuse(turn, post, "own_post")
    else:
        _join(turn, case, post, "own_reply")


def _authors(turn: Turn, post: ScoredPost) -> None:
    case_id = turn.state.indexes.open_case.get((post.workspace, post.author.author_id))
    case = None if case_id is None else turn.state.case(post.workspace, case_id)
    actionable = post.triage.action != "none"
    if case is not None:
        reason = _join_reason(turn, post)
        if reason is not None:
            _join(turn, case, post, reason)
            return
    if actionable:
        _open(turn, post)
    else:
        refuse(turn, post, "no_case" if case is None else "unrelated")


def _join_reason(turn: Turn, post: ScoredPost) -> str | None:
    if post.revision > 0 or turn.state.member(post.workspace, post.post_id) is not None:
        return "edit"
    if post.in_reply_to is not None:
        return "reply"
    if post.quote_of is not None:
        return "quote"
    if post.visibility == "direct":
        return "direct"
    return "same_author" if post.triage.action != "none" else None


def _join(turn: Turn, case: Case, post: ScoredPost, reason: str) -> None:
    member = turn.state.member(post.workspace, post.post_id)
    if member is None:
        case = case._replace(posts_total=case.posts_total + 1)
    if member is None or post.revision > member.revision:
        turn.state.put(
            key("post", post.workspace, post.post_id), Member(case.case_id, post.revision, post.own, deleted=False)
        )
        case = _read(turn, case, post)
    turn.tell(case, "joined", reason, post=(post.post_id, post.revision))


def _read(turn: Turn, case: Case, post: ScoredPost) -> Case:
    """Takes in what the post says: its text, and what it asks for when that is more than before."""
    brief = briefs.add_post(turn.state.brief(case), post)
    if not post.own:
        if post.triage.priority > case.priority:
            brief = briefs.led_by(brief, post)
        case = case._replace(
            priority=max(case.priority, post.triage.priority),
            action=max(case.action, post.triage.action, key=URGENCY.__getitem__),
            # Who once wrote in private is answered in private.
            channel="direct" if post.visibility == "direct" else case.channel,
        )
    turn.put_brief(case, brief)
    return case


def _open(turn: Turn, post: ScoredPost) -> None:
    view = turn.book.view(post.workspace)
    queue = None if view is None or post.triage.queue is None else view.queues.get(post.triage.queue)
    if queue is None:
        refuse(turn, post, "no_policy" if view is None else "unknown_queue")
        return
    case = Case(
        workspace=post.workspace,
        case_id=ids.case_id(post.workspace, post.post_id, post.revision),
        root_post_id=post.post_id,
        author_id=post.author.author_id,
        queue=queue.name,
        team=queue.team,
        skills=tuple(sorted(set(post.triage.skills))),
        action=post.triage.action,
        priority=post.triage.priority,
        channel=post.visibility,
        state="waiting",
        attempt=0,
        refused=(),
        offer=None,
        seq=-1,
        posts_total=1,
        queued_at_ms=turn.now_ms,
        respond_by_ms=turn.now_ms + 1000 * queue.first_response_s,
        replied_at_ms=None,
        updated_at_ms=turn.now_ms,
        trace_ms=post.appended_ms,
    )
    member = Member(case.case_id, post.revision, own=False, deleted=False)
    turn.state.put(key("post", post.workspace, post.post_id), member)
    turn.put_brief(case, briefs.open_brief(post))
    turn.tell(case, "queued", "opened", post=(post.post_id, post.revision))


def _delete(turn: Turn, post: ScoredPost) -> None:
    entity_key = key("post", post.workspace, post.post_id)
    member = turn.state.member(post.workspace, post.post_id)
    case = _holder(turn, post.workspace, post.post_id)
    if member is None or case is None:
        refuse(turn, post, "no_case")
        return
    revision = max(post.revision, member.revision)
    turn.state.put(entity_key, member._replace(revision=revision, deleted=True))
    turn.put_brief(case, briefs.drop_post(turn.state.brief(case), post.post_id))
    case = turn.tell(case, "joined", "deleted", post=(post.post_id, post.revision))
    if case.state != "assigned" and not _has_posts(turn, case):
        _cancel(turn, case)


def _has_posts(turn: Turn, case: Case) -> bool:
    members = (turn.state.get(name) for name in turn.state.indexes.members[case.case_id])
    return any(isinstance(member, Member) and not (member.own or member.deleted) for member in members)


def _cancel(turn: Turn, case: Case) -> None:
    rep_id = None
    if case.offer is not None:
        rep_id = case.offer.rep_id
        case = turn.release(case, "canceled")
    case = turn.tell(case, "canceled", "deleted", rep_id=rep_id)
    turn.end(case)
