"""Input records as messages, and whether they were handled before.

Comes in: records of `posts.actionable` and `reps.events`. Goes out: messages, dedupe keys, event times. Never
here: a change of state.
"""

from pipeline.clock import to_ms
from pipeline.codec import decode
from pipeline.errors import Permanent
from pipeline.ports.records import InputRecord
from pipeline.route.state.entities import key
from schemas.people.rep import AnyRepEvent, RepEvent
from schemas.posts.scored import ScoredPost
from schemas.topics import ACTIONABLE, REPS

Input = ScoredPost | AnyRepEvent


def read(record: InputRecord) -> Input:
    """The message of a record.

    Raises:
        Permanent: the codec's codes; `wrong_key` when the key is not the workspace, because another router may
            then own that workspace; `unknown_topic`.
    """
    message: Input
    if record.topic == ACTIONABLE.name:
        message = decode(ScoredPost, record.value)
    elif record.topic == REPS.name:
        message = decode(RepEvent, record.value).root
    else:
        raise Permanent("unknown_topic", f"the router does not read {record.topic}")
    if record.key != message.workspace.encode():
        raise Permanent("wrong_key", "the record's key must be the workspace", "workspace")
    return message


def event_ms(message: Input) -> int:
    """The message's own time in milliseconds."""
    return to_ms(message.created_at if isinstance(message, ScoredPost) else message.occurred_at)


def seen_key(message: Input) -> str:
    """Under which key it is noted that this input was handled."""
    if isinstance(message, ScoredPost):
        return key("seen-post", message.workspace, f"{message.revision}/{message.post_id}")
    return key("seen-rep", message.workspace, message.event_id)
