"""That a rep has read the plain text of a post: one `revealed` event a reading, whatever the state of the case.

Comes in: `PostRevealed`. Goes out: a step of the case that the post is in, or an event of no case. Never here: a
refusal; when the event arrives, the text has been seen, and nothing can be said about that but the truth.
"""

import re

from pipeline.route.cases import ids
from pipeline.route.turn import Turn
from schemas.people.rep import PostRevealed

IN_WORDS = "in_words"
"""The reason of the step where the rep gave no code: `cases.events` holds no text. Its cause is the rep event."""
_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")


def handle_reading(turn: Turn, event: PostRevealed) -> None:
    """Tells that the post was read, and by whom."""
    reason = event.reason if _CODE.fullmatch(event.reason) else IN_WORDS
    member = turn.state.member(event.workspace, event.post_id)
    case = None if member is None else turn.state.case(event.workspace, member.case_id)
    if case is not None:
        turn.tell(case, "revealed", reason, post=(event.post_id, event.revision), rep_id=event.rep_id)
        return
    # As a refused post: under the case that it would have opened, and so beside what became of it.
    turn.tell_caseless(
        ids.reading_id(event.workspace, event.event_id),
        event.workspace,
        ids.case_id(event.workspace, event.post_id, event.revision),
        "revealed",
        reason,
        post_id=event.post_id,
        revision=event.revision,
        rep_id=event.rep_id,
    )
    turn.counts.append("revealed_without_case")
