"""Reveals: a rep has read the plain text of a post, and the case says so in a `revealed` event.

Each reveal becomes one event, whatever the state of the case. None is refused, because the text has been seen when
the event arrives, and the record of who read what must be complete.
"""

import re

from pipeline.route import ids
from pipeline.route.messages import PostRevealed
from pipeline.route.turn import Turn

IN_WORDS = "in_words"
"""The reason of the step when the rep gave words in place of a code, because `cases.events` holds no text. The
words stand in the rep event, which the step names as its cause."""
_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")


def handle_reveal(turn: Turn, event: PostRevealed) -> None:
    """Publishes that the post was read, and by whom."""
    reason = event.reason if _CODE.fullmatch(event.reason) else IN_WORDS
    member = turn.state.member(event.workspace, event.post_id)
    case = None if member is None else turn.state.case(event.workspace, member.case_id)
    if case is not None:
        turn.step(case, "revealed", reason, post=(event.post_id, event.revision), rep_id=event.rep_id)
        return
    # Published under the case that the post would have opened, where the refusal of the post stands too, so that
    # whoever looks up the post finds both.
    turn.caseless_step(
        ids.caseless_id("revealed", event.workspace, event.event_id),
        event.workspace,
        ids.case_id(event.workspace, event.post_id, event.revision),
        "revealed",
        reason,
        post_id=event.post_id,
        revision=event.revision,
        rep_id=event.rep_id,
    )
    turn.counts.append("revealed_without_case")
