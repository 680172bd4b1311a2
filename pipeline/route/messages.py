"""The messages of the router's inputs as the core reads them. Each has the fields that decisions depend on.

The rules of the fields, and all other fields, stand in the contract (`schemas.posts.scored` and
`schemas.people.rep`). `inputs` derives from both what it decodes into, so that each field of an instance here has
kept the rules of the contract. Times are text in the contract's one spelling.
"""

from datetime import datetime
from typing import ClassVar, Literal

from msgspec import Struct

from pipeline.clock import to_ms
from pipeline.route.skills import Need
from pipeline.route.state.entities import skill_set
from schemas.posts.raw import Visibility
from schemas.posts.scored import SentimentLabel, TriageAction


class Author(Struct):
    """Whoever wrote a post. All but the id is only handed on."""

    author_id: str
    handle: str | None
    name: str | None
    followers: int | None
    following: int | None
    verified: bool | None
    created_at: str | None
    anonymous: bool


class Topic(Struct):
    """A listening topic that a post concerns."""

    topic: str


class Cluster(Struct):
    """The posts that a post is a copy of."""

    id: str


class Sentiment(Struct):
    """How the writer feels. All but the label is only handed on."""

    label: SentimentLabel
    probabilities: Struct
    model: str
    weak: bool


class Language(Struct):
    """The language of a text."""

    code: str


class Intent(Struct):
    """What the writer wants."""

    name: str


class Reply(Struct, omit_defaults=True):
    """What the platform allows as an answer. All but the first and the end is only handed on."""

    allowed: bool
    reason: str | None = None
    until: str | None = None
    max_graphemes: int | None = None
    cost: float | None = None

    @property
    def ends_ms(self) -> int | None:
        """When the last moment for an answer is, in milliseconds since the epoch; 0 when there never was one, and
        None when there is no end."""
        if not self.allowed:
            return 0
        return None if self.until is None else ms_of(self.until)


class SkillNeed(Struct):
    """A skill that a case needs at a level, or without which nobody may have it."""

    name: str
    level: int
    required: bool


class Triage(Struct):
    """What should be done about a post."""

    action: TriageAction
    queue: str | None
    skills: tuple[str, ...]
    needs: tuple[SkillNeed, ...]
    priority: float
    reasons: tuple[Struct, ...]
    policy_version: int
    by: str | None
    pull_id: str | None

    @property
    def words(self) -> tuple[str, ...]:
        """What it asks of a rep, as `skills` words it."""
        if not self.needs:
            return skill_set(tuple(self.skills))
        needs = {need.name: Need(need.name, need.level, need.required) for need in self.needs}
        return skill_set(tuple((needs.get(name) or Need(name)).word for name in {*self.skills, *needs}))


class ScoredPost(Struct):
    """A post of `posts.actionable`, masked."""

    schema_version: int
    workspace: str
    post_id: str
    revision: int
    deleted: bool
    own: bool
    platform: str
    author: Author
    title: str | None
    text: str | None
    created_at: str
    visibility: Visibility
    in_reply_to: str | None
    in_reply_to_author: str | None
    repost_of: str | None
    quote_of: str | None
    quote_of_author: str | None
    conversation_id: str | None
    url: str | None
    reply: Reply | None
    sentiment: Sentiment | None
    offence: float | None
    complaint: float | None
    language: Language | None
    intent: Intent | None
    pressing: float | None
    urgency: float
    topics: tuple[Topic, ...]
    cluster: Cluster | None
    influence: Struct
    triage: Triage
    appended_ms: int

    @property
    def own_ms(self) -> int:
        """When the post was written, in milliseconds since the epoch."""
        return ms_of(self.created_at)


class _RepEvent(Struct):
    type: ClassVar[str]
    """The type by which the contract tells the events apart."""

    schema_version: int
    workspace: str
    event_id: str
    rep_id: str
    sender: str | None
    seq: int
    occurred_at: str

    @property
    def own_ms(self) -> int:
        """When the rep did it by the desktop's clock, in milliseconds since the epoch."""
        return ms_of(self.occurred_at)


class SignedIn(_RepEvent):
    """The rep starts work at this desktop."""

    teams: tuple[str, ...]
    skills: tuple[str, ...]
    skill_levels: dict[str, int]
    capacity: int


class PresenceChanged(_RepEvent):
    """The rep takes offers or not."""

    presence: Literal["available", "away"]


class SignedOut(_RepEvent):
    """The rep stops work at this desktop."""


class _Request(_RepEvent):
    case_id: str
    attempt: int


class CasePicked(_RepEvent):
    """The rep asks to take a waiting case of a pull queue."""

    case_id: str


class OfferAccepted(_Request):
    """The rep asks to take an offer."""


class OfferRejected(_Request):
    """The rep does not take the offer."""

    reason: str


class ReplySent(_Request):
    """The rep answered the author."""

    channel: Visibility


class CaseResolved(_Request):
    """The rep closes the case."""

    outcome: str


class WrappedUp(_Request):
    """The rep has finished what a resolved case left to do."""


class CaseTransferred(_Request):
    """The rep hands the case on, to one of the three."""

    to_rep: str | None
    to_queue: str | None
    to_team: str | None
    warm: bool
    reason: str


class ConsultStarted(_Request):
    """The rep asks another one for advice."""

    with_rep: str


class ConsultEnded(_Request):
    """The other rep is no longer asked."""

    with_rep: str


class CaseHeld(_Request):
    """The rep waits for something else than the customer."""

    until: str | None

    @property
    def until_ms(self) -> int | None:
        """When the rep means to go on, in milliseconds since the epoch."""
        return None if self.until is None else ms_of(self.until)


class CustomerAwaited(_Request):
    """The customer owes an answer."""


class CaseResumed(_Request):
    """The rep goes on."""


class ContactNoted(_RepEvent):
    """The customer and the brand were in touch elsewhere."""

    case_id: str | None
    author_id: str | None
    channel: Literal["phone", "email", "chat", "other"]
    direction: Literal["in", "out"]
    at: str

    @property
    def at_ms(self) -> int:
        """When it happened, in milliseconds since the epoch."""
        return ms_of(self.at)


class CasesMerged(_RepEvent):
    """Two cases are about one matter."""

    case_id: str
    into: str


class CaseSplit(_RepEvent):
    """Some posts of a case are about another matter."""

    case_id: str
    post_ids: tuple[str, ...]
    queue: str | None


class CaseReprioritised(_RepEvent):
    """A supervisor sets the priority of a case."""

    case_id: str
    priority: float


class CaseClosedBy(_RepEvent):
    """A supervisor closes a case."""

    case_id: str
    reason: str


class PostRevealed(_RepEvent):
    """The rep reads the plain text of a post."""

    post_id: str
    revision: int
    reason: str


class Heartbeat(_RepEvent):
    """The desktop is still there."""


class RouteSignal(Struct):
    """A step of reach, mood or customer value of a post or an author."""

    workspace: str
    post_id: str | None
    author_id: str | None
    kind: Literal["reach", "mood", "value", "other"]
    step: int
    at: str

    @property
    def own_ms(self) -> int:
        """When it was observed, in milliseconds since the epoch."""
        return ms_of(self.at)


Presence = SignedIn | PresenceChanged | SignedOut
Request = (
    OfferAccepted | OfferRejected | ReplySent | CaseResolved | WrappedUp
    | CaseTransferred | ConsultStarted | ConsultEnded | CaseHeld | CustomerAwaited | CaseResumed
)  # fmt: skip
"""What a rep asks for about an offer."""
Supervision = CasesMerged | CaseSplit | CaseReprioritised | CaseClosedBy | ContactNoted | CasePicked
"""What is asked for about a case, whoever has it or whether it waits."""
AnyRepEvent = Presence | Request | Supervision | PostRevealed | Heartbeat
Remembered = ScoredPost | Presence | Request | Supervision | PostRevealed
"""Inputs of which a repeat is known. A repeated signal or heartbeat changes nothing anyway."""
Input = Remembered | Heartbeat | RouteSignal


def ms_of(time: str) -> int:
    """Returns the milliseconds since the epoch of a time by RFC 3339."""
    return to_ms(datetime.fromisoformat(time))
