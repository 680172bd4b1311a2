"""Input records as messages of the contract, with the keys by which a repeat is recognised.

The router reads `posts.actionable`, `reps.events` and `route.signals`. Nothing here changes the state.
"""

from typing import get_args

from pydantic import BaseModel

from pipeline.codec import decode
from pipeline.errors import Permanent
from pipeline.ports.records import InputRecord
from pipeline.route import messages
from pipeline.route.decoders import Decoder
from pipeline.route.messages import AnyRepEvent, Input, Remembered, RouteSignal, ScoredPost
from pipeline.route.sla.zones import zone_names
from schemas.cases import steps
from schemas.people import rep
from schemas.policy.policy import Policy
from schemas.posts import raw, scored, signals
from schemas.topics import ACTIONABLE, REPS, SIGNALS

_POSTS: Decoder[ScoredPost] = Decoder(
    scored.ScoredPost,
    {
        scored.ScoredPost: ScoredPost,
        raw.Author: messages.Author,
        raw.Reply: messages.Reply,
        scored.Sentiment: messages.Sentiment,
        scored.Language: messages.Language,
        signals.Intent: messages.Intent,
        signals.Cluster: messages.Cluster,
        signals.TopicHit: messages.Topic,
        scored.SkillNeed: messages.SkillNeed,
        scored.Triage: messages.Triage,
    },
)
_EVENTS: tuple[type[BaseModel], ...] = get_args(rep.RepEvent.model_fields["root"].annotation)
_REP_EVENTS: Decoder[AnyRepEvent] = Decoder(
    rep.RepEvent,
    {event: getattr(messages, event.__name__) for event in _EVENTS},
)
_SIGNALS: Decoder[RouteSignal] = Decoder(steps.RouteSignal, {steps.RouteSignal: RouteSignal})


def read(record: InputRecord) -> Input:
    """Decodes a record into its message.

    Raises:
        Permanent: with one of the codec's codes, with `wrong_key` when the key is not the workspace, or with
            `unknown_topic`.
    """
    message: Input
    if record.topic == ACTIONABLE.name:
        message = _POSTS.decode(record.value)
    elif record.topic == REPS.name:
        message = _REP_EVENTS.decode(record.value)
    elif record.topic == SIGNALS.name:
        message = _SIGNALS.decode(record.value)
    else:
        raise Permanent("unknown_topic", f"the router does not read {record.topic}")
    # The key decides the partition. Under another key, another router may own the workspace, and two would decide.
    if record.key != message.workspace.encode():
        raise Permanent("wrong_key", "the record's key must be the workspace", "workspace")
    return message


def read_policy(workspace: str, content: bytes) -> Policy:
    """Decodes a policy as it was published.

    Raises:
        Permanent: with one of the codec's codes, also for a time zone that is none, or with `wrong_key` when it is
            another workspace's.
    """
    policy = decode(Policy, content)
    if policy.workspace != workspace:
        raise Permanent("wrong_key", "the policy is another workspace's", "workspace")
    for at, calendar in enumerate(policy.calendars):
        if calendar.zone not in zone_names():
            raise Permanent("invalid_field", "this release has no such time zone", f"calendars.{at}.zone")
    return policy


def event_ms(message: Input) -> int:
    """Returns the message's own time in milliseconds since the epoch."""
    return message.own_ms


def name_of(message: Remembered) -> str:
    """Returns the name by which a repeat of this input is known.

    Each revision of a post is an input of its own, and so is each time that a supervisor pulls it. Each rep event
    counts once by its `event_id`.
    """
    if isinstance(message, ScoredPost):
        # The release before had these names as keys of its changelog.
        name = f"seen-post/{message.workspace}/{message.revision}/{message.post_id}"
        return name if message.triage.pull_id is None else f"{name}/{message.triage.pull_id}"
    return f"seen-rep/{message.workspace}/{message.event_id}"
