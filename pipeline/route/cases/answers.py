"""The brand's answers: a desktop reports one, it is seen as a post, or it was given by phone, mail or chat.

Any of them counts, whatever tool it came from. One that is reported and also seen counts once. A case that nobody
has accepted yet is over when it is answered, so that nobody answers it twice.
"""

import msgspec
from msgspec import Struct

from pipeline.route import promises
from pipeline.route.cases import ending
from pipeline.route.messages import ScoredPost, ms_of
from pipeline.route.records import Reply
from pipeline.route.state.brief import Brief
from pipeline.route.state.entities import Answer, Case
from pipeline.route.turn import Turn
from schemas.posts.raw import Visibility

SAME_ANSWER_MS = 10 * 60_000
"""What is reported and what is seen on the same channel within so long is one answer. Networks deliver a brand's
own posts within minutes."""


def give_by_post(turn: Turn, case: Case, post: ScoredPost) -> Case:
    """Counts an answer that was seen as a post of the brand, which has joined the case."""
    if _is_known(case, seen=True, channel=post.visibility, now_ms=turn.now_ms):
        case = case._replace(answer=None)
        turn.state.put_case(case)
        return case
    newer = _has_newer(turn.state.brief(case), ms_of(post.created_at))
    answer = Answer(turn.now_ms, seen=True, channel=post.visibility)
    case = _count(turn, case, "own_post", answer, is_owed=newer)
    if case.state in ("waiting", "offered") and not newer:
        ending.close(turn, case, "answered_elsewhere")
    return case


def give_by_report(turn: Turn, case: Case, channel: Visibility, rep_id: str) -> Case:
    """Counts an answer that the desktop of the case's rep reports."""
    if _is_known(case, seen=False, channel=channel, now_ms=turn.now_ms):
        reply = Reply(channel, answers_private=False)
        return turn.step(case._replace(answer=None), "replied", "same_reply", rep_id=rep_id, reply=reply)
    reason = "first_reply" if case.replied_at_ms is None else "later_reply"
    return _count(turn, case, reason, Answer(turn.now_ms, seen=False, channel=channel), rep_id=rep_id)


def give_elsewhere(turn: Turn, case: Case, channel: str, rep_id: str, at_ms: int) -> None:
    """Counts an answer by phone, mail or chat, which was given at that time and may be noted hours later."""
    newer = _has_newer(turn.state.brief(case), at_ms)
    case = _count(turn, case, channel, None, is_owed=newer, rep_id=rep_id)
    if case.state in ("waiting", "offered") and not newer:
        ending.close(turn, case, "answered_elsewhere")
    else:
        turn.publish_update(case, "contact_noted")


def _is_known(case: Case, *, seen: bool, channel: Visibility, now_ms: int) -> bool:
    """Whether the case has the answer already, by the other way in which one becomes known."""
    answer = case.extras.answer
    return (
        answer is not None
        and answer.seen != seen
        and answer.channel == channel
        and now_ms - answer.at_ms <= SAME_ANSWER_MS
    )


def _count(
    turn: Turn,
    case: Case,
    reason: str,
    answer: Answer | None,
    *,
    is_owed: bool = False,
    rep_id: str | None = None,
) -> Case:
    reply = None if answer is None else Reply(answer.channel, _answers_private(turn, case, answer.channel))
    if reply is not None and reply.answers_private:
        turn.counts.append("answered_in_public")
    is_owed = is_owed and case.owed_ms is not None
    case = promises.answered(case)._replace(
        replied_at_ms=turn.now_ms if case.replied_at_ms is None else case.replied_at_ms,
        # Whoever gave the answer had the time for it. What it leaves unanswered has its time from now on.
        owed_ms=turn.now_ms if is_owed else None,
        answer=answer,
        active_ms=turn.now_ms,
    )
    if is_owed:
        case = promises.asked(turn.book, case, turn.now_ms)
    return turn.step(case, "replied", reason, rep_id=rep_id, reply=reply)


def _answers_private(turn: Turn, case: Case, channel: Visibility) -> bool:
    """Whether a public answer is one to what the contact has written in private.

    An invitation into a private conversation is none: there the newest post is the public one.
    """
    if channel != "public" or case.channel != "direct":
        return False
    written = [post for post in map(_written, turn.state.brief(case).parts().posts) if not post.own]
    return bool(written) and written[-1].visibility == "direct"


class _Written(Struct, gc=False):
    """What tells whether a post of a brief is newer than an answer, and whether it is private."""

    created_at: str
    own: bool
    visibility: Visibility


_written = msgspec.json.Decoder(_Written).decode


def _has_newer(brief: Brief, answered_ms: int) -> bool:
    """Whether the contact has written something after the answer, which it therefore does not answer."""
    return any(
        not post.own and ms_of(post.created_at) > answered_ms for post in map(_written, brief.parts().posts)
    )
