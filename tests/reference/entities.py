"""Reps, posts and cases as the plain router knows them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, get_args

from schemas.posts.scored import ScoredPost, SkillNeed, TriageAction
from tests.reference.clocks import Clocks

HELD: tuple[str, ...] = ("assigned", "held", "awaiting")
"""The states in which a rep works on a case."""
TAKEN: tuple[str, ...] = ("offered", *HELD, "wrapping")
"""The states in which a case takes its share of a rep's capacity."""


PRESSING: tuple[TriageAction, ...] = get_args(TriageAction)


@dataclass
class Sender:
    """What one desktop said last about presence."""

    seq: int
    occurred_ms: int
    is_in: bool
    lease_ms: int | None = None
    """When it counts as gone; None without a lease."""


@dataclass
class Rep:
    """A person, from the first sign-in on."""

    rep_id: str
    senders: dict[str | None, Sender] = field(default_factory=dict)
    teams: tuple[str, ...] = ()
    levels: dict[str, int] = field(default_factory=dict)
    capacity: int = 0
    available: bool = False
    missed: int = 0
    is_silent: bool = False
    """Whether so many offers were missed in a row that no more come, until the rep does something."""
    offers: list[tuple[int, str]] = field(default_factory=list)
    """When the rep was offered a case, and of which queue."""
    counted: list[int] = field(default_factory=list)
    """When, of the offers since a policy bounds them. What was offered before is not known."""

    def last_offer_ms(self, queue: str | None = None) -> int:
        """Returns when the rep was offered a case last, of that queue if one is given; -1 for never."""
        return max((ms for ms, of in self.offers if queue in (None, of)), default=-1)

    def act(self) -> None:
        """The rep did something."""
        self.missed, self.is_silent = 0, False

    @property
    def is_in(self) -> bool:
        return any(sender.is_in for sender in self.senders.values())

    @property
    def kind(self) -> tuple[object, ...]:
        """Picks are counted by reps of the same teams and skills."""
        return tuple(sorted(set(self.teams))), tuple(sorted(self.levels.items()))


@dataclass
class Post:
    """A post of a case, as its newest revision has it."""

    post_id: str
    revision: int
    contact: str
    priority: float
    action: TriageAction
    topics: frozenset[str]
    direct: bool
    created_ms: int
    received_ms: int
    own: bool = False
    deleted: bool = False
    cluster: str | None = None
    takes_reply: bool = True
    """Whether the platform takes an answer to it at all."""
    reply_until_ms: int | None = None
    """Until when it does."""


class Lift(NamedTuple):
    """How far a signal has raised a case, and what it was about."""

    step: int
    about: str
    at_ms: int


@dataclass
class Case:
    """A case, from the post that opened it on."""

    name: str
    contacts: set[str]
    queue: str
    team: str
    queued_ms: int
    """When it was opened, or opened again."""
    entered_ms: int
    """Since when the rings count."""
    respond_by_ms: int
    priority: float
    clocks: Clocks
    related: str | None = None
    posts: list[Post] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    """The posts of which the text is kept."""
    needs: dict[str, SkillNeed] = field(default_factory=dict)
    lead: str | None = None
    """The post of the highest priority, the first of several."""
    lead_priority: float = 0.0
    cluster: str | None = None
    """What the public post that opened it is a copy of."""
    copies: set[str] = field(default_factory=set)
    copies_deleted: set[str] = field(default_factory=set)
    action: TriageAction = "none"
    topics: set[str] = field(default_factory=set)
    direct: bool = False
    has_public: bool = False
    total: int = 0
    active_ms: int = 0
    state: str = "waiting"
    attempt: int = 0
    goes_by_time: bool = False
    """Whether its queue had that order when its deadlines were counted last."""
    rep_id: str | None = None
    expires_ms: int = 0
    updates: int = 0
    replied: bool = False
    owed: bool = True
    """Whether the customer wrote after the last answer."""
    owed_ms: int = 0
    """Since when."""
    last_answer: tuple[int, str, bool] | None = None
    """When and how the last answer became known, and whether in private. None once it is known both ways."""
    refused: dict[str, int] = field(default_factory=dict)
    """Until when each rep is not asked again."""
    ring: int = 0
    next_ring_ms: int | None = None
    """When it reaches the next ring by the policy before; only while that counts."""
    hold_until_ms: int | None = None
    wrap_until_ms: int | None = None
    burden: tuple[int, bool] | None = None
    """What it takes of the capacity of the rep who has it, and whether it is interruptible."""
    opener: str = ""
    """Who opened it, of all who have come together in it."""
    wanted: str | None = None
    """The rep for whom it waits, who had an earlier case of its customer."""
    wanted_until_ms: int | None = None
    lent_by: str | None = None
    """The team of the rep who has it, where that is not the case's own."""
    taken_ms: int | None = None
    """When its rep began to work on it, where its queue limited that then."""
    front_ms: int | None = None
    """When it came back because its rep did not answer, so that it goes before all others."""
    outcome: str = ""
    closed_ms: int = 0
    has_old_terms: bool = False
    """Whether its deadlines are still by the policy before."""
    old_limit: tuple[int, str, str] | None = None
    """Until when its rep could leave it as it is by that policy, and what came then. Only while that counts."""
    old_weight: tuple[int, bool] | None = None
    """What it took of a capacity by that policy, and whether it was interruptible. Only while that may count."""
    is_kept: bool = True
    """Whether it can be opened again after its end."""
    into: str | None = None
    former: str | None = None
    """The rep who had it last, and is asked first when it opens again."""
    answer_to: Post | None = None
    """The customer's newest post, by which the platform takes answers. None if that one was taken away."""
    told_soon_ms: int | None = None
    """The end of a reply window that was told to come soon."""
    told_over_ms: int = 0
    """The latest end of a reply window that was told to have come."""
    lifts: dict[str, Lift] = field(default_factory=dict)
    """What has raised it, by kind of signal."""
    asked: str | None = None
    """The rep to whom another one gives it, and who has not answered yet."""
    from_rep: str | None = None
    consulted: list[str] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.state != "closed"

    @property
    def newest(self) -> str | None:
        """The customer's newest post of which the text is kept."""
        return max((post.post_id for post in listed(self) if not post.own), key=self._age, default=None)

    def _age(self, post_id: str) -> tuple[int, str]:
        return next((post.created_ms, post_id) for post in self.posts if post.post_id == post_id)

    @property
    def window_ms(self) -> int | None:
        """When the platform takes no answer to the newest post any more; None without such a window."""
        return None if self.answer_to is None or not self.answer_to.takes_reply else self.answer_to.reply_until_ms


def contact_of(post: ScoredPost) -> str:
    """Returns whose post it is. Nobody knows an anonymous author, whose thread stands for the contact."""
    if post.author.anonymous:
        return f"thread {post.conversation_id or post.post_id}"
    return post.author.author_id


def as_post(post: ScoredPost) -> Post:
    """Returns what is remembered of a post."""
    return Post(
        post.post_id,
        post.revision,
        contact_of(post),
        post.triage.priority,
        post.triage.action,
        frozenset(hit.topic for hit in post.topics),
        post.visibility == "direct",
        _ms(post.created_at),
        _ms(post.received_at),
        own=post.own,
        deleted=post.deleted,
        cluster=None if post.cluster is None else post.cluster.id,
        takes_reply=post.reply is None or post.reply.allowed,
        reply_until_ms=None if post.reply is None or post.reply.until is None else _ms(post.reply.until),
    )


def _ms(time: datetime) -> int:
    return round(time.timestamp() * 1000)


def listed(case: Case) -> list[Post]:
    """Returns the posts of which the text is kept, the oldest first."""
    there = [post for post in case.posts if post.post_id in case.kept and not post.deleted]
    return sorted(there, key=lambda post: (post.created_ms, post.post_id))


def keep(case: Case, *new: str) -> None:
    """Keeps the texts of the newest ten posts, of which the one that led is always one.

    What was let go does not come back when another one is deleted.
    """
    case.kept |= set(new)
    lead_last = sorted(listed(case), key=lambda post: post.post_id == case.lead)
    case.kept = {post.post_id for post in lead_last[-10:]}
