"""What becomes of a post: it opens a case, joins one, or is refused, and exactly one of the three.

Posts of one author are collapsed into the author's open case, and reposts are only counted. The brand's own
replies join the case that they answer. The outcome is published as a case event. Which rep gets the case is
decided in `matching`.
"""

from sys import intern
from typing import get_args

from pipeline.route import ids, promises
from pipeline.route.cases import briefs
from pipeline.route.messages import ScoredPost
from pipeline.route.state.entities import Case, Member, skill_set
from pipeline.route.state.indexes import names_of
from pipeline.route.turn import Turn
from schemas.posts.scored import NO_WORK, TriageAction
from schemas.refusals import PostRefusal

URGENCY: dict[TriageAction, int] = {action: rank for rank, action in enumerate(get_args(TriageAction))}
"""A case whose posts ask for different actions keeps the highest, which is the one that owes the author most."""


def handle_post(turn: Turn, post: ScoredPost) -> None:
    """Queues, joins or refuses one post."""
    if post.deleted:
        _delete(turn, post)
    elif _count_repost(turn, post):
        return
    elif post.own:
        _join_own_reply(turn, post)
    else:
        _join_or_open(turn, post)


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


def _case_with(turn: Turn, workspace: str, post_id: str | None) -> Case | None:
    if post_id is None:
        return None
    member = turn.state.member(workspace, post_id)
    return None if member is None else turn.state.case(workspace, member.case_id)


def _count_repost(turn: Turn, post: ScoredPost) -> bool:
    if post.repost_of is None:
        return False
    case = _case_with(turn, post.workspace, post.repost_of)
    if case is None:
        if post.repost_of in turn.state.workspaces[post.workspace].closed_posts:
            turn.counts.append("reposts_after_close")
        return False
    # Counted and not made a member, because a hundred thousand reposts of one complaint are one piece of work, and
    # must not be a hundred thousand entities.
    turn.step(case, "joined", "repost", post=(post.post_id, post.revision), posts_total=case.posts_total + 1)
    return True


def _join_own_reply(turn: Turn, post: ScoredPost) -> None:
    case = _case_with(turn, post.workspace, post.in_reply_to) or _case_with(turn, post.workspace, post.quote_of)
    if case is None:
        refuse(turn, post, "own_post")
    else:
        _join(turn, case, post, "own_reply")


def _join_or_open(turn: Turn, post: ScoredPost) -> None:
    case = _open_case_of(turn, post)
    actionable = post.triage.action not in NO_WORK
    if case is not None:
        reason = _join_reason(turn, post)
        if reason is not None:
            _join(turn, case, post, reason)
            return
    if actionable:
        _open_case(turn, post)
    else:
        refuse(turn, post, "no_case" if case is None else "unrelated")


def _open_case_of(turn: Turn, post: ScoredPost) -> Case | None:
    """Returns the author's open case, of several the newest."""
    workspace = turn.state.workspaces[post.workspace]
    if post.author.author_id not in workspace.contacts:
        return None
    cases = [workspace.cases[case_id] for case_id in names_of(workspace.contacts, post.author.author_id)]
    return max(cases, key=lambda case: (case.queued_at_ms, case.case_id))


def _join_reason(turn: Turn, post: ScoredPost) -> str | None:
    if post.revision > 0 or turn.state.member(post.workspace, post.post_id) is not None:
        return "edit"
    if post.in_reply_to is not None:
        return "reply"
    if post.quote_of is not None:
        return "quote"
    if post.visibility == "direct":
        return "direct"
    return "same_author" if post.triage.action not in NO_WORK else None


def _join(turn: Turn, case: Case, post: ScoredPost, reason: str) -> None:
    member = turn.state.member(post.workspace, post.post_id)
    if member is None:
        case = case._replace(posts_total=case.posts_total + 1)
    # An older revision that comes late is counted as a step, but must not overwrite what the newer one says.
    if member is None or post.revision > member.revision:
        newest = Member(case.case_id, post.revision, post.own, deleted=False)
        turn.state.put("post", post.workspace, post.post_id, newest)
        case = _take_in(turn, case, post)
    if post.own:
        case = promises.answered(case)
    elif member is None:
        case = promises.asked(turn.book, case, turn.received_ms(post.appended_ms))
    turn.step(case, "joined", reason, post=(post.post_id, post.revision))


def _take_in(turn: Turn, case: Case, post: ScoredPost) -> Case:
    """Adds the text of the post to the brief, and raises what the case asks for when the post asks for more."""
    brief = briefs.add_post(turn.state.brief(case), post)
    if not post.own:
        if post.triage.priority > case.priority:
            brief = briefs.with_lead_post(brief, post)
        case = case._replace(
            priority=max(case.priority, post.triage.priority),
            action=max(case.action, post.triage.action, key=URGENCY.__getitem__),
            # Whoever once wrote in private is answered in private, even when a later post is public.
            channel="direct" if _answered_in_private(post) else case.channel,
        )
    turn.put_brief(case, brief)
    return case


def _answered_in_private(post: ScoredPost) -> bool:
    return post.visibility == "direct" or post.triage.action == "respond_privately"


def _open_case(turn: Turn, post: ScoredPost) -> None:
    queue = turn.book.queue(post.workspace, post.triage.queue)
    if queue is None:
        refuse(turn, post, "no_policy")
        return
    received_ms = turn.received_ms(post.appended_ms)
    case = Case(
        workspace=intern(post.workspace),
        case_id=ids.case_id(post.workspace, post.post_id, post.revision),
        root_post_id=post.post_id,
        author_id=post.author.author_id,
        queue=queue.name,
        team=queue.team,
        skills=skill_set(tuple(post.triage.skills)),
        action=post.triage.action,
        priority=post.triage.priority,
        channel="direct" if _answered_in_private(post) else post.visibility,
        state="waiting",
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
    )
    member = Member(case.case_id, post.revision, own=False, deleted=False)
    turn.state.put("post", post.workspace, post.post_id, member)
    turn.put_brief(case, briefs.open_brief(post))
    # A queue that was withdrawn while the post was on its way loses no post.
    reason = "opened" if queue.name == post.triage.queue else "queue_gone"
    case = promises.begun(turn.book, case, received_ms)
    turn.step(case, "queued", reason, post=(post.post_id, post.revision))


def _delete(turn: Turn, post: ScoredPost) -> None:
    member = turn.state.member(post.workspace, post.post_id)
    case = _case_with(turn, post.workspace, post.post_id)
    if member is None or case is None:
        refuse(turn, post, "no_case")
        return
    revision = max(post.revision, member.revision)
    turn.state.put("post", post.workspace, post.post_id, member._replace(revision=revision, deleted=True))
    turn.put_brief(case, briefs.drop_post(turn.state.brief(case), post.post_id))
    case = turn.step(case, "joined", "deleted", post=(post.post_id, post.revision))
    # An assigned case stays with its rep, who may be writing the answer at this moment.
    if case.state != "assigned" and not _has_posts(turn, case):
        _cancel(turn, case)


def _has_posts(turn: Turn, case: Case) -> bool:
    workspace = turn.state.workspaces[case.workspace]
    members = (workspace.members[post_id] for post_id in names_of(workspace.posts, case.case_id))
    return any(not (member.own or member.deleted) for member in members)


def _cancel(turn: Turn, case: Case) -> None:
    rep_id = None
    if case.offer is not None:
        rep_id = case.offer.rep_id
        case = turn.release(case, "canceled")
    turn.last_step(case, "canceled", "deleted", rep_id)
