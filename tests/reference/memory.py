"""What the plain router remembers and says, in plain lists."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import get_args

from schemas.policy.policy import Policy
from schemas.policy.queues import Queue
from schemas.posts.scored import SkillNeed, TriageAction
from schemas.posts.scored import TriageAction as Action
from tests.reference.clocks import Clocks, terms
from tests.reference.outcomes import Due, Said, Shown

HELD: tuple[str, ...] = ("assigned", "held", "awaiting")
"""The states in which a rep works on a case."""
TAKEN: tuple[str, ...] = ("offered", *HELD, "wrapping")
"""The states in which a case takes its share of a rep's capacity."""


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
    last_offer_ms: int = -1

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
    reply_until_ms: int | None = None


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
    action: TriageAction = "none"
    topics: set[str] = field(default_factory=set)
    direct: bool = False
    has_public: bool = False
    total: int = 0
    active_ms: int = 0
    state: str = "waiting"
    attempt: int = 0
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
    outcome: str = ""
    closed_ms: int = 0
    has_old_terms: bool = False
    """Whether its deadlines are still by the policy before."""
    is_kept: bool = True
    """Whether it can be opened again after its end."""
    into: str | None = None
    former: str | None = None
    """The rep who had it last, and is asked first when it opens again."""
    asked: str | None = None
    """The rep to whom another one gives it, and who has not answered yet."""
    from_rep: str | None = None
    consulted: list[str] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.state != "closed"


PRESSING: tuple[TriageAction, ...] = get_args(Action)


class World:
    """What there is in one workspace."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.now_ms = 0
        self.live = True
        self.reps: list[Rep] = []
        self.cases: list[Case] = []
        self.picks: dict[tuple[object, ...], int] = {}
        """Offers to the reps of a kind."""
        self.passed_over = 0
        """With as many a new kind begins, because a kind that is forgotten may come back as one."""
        self.said: list[Said] = []
        self.shown: list[Shown] = []

    def case(self, name: str | None) -> Case | None:
        """Returns a case by its name, or the one that it was merged into."""
        found = next((case for case in self.cases if case.name == name), None)
        return found if found is None or found.into is None else self.case(found.into)

    def new_name(self, post_id: str) -> str:
        """Returns a name for a case that this post opens."""
        while any(case.name == post_id for case in self.cases):
            post_id += "'"
        return post_id

    def rep(self, rep_id: str | None) -> Rep | None:
        return next((rep for rep in self.reps if rep.rep_id == rep_id), None)

    def queue(self, name: str) -> Queue:
        return self.policy.queue(name) or self.policy.fallback

    def own_queue(self, case: Case) -> Queue:
        """Returns the queue that a case is in. Where it was withdrawn, the defaults of the contract hold."""
        return self.policy.queue(case.queue) or Queue(name=case.queue, team=case.team)

    def kept_away_ms(self, case: Case) -> int:
        """Returns until when who has refused a case is not asked again."""
        return self.now_ms + 1000 * self.own_queue(case).refusal_ttl_s

    def waiting(self) -> list[Case]:
        return [case for case in self.cases if case.state == "waiting"]

    def of_rep(self, rep: Rep) -> list[Case]:
        """Returns what takes up the rep's capacity. Offers count like cases."""
        return [case for case in self.cases if case.rep_id == rep.rep_id and case.state in TAKEN]

    def answers(self, rep: Rep) -> bool:
        """Says whether the rep is there and takes offers."""
        return rep.is_in and rep.available and not rep.is_silent

    def say(
        self,
        what: str,
        case: Case,
        reason: str,
        post_id: str | None = None,
        rep_id: str | None = None,
        **more: object,
    ) -> None:
        """Says a step of a case, after it."""
        if case.has_old_terms:
            # What is written down anew is by the policy in force.
            case.next_ring_ms = self.ring_ms(case)
        fields = {
            "attempt": case.attempt or None,
            "state": case.state if case.is_open else None,
            "queue": case.queue,
            "priority": case.priority,
            "ring": case.ring if case.is_open else None,
            "respond_by_ms": case.respond_by_ms,
        } | more
        self.said.append(Said(what, case.name, reason, post_id, rep_id, **fields))  # type: ignore[arg-type]
        # What is late already is said at once. What is due only now has a timer that fires after the step.
        if what != "canceled" and case.is_open:
            ring_ms = self.ring_ms(case)
            if case.state == "waiting" and ring_ms is not None and ring_ms <= self.now_ms:
                self.widen(case)
            self.ring(case, self.now_ms - 1)

    def widen(self, case: Case) -> None:
        """The case reaches all rings whose time has come."""
        rings = self.own_queue(case).rings
        waited_ms = self.now_ms - case.entered_ms
        while case.ring < len(rings) and waited_ms >= 1000 * rings[case.ring].after_s:
            self.weigh(case, min(100.0, case.priority + rings[case.ring].raise_priority))
            case.ring += 1
        self.say("ring_changed", case, "waited")

    def ring(self, case: Case, until_ms: int) -> None:
        """Says which deadlines have come soon or were missed until then."""
        said = [(what, kind) for due_ms, what, kind in case.clocks.rings() if due_ms <= until_ms]
        missed = {kind for what, kind in said if what == "breached"}
        said = [(what, kind) for what, kind in said if what == "breached" or kind not in missed]
        for what, kind in said:
            case.clocks.running[kind].warned = True
            if what == "breached":
                case.clocks.breach(kind, self.now_ms)
        for what, kind in said:
            due = next(due for due in dues(case) if due.kind == kind)
            self.say(what, case, kind, due=due)

    def weigh(self, case: Case, priority: float) -> None:
        """The case has another priority, by which its deadlines may only come nearer."""
        case.priority = priority
        case.clocks.shorten(terms(self.policy, self.own_queue(case), priority, direct=case.direct))
        promise(case)

    def ring_ms(self, case: Case) -> int | None:
        """Returns when a case reaches its next ring by the policy in force; None where it has no further one."""
        rings = self.own_queue(case).rings
        return case.entered_ms + 1000 * rings[case.ring].after_s if case.ring < len(rings) else None

    def show(self, case: Case, state: str, reason: str, case_state: str | None = None) -> None:
        """Says a record of `assignments` about the rep who has the case."""
        assert case.rep_id is not None
        self.shown.append(
            Shown(
                state,
                case.name,
                case.attempt,
                reason,
                case.rep_id,
                case.updates,
                case_state or case.state,
                case.queue,
                case.priority,
                tuple(post.post_id for post in listed(case)),
                case.lead if any(post.post_id == case.lead for post in listed(case)) else None,
                case.total,
                case.action,
                "direct" if case.direct else "public",
                case.ring,
                tuple(case.consulted),
                case.from_rep,
                case.related,
                case.expires_ms if state == "offered" else None,
                dues(case),
            )
        )

    def tell_rep(self, case: Case, reason: str) -> None:
        """Says anew what the rep who has the case was told, with what is new."""
        if case.state in TAKEN:
            case.updates += 1
            self.show(case, "offered" if case.state == "offered" else "assigned", reason)


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


def dues(case: Case) -> tuple[Due, ...]:
    """Returns the clocks of a case, the nearest first."""
    return tuple(Due(*due) for due in case.clocks.dues())


def pressing(actions: Iterable[TriageAction]) -> TriageAction:
    """Returns the action that owes the author most."""
    return max(actions, key=PRESSING.index)


def promise(case: Case) -> None:
    """The next answer is due by the clock for it, if one runs."""
    for kind in ("first_response", "next_response"):
        if (clock := case.clocks.running.get(kind)) is not None:
            due_ms = case.clocks.due_ms(clock)
            case.respond_by_ms = case.respond_by_ms if due_ms is None else due_ms
            return
