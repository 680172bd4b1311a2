"""What the router remembers: immutable entities, each under a changelog key.

They are made from the fields of validated messages and never changed in place, so that an undo only has to put the
old one back. Their bytes in the changelog are the business of `changelog.py`.
"""

import sys
from functools import lru_cache
from typing import Literal, NamedTuple, Self, get_args

from msgspec import Struct
from msgspec.structs import replace

from pipeline.route.sla.clocks import Clocks
from pipeline.route.state.brief import Brief
from schemas.cases.case import CaseState
from schemas.policy.policy import Policy
from schemas.posts.raw import Visibility
from schemas.posts.scored import TriageAction

Refusals = tuple[tuple[str, int], ...]
"""Pairs, sorted, of the id of a rep who did not take the case and the time in milliseconds when that lapses."""


@lru_cache(maxsize=4096)
def skill_set(skills: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the words sorted, each once. Equal ones are held once, because most cases ask for the same few."""
    return tuple(sys.intern(skill) for skill in sorted(set(skills)))


class Kept(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An entity of which there are very many. It takes less room than a tuple, and no collector walks over it.

    A default that is not written must be one that Python holds only once. msgspec leaves out the very object that
    is the default and not its equal, so that a restored router would write another text than one that went on.
    """

    def _replace(self, **changes: object) -> Self:
        return replace(self, **changes)


class Offer(Kept, frozen=True, omit_defaults=True):
    """The offer that a case is in, or from which it was accepted."""

    rep_id: str
    expires_at_ms: int
    eligible: int
    """How many reps could have taken the case at that moment, the chosen one included."""
    present: int
    excluded: tuple[tuple[str, int], ...]
    """Why the others of the team could not: pairs of a reason code and a number of reps, sorted."""
    why: tuple[tuple[str, str], ...]
    """Pairs of a reason code and its text, which say why it was this case now and why this rep."""
    also_team: str | None = None
    """The team of the rep that hears of the case as well, where the rep is not of the team of the case."""
    taken_ms: int | None = None
    """When the rep began to work on the case, in a queue in which that counts."""


class Answer(Kept, frozen=True):
    """An answer that the brand gave."""

    at_ms: int
    seen: bool
    """Whether the answer itself was seen as a post. Otherwise a desktop has reported it."""
    channel: Visibility


class Times(Kept, frozen=True, omit_defaults=True):
    """What time alone does to a case, besides its offer, its rings and its deadlines."""

    until_ms: int | None = None
    """When the hold of its rep, or the wrap-up, is over."""
    limit_ms: int | None = None
    """When its rep, who has not answered, loses it, or when it is resolved, because nobody has written."""
    front_ms: int | None = None
    """Since when it waits before all others, because a rep who had it did not answer."""
    warned_ms: int | None = None
    """The end of what the platform takes as answers, once it was told that it is near."""
    over_ms: int | None = None
    """The same, once it was told that it is over."""


NO_TIMES = Times()
REPLY_WARNS_MS = 3_600_000
"""So long before its end it is told that the platform soon takes no more answers. Most windows are of a day."""


class Lift(Kept, frozen=True):
    """What a signal of one kind has done to the priority of a case."""

    kind: Literal["reach", "mood", "value"]
    step: int
    """By how many doublings the priority is raised, from 0."""
    about: str
    """The id of the post or author that leads. Only a signal about the same one takes the priority down."""
    at_ms: int
    """When it was observed."""


class Extras(Kept, frozen=True, omit_defaults=True):
    """What a case may have besides. Most cases have nothing of it, and need no room for it."""

    cluster: str | None = None
    """The cluster of the post that opened it, where others may have copied that."""
    copies: int = 0
    """How many of its posts are copies by others. Of these the first are members."""
    reposts: int = 0
    """How many of its posts are reposts, none of which is a member."""
    thread: str | None = None
    """The contact of an anonymous case, which is its thread."""
    others: tuple[str, ...] = ()
    """More contacts, who came with cases that were merged into this one."""
    answer: Answer | None = None
    """The newest answer of the brand."""
    former_rep: str | None = None
    """The rep who had it last."""
    from_rep: str | None = None
    """The rep who hands it over to the one who is offered it."""
    consulted: tuple[str, ...] = ()
    """The reps who are asked for advice, sorted."""
    related: str | None = None
    """The id of the case of somebody else in whose conversation it began."""
    times: Times | None = None
    """What time alone does to it; None for nothing."""
    outcome: str | None = None
    """How it ended, while its rep wraps it up."""
    ring: int = 0
    """How many rings of its queue it has reached."""
    ring_ms: int | None = None
    """When it reaches the next one, if it waits then; None without one."""
    reply_ends_ms: int | None = None
    """When the platform takes no more answers to the contact's newest post; 0 where it takes none at all, and None
    where nothing is known of an end."""
    brand: str | None = None
    """The brand, of several, whose account the contact has addressed."""
    weight: int = 1
    """How much of a rep's capacity it takes. It stays the same as long as a rep has the case or is offered it."""
    interruptible: bool = False
    """Whether it takes none from an offer of a case that is not, which stays the same as long."""
    sticky_rep: str | None = None
    """The rep for whom it waits first, who had an earlier case of the contact; None without one."""
    sticky_ms: int | None = None
    """Until when it waits for that rep."""
    breach_ms: int | None = None
    """When it misses its next deadline, where its queue goes by that; None where it goes by priority."""
    lifts: tuple[Lift, ...] = ()
    """What signals have done to its priority, sorted by kind."""


NO_EXTRAS = Extras()
_SELDOM = frozenset(Extras.__struct_fields__)


def extras_of(before: Extras, **changes: object) -> Extras:
    """Returns the extras of a case with changes. All cases that have nothing of it hold the same object."""
    after = replace(before, **changes)
    return NO_EXTRAS if after == NO_EXTRAS else after


class Case(Kept, frozen=True, omit_defaults=True):
    """An open case. Its texts are in its `Brief`, which is much larger and changes less often."""

    workspace: str
    case_id: str
    root_post_id: str
    author_id: str
    queue: str
    team: str
    skills: tuple[str, ...]
    """What it asks of a rep besides what its queue asks, in the words of `skills`, sorted."""
    action: TriageAction
    priority: float
    channel: Visibility
    state: CaseState
    attempt: int
    refused: Refusals
    """The reps who have rejected the case or let it time out since it last went round from the start, and until
    when they are not asked again."""
    offer: Offer | None
    seq: int
    """The number of its newest event, which counts from 0 without a gap."""
    posts_total: int
    queued_at_ms: int
    respond_by_ms: int
    replied_at_ms: int | None
    updated_at_ms: int
    trace_ms: int
    """When the broker took in the raw record that opened the case."""
    timer_parked: bool = False
    """Whether what was due next has failed, or its offer can be written nowhere. Then nothing is due, and nothing
    is offered, before the next step."""
    clocks: Clocks | None = None  # in a queue without an SLA
    active_ms: int = 0
    """When somebody wrote last, the contact or the brand."""
    entered_ms: int = 0
    """When it came into its queue, by opening, transfer or reopening."""
    update: int = 0
    """How many times the rep was told anew what the newest assignment record says."""
    topics: tuple[str, ...] = ()
    """The listening topics of its posts, sorted."""
    public: bool = True
    """Whether the contact wrote a public post of it."""
    owed_ms: int | None = None
    """When the contact wrote the first post that the brand has not answered yet, or when an answer came that was
    older than the contact's newest post; None when all are answered."""
    extras: Extras = NO_EXTRAS

    def _replace(self, **changes: object) -> Self:
        """Returns the case with changes of its own fields and of those of its extras."""
        if not _SELDOM.isdisjoint(changes):
            seldom = {name: changes.pop(name) for name in _SELDOM.intersection(changes)}
            changes["extras"] = extras_of(self.extras, **seldom)
        return replace(self, **changes)

    @property
    def contacts(self) -> tuple[str, ...]:
        """Returns who may go on with the case by writing again. The first is the one who opened it."""
        return (self.extras.thread or self.author_id, *self.extras.others)

    @property
    def last_rep(self) -> str | None:
        """Returns the rep who has or had the case. Whoever is only offered it never had it."""
        return self.extras.former_rep if self.offer is None or self.state == "offered" else self.offer.rep_id

    def refused_by(self, rep_id: str, until_ms: int) -> "Case":
        """Returns the case so that the rep does not get it again before then, or before everybody else has refused
        it too."""
        refused = dict(self.refused)
        refused[rep_id] = max(until_ms, refused.get(rep_id, 0))
        case = self.let_go() if rep_id == self.extras.sticky_rep else self
        return case._replace(refused=tuple(sorted(refused.items())))

    def timed(self, **changes: int | None) -> "Case":
        """Returns the case with other `Times`."""
        times = replace(self.extras.times or NO_TIMES, **changes)
        return self._replace(times=None if times == NO_TIMES else times)

    @property
    def is_dated(self) -> bool:
        """Whether it holds instants that perhaps follow from a policy."""
        extras = self.extras
        if extras is NO_EXTRAS:
            return self.clocks is not None
        placed = extras.ring_ms is not None or extras.breach_ms is not None
        return placed or self.clocks is not None or extras.times is not None

    @property
    def window_ms(self) -> int | None:
        """Returns when it is to be told that the platform soon takes no more answers, or takes none; None for
        never.

        Where nothing is owed, only the end matters.
        """
        ends_ms, times = self.extras.reply_ends_ms, self.extras.times or NO_TIMES
        # A deletion may bring an earlier window back, whose end lies before the one that was told.
        if not ends_ms or (times.over_ms or 0) >= ends_ms or self.state == "wrapping":
            return None
        return ends_ms if self.owed_ms is None or times.warned_ms == ends_ms else ends_ms - REPLY_WARNS_MS

    @property
    def goes_first(self) -> bool:
        """Whether it waits before all others."""
        times = self.extras.times
        return times is not None and times.front_ms is not None

    def lapsed(self, now_ms: int) -> "Case":
        """Returns the case without the refusals whose time is over."""
        if not self.refused:
            return self
        return self._replace(refused=tuple(pair for pair in self.refused if pair[1] > now_ms))

    def let_go(self) -> "Case":
        """Returns the case so that it waits for no single rep."""
        return self if self.extras.sticky_ms is None else self._replace(sticky_rep=None, sticky_ms=None)

    @property
    def due_ms(self) -> int | None:
        """Returns when its offer, its hold, its wrap-up or its wait for one rep ends, a refusal lapses, a limit is
        reached or a clock says something, in milliseconds; or None."""
        if self.timer_parked:
            return None
        due_ms = None
        if self.offer is not None:
            due_ms = self.offer.expires_at_ms if self.state == "offered" else None
        elif self.refused and self.state == "waiting":
            due_ms = min(until_ms for _, until_ms in self.refused)
        if self.extras is not NO_EXTRAS:
            due_ms = _earlier(due_ms, self._extras_due_ms)
        return due_ms if self.clocks is None else _earlier(due_ms, self.clocks.next_ms)

    @property
    def _extras_due_ms(self) -> int | None:
        extras, due_ms = self.extras, None
        if self.state == "waiting":
            due_ms = _earlier(extras.ring_ms, extras.sticky_ms)
        if extras.times is not None:
            due_ms = _earlier(due_ms, _earlier(extras.times.until_ms, extras.times.limit_ms))
        return _earlier(due_ms, self.window_ms) if extras.reply_ends_ms else due_ms


def _earlier(one_ms: int | None, other_ms: int | None) -> int | None:
    if one_ms is None or other_ms is None:
        return other_ms if one_ms is None else one_ms
    return min(one_ms, other_ms)


CLOSED_TTL_MS = 7 * 24 * 3_600_000
"""A case is remembered for a week after its end, or for as long as its queue reopens it."""
MOST_CLOSED = 100_000
"""Closed cases that a partition remembers. With more, the one that would be forgotten next is forgotten now, or a
busy week would take more memory than all that waits."""


RESOLVED = "resolved"
"""How most cases end."""


class Closed(Kept, frozen=True, omit_defaults=True):
    """A case that is over."""

    closed_ms: int
    until_ms: int
    """When it is forgotten."""
    root_post_id: str
    author_id: str
    into: str | None = None
    """The id of the case that goes on in its place, where it was merged into another."""
    outcome: str | None = None
    """The code that says how it ended; None for `RESOLVED`."""
    case: Case | None = None
    """The case at its end, where it can be reopened. Then its brief and its members are kept as well."""


class Member(Kept, frozen=True, omit_defaults=True):
    """A post that is in a case which is open or can be reopened. A deleted one stays a member, so that a late edit
    cannot bring it back."""

    case_id: str
    revision: int
    own: bool
    deleted: bool
    copy: bool = False
    """Whether somebody else wrote nearly the same as the contact."""


class Sender(Kept, frozen=True, order=True, omit_defaults=True):
    """One desktop of a rep; the name is empty for the events that name none. Senders sort by name."""

    name: str
    seq: int
    """The sequence number of its newest presence event."""
    at_ms: int
    """When that event occurred, by the sender's clock."""
    signed_in: bool
    lease_until_ms: int | None = None
    """When it counts as gone, if it is signed in; None for one that has never sent a heartbeat."""


REP_TTL_MS = 30 * 24 * 3_600_000
"""Longer than any input is believed (`remember_ms`), so that nothing old is mistaken for news of a rep whose
sequence numbers are forgotten."""
REP_TIMER = "rep/"
"""Begins the name of the timer of a rep. Ids of cases are UUIDs and hold no slash."""
HOURS_TIMER = "hours/"
"""Begins the name of the timer of a queue that opens and closes."""
LENDING_TIMER = "lending/"
"""Begins the name of the timer of a queue that may borrow reps."""


Presence = Literal["available", "away", "not_responding", "signed_out"]


class Rep(Kept, frozen=True, omit_defaults=True):
    """A rep, who is kept for `REP_TTL_MS` after signing out."""

    workspace: str
    rep_id: str
    teams: tuple[str, ...]
    skills: tuple[str, ...]
    """In the words of `skills`, sorted like the teams."""
    capacity: int
    signed_in: bool
    """Whether the rep is signed in at one of the senders at least."""
    available: bool
    not_responding: bool
    """The rep has missed too many offers in a row, and gets nothing new until the next sign of life."""
    senders: tuple[Sender, ...]
    last_offer_ms: int
    left_ms: int | None = None
    """When the rep signed out at the last desktop; None while signed in."""
    missed: int = 0
    """Offers that the rep has let time out since the last sign of life."""
    offers: tuple[int, ...] = ()
    """When each offer of the last hour was made, in order, where the policy bounds their number."""
    bound_ms: int | None = None
    """When the rep may be offered a case again, after as many within an hour as the policy allows; None while the
    bound is not reached."""
    turns: tuple[tuple[str, int], ...] = ()
    """Pairs, sorted, of a queue in which reps take turns, and the time of the last offer of it."""

    @property
    def due_ms(self) -> int | None:
        """Returns when the first lease ends of a rep who is at work, or the bound of the offers, or when one who
        has left is forgotten, or None."""
        if self.left_ms is not None:
            return self.left_ms + REP_TTL_MS
        leases = [sender.lease_until_ms for sender in self.senders if sender.signed_in]
        return min([until_ms for until_ms in (*leases, self.bound_ms) if until_ms is not None], default=None)

    @property
    def present(self) -> bool:
        """Whether the rep is signed in, available and answering."""
        return self.signed_in and self.available and not self.not_responding

    @property
    def presence(self) -> Presence:
        """Returns the presence in one word, of which the first that holds counts."""
        if not self.signed_in:
            return "signed_out"
        if not self.available:
            return "away"
        return "not_responding" if self.not_responding else "available"

    def answering(self) -> "Rep":
        """Returns the rep after a sign of life, which makes up for all offers that were missed."""
        return self._replace(not_responding=False, missed=0)

    def missed_offer(self, most: int) -> "Rep":
        """Returns the rep after an offer timed out. After so many in a row Genesys says "Not Responding"."""
        missed = self.missed + 1
        return self._replace(not_responding=self.not_responding or missed >= most, missed=missed)


class Lending(Kept, frozen=True, omit_defaults=True):
    """What other teams do for a queue that may borrow their reps."""

    teams: tuple[str, ...] = ()
    """Those that lend to it now."""
    due_ms: int | None = None
    """When to look again, because its oldest case will have waited for too long; None without such a time."""


class Picks(Kept, frozen=True):
    """How many cases the reps of one class, who have the same teams and skills, have been offered."""

    total: int


FORGOTTEN = ""
"""Names the picks with which a class begins, in place of those of classes that are forgotten. No class has this
name."""


class HashChunk(NamedTuple):
    """Inputs that were handled in one minute, so that their repeats change nothing."""

    hashes: bytes
    """A 64-bit hash of the name of each, in 8 bytes, little-endian."""


class Seen(NamedTuple):
    """One input that was handled, as the release before kept it."""

    at_ms: int
    """The router's now when it was handled."""


class Move(NamedTuple):
    """Cases of the workspace are being moved, because the policy has changed whose they are."""

    due_ms: int
    """When the next of them are moved, in milliseconds."""
    parts_left: int = 0
    """Parts of the open cases whose deadlines are still to be counted anew, because it promises something else."""
    parts: int = 0
    """Into how many parts the open cases are divided for that."""


class Opening(NamedTuple):
    """Whether a queue that holds its cases outside of its hours is open."""

    is_open: bool
    due_ms: int
    """When that changes, in milliseconds."""


class Away(NamedTuple):
    """The router is behind its live edge."""

    since_ms: int
    """Its now when it left the edge, or when the run before ended."""


class PolicyInForce(NamedTuple):
    """The policy by which a workspace is served."""

    digest: str
    """`policy_digest` of the bytes that were published."""
    policy: Policy


Entity = (
    PolicyInForce
    | Move
    | Opening
    | Away
    | Lending
    | Case
    | Closed
    | Brief
    | bytes
    | Member
    | Rep
    | Picks
    | HashChunk
    | Seen
)
Kind = Literal[
    "policy",
    "move",
    "hours",
    "away",
    "lending",
    "case",
    "closed",
    "brief",
    "post",
    "rep",
    "picks",
    "handled",
    "seen-post",
    "seen-rep",
]
KINDS: frozenset[str] = frozenset(get_args(Kind))


Key = tuple[Kind, str, str]
"""Kind, workspace and name of an entity. Joined by slashes they are its changelog key."""


def key_of(text: str) -> Key | None:
    """Returns the key that has this text, None for a kind that this release does not know.

    A workspace has no slash, so all after the second one is the name.
    """
    kind, _, rest = text.partition("/")
    workspace, _, name = rest.partition("/")
    return (kind, sys.intern(workspace), name) if kind in KINDS else None  # type: ignore[return-value]
