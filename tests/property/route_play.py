"""Generates days at the desk. Abstract steps become concrete records by playing them once against a router."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from pipeline.clock import from_ms
from pipeline.codec import decode, encode
from pipeline.loop.broker_time import Receipt
from pipeline.loop.driver import Driver
from pipeline.loop.live_edge import LiveEdge
from pipeline.loop.now import NOW_KEY
from pipeline.loop.spec import Moment, StageSpec, Transaction
from pipeline.ports.decider import Decider, Decisions
from pipeline.ports.records import InputRecord
from pipeline.route.router import Router
from schemas.cases.case import Assignment, CaseCurrent
from schemas.cases.steps import RouteSignal
from schemas.people.casework import (
    CaseHeld,
    CasePicked,
    CaseResumed,
    CaseTransferred,
    ConsultStarted,
    CustomerAwaited,
    WrappedUp,
)
from schemas.people.rep import AnyRepEvent
from schemas.people.supervision import CaseClosedBy, CaseReprioritised, CasesMerged, CaseSplit
from schemas.policy.calendar import Calendar
from schemas.policy.policy import Brand, Policy
from schemas.policy.queues import Borrowing, ChannelWeights, Limits, Ring, Sticky
from schemas.policy.sla import Sla
from schemas.policy.staffing import Lease
from schemas.posts.raw import Reply
from schemas.posts.scored import ScoredPost, SkillNeed, TriageAction
from schemas.topics import ACTIONABLE, ASSIGNMENTS, CASES, SIGNALS
from schemas.topics import REPS as REPS_TOPIC
from tests import builders
from tests.builders import START_MS, author, cluster, policy, record, scored, sentiment, topics

REMEMBER_MS = 3_600_000
REPS: dict[str, dict[str, Any]] = {
    "r0": {"teams": ("care",), "skills": ("es",), "capacity": 1},
    "r1": {"teams": ("care", "social"), "skills": (), "capacity": 2},
    "r2": {"teams": ("social", "vips"), "skills": ("es", "fr"), "capacity": 3},
}
SPEC = StageSpec("route", (ACTIONABLE.name, SIGNALS.name, REPS_TOPIC.name), "route.state", "route.journal")
HOURS = Calendar.model_validate(
    {"name": "hours", "zone": "UTC", "week": {"thu": ["00:00-00:05", "00:15-24:00"], "fri": ["08:00-18:00"]}}
)
CARE = {
    "name": "care",
    "calendar": "hours",
    "targets": [
        {"band": ["p1"], "first_response_s": 60, "next_response_s": 60, "resolution_s": 240, "due_soon_s": 30},
        {"first_response_s": 120, "next_response_s": 60, "resolution_s": 600, "due_soon_s": 30},
    ],
}
RINGS = (Ring(after_s=60, lower_levels=1, add_teams=("social",)), Ring(after_s=130, drop_optional=True))
FULL = Limits(max_waiting=3, overflow_queue="billing")
_PLAIN = policy()
POLICIES: dict[str, Policy] = {
    "acme": policy(
        oldest_every=3,
        missed_offers=2,
        away_release="unanswered",
        silent_release="all",
        lease=Lease(seconds=90),
        offers_per_hour=8,
        # One queue has clocks and is seldom full, one leaves time to wrap up and is shut at times, and one sends
        # elsewhere what comes while it is shut.
        queues=(
            _PLAIN.queues[0].model_copy(
                update={
                    "sla": "care",
                    "borrows": (Borrowing(team="social", waiting_over=1, max_share=0.7),),
                    "rings": RINGS,
                    "reply_within_s": 60,
                    "follow_up_within_s": 40,
                    "idle_s": 130,
                    "limits": FULL,
                    "sticky": Sticky(scope="any"),
                }
            ),
            _PLAIN.queues[1].model_copy(
                update={
                    "wrap_up_s": 60,
                    "follow_up_within_s": 30,
                    "calendar": "hours",
                    "closed": "hold",
                    "fairness": "round_robin",
                    "channel_weights": ChannelWeights(direct=2),
                    "borrows": (Borrowing(team="care", waiting_over_s=20),),
                }
            ),
            _PLAIN.queues[2].model_copy(
                update={
                    "skills": (SkillNeed(name="es", level=2),),
                    "rings": RINGS,
                    "calendar": "hours",
                    "closed": "overflow",
                    "limits": Limits(overflow_queue="fans"),
                    "interruptible": True,
                }
            ),
            _PLAIN.queues[1].model_copy(update={"name": "shelf", "mode": "pull", "rings": RINGS[1:]}),
            _PLAIN.queues[0].model_copy(
                update={"name": "vip", "team": "vips", "order": "time_to_breach", "sla": "care"}
            ),
            _PLAIN.queues[0].model_copy(update={"name": "gold", "team": "vips", "order": "time_to_breach"}),
        ),
        brand=Brand(name="Acme", author_ids=("x:acme",), sender="x:acme"),
        brands=(Brand(name="Other", author_ids=("x:other",)),),
        calendars=(HOURS,),
        slas=(Sla.model_validate(CARE),),
    )
}


@dataclass(frozen=True)
class Step:
    """Describes one thing that happens. Its numbers choose among what exists when it is played."""

    kind: str
    who: int
    what: int
    wait_ms: int
    ends_transaction: bool


KINDS = (
    ["post"] * 6 + ["context", "repost", "edit", "delete", "own", "own", "again"]
    + ["reply_to", "reply_to", "quote", "copy", "anonymous", "thanks"]
    + ["sign_in"] * 3 + ["away", "available", "sign_out"] + ["beat"] * 3
    + ["accept"] * 5 + ["reject"] * 2 + ["reply", "resolve", "resolve", "reveal", "tick", "tick"]
    + ["hold", "await", "resume", "consult", "transfer", "transfer", "wrap_up"]
    + ["merge", "split", "priority", "end", "contact"] + ["pick"] * 3 + ["signal"] * 3
)  # fmt: skip
Work = CaseHeld | CustomerAwaited | CaseResumed | ConsultStarted | CaseTransferred | WrappedUp
WORK: dict[str, type[Work]] = {
    "hold": CaseHeld,
    "await": CustomerAwaited,
    "resume": CaseResumed,
    "consult": ConsultStarted,
    "transfer": CaseTransferred,
    "wrap_up": WrappedUp,
}
TOPICS: tuple[tuple[str, ...], ...] = ((), ("billing",), ("router",), ("billing", "shops"))
WAITS_MS = [0] * 8 + [1] * 4 + [1000] * 8 + [10_000] * 4 + [60_000, 119_999, 120_000, 4_000_000]
"""Most waits are moments. Some go to the edge of an offer's time, and few go past the remembered hour."""
STEPS = st.lists(
    st.builds(
        Step,
        kind=st.sampled_from(KINDS),
        who=st.integers(0, 4),
        what=st.integers(0, 9),
        wait_ms=st.sampled_from(WAITS_MS),
        ends_transaction=st.booleans(),
    ),
    min_size=1,
    max_size=60,
)


@dataclass(frozen=True)
class Played:
    """One transaction of a day: what was read for it, when, and what was decided."""

    records: tuple[InputRecord, ...]
    """In the order of reading; none where only the clock moved."""
    clock_ms: int
    decided: Transaction

    @property
    def decisions(self) -> Decisions:
        return self.decided.decisions


Message = ScoredPost | AnyRepEvent | RouteSignal


def new_router() -> Router:
    return Router(REMEMBER_MS, "processing")


class NeverBehind(LiveEdge):
    """The edge of a loop that never lags, so that a desk decides the same whether or not it began anew."""

    def is_past(self, record: InputRecord, at: Moment) -> bool:
        return False

    def keep_in_touch(self, read_to: list[int], at: Moment, end_offsets: Callable[[], Mapping[str, int]]) -> None:
        pass


class Desk:
    """A router in the loop's own driver, over inputs that are always read to their end.

    Args:
        decider: the router, or a router that something was done to.
        policies: the policies of the workspaces.
    """

    def __init__(self, decider: Decider | None = None, policies: Mapping[str, Policy] = POLICIES) -> None:
        self.router = decider or new_router()
        self.driver = Driver(SPEC, 0, self.router, lambda _: None, self._end_offsets)
        self.driver.edge = NeverBehind()
        for topic in SPEC.inputs:
            self.driver.buffers.start(topic, 0)
        self.driver.publish({workspace: encode(given) for workspace, given in policies.items()})
        self.driver.begin(Moment(START_MS, START_MS))

    def settle(self, clock_ms: int) -> list[tuple[bytes, bytes | None]]:
        """Brings a desk that has begun anew to its live edge, and returns what the changelog gets on the way."""
        written: list[tuple[bytes, bytes | None]] = []
        while (transaction := self.decide([], clock_ms)) is not None:
            self.commit(transaction, clock_ms)
            written += [(NOW_KEY, transaction.now_value), *transaction.decisions.changes.items()]
        return written

    def decide(self, records: Iterable[InputRecord], clock_ms: int) -> Transaction | None:
        """Reads the records and decides them, or what the clock brings; None where there is nothing to do."""
        for raw in records:
            self.driver.buffers.add(raw)
        for topic in SPEC.inputs:
            self.driver.buffers.reached_end(topic, self.driver.buffers.read_to(topic))
        at = Moment(clock_ms, clock_ms)
        # A broker says the time all the while, so that no transaction is needed only to ask for it.
        self.driver.time.was_written(Receipt(clock_ms, at, at))
        return self.driver.decide(at)

    def commit(self, transaction: Transaction, clock_ms: int) -> None:
        """Makes the transaction the truth."""
        at = Moment(clock_ms, clock_ms)
        self.driver.commit(transaction, Receipt(clock_ms, at, at))

    def abort(self, transaction: Transaction, clock_ms: int) -> None:
        """Undoes the transaction, as after a fault that passes at once."""
        self.driver.abort(transaction, None, Moment(clock_ms, clock_ms - 10**6))

    def play(self, day: Iterable[Played]) -> Iterator[Transaction]:
        """Decides a day again, transaction by transaction; each is committed when the next is asked for."""
        self.settle(START_MS)
        for played in day:
            transaction = self.decide(played.records, played.clock_ms)
            assert transaction is not None
            yield transaction
            self.commit(transaction, played.clock_ms)

    def _end_offsets(self, topics: Sequence[str]) -> Mapping[str, int]:
        return {topic: self.driver.buffers.read_to(topic) for topic in topics}


def play(steps: list[Step], policies: Mapping[str, Policy] = POLICIES) -> list[Played]:
    """Plays the steps straight through."""
    return Player(Desk(None, policies), REPS).play(steps)


class Player:
    """Makes records of steps while they are played.

    Args:
        desk: new.
        reps: what each of `r0`, `r1`, `r2` is, as they sign in.
    """

    def __init__(self, desk: Desk, reps: Mapping[str, Mapping[str, Any]]) -> None:
        self.desk = desk
        self.desk.settle(START_MS)
        self.reps = reps
        self.day: list[Played] = []
        self.now_ms = START_MS
        self.posts: list[ScoredPost] = []
        self.offers: list[Assignment] = []
        self.messages: list[tuple[int, Message]] = []
        self.revisions: Counter[str] = Counter()
        self.serial = 0
        self.shelf: dict[str, None] = {}
        """The cases that wait to be picked, as in an ordered set."""

    def play(self, steps: list[Step]) -> list[Played]:
        """Plays the steps and returns the transactions."""
        unread: list[InputRecord] = []
        for step in steps:
            self.now_ms += step.wait_ms
            if step.kind != "tick":
                unread.append(self._record(step))
            # The clock moves the loop only while nothing is unread.
            if unread and (step.ends_transaction or step.kind == "tick"):
                self._transact(unread)
                unread = []
            if step.kind == "tick":
                self._transact([])
        if unread:
            self._transact(unread)
        return self.day

    def _transact(self, records: list[InputRecord]) -> None:
        transaction = self.desk.decide(records, self.now_ms)
        if transaction is None:
            return
        assert {letter.reason.code for letter in transaction.dead_letters} <= {"stale_seq", "not_signed_in"}
        self.desk.commit(transaction, self.now_ms)
        self.day.append(Played(tuple(records), self.now_ms, transaction))
        for output in transaction.decisions.outputs:
            if output.topic == ASSIGNMENTS.name:
                self.offers.append(decode(Assignment, output.value))
            elif output.topic == CASES.name and output.key is not None:
                self._note(output.key.decode(), output.value)

    def _note(self, case_id: str, value: bytes | None) -> None:
        current = None if value is None else decode(CaseCurrent, value)
        self.shelf.pop(case_id, None)
        if current is not None and (current.queue, current.state) == ("shelf", "waiting"):
            self.shelf[case_id] = None

    def _record(self, step: Step) -> InputRecord:
        self.serial += 1
        message = self._message(step)
        if step.kind != "again":
            self.messages.append((self.now_ms, message))
        return record(message, self.serial, append_ms=self.now_ms)

    def _message(self, step: Step) -> Message:
        # Longer ago than is remembered, a post that comes again is a new one: that has its own test.
        recent = [message for ms, message in self.messages if self.now_ms - ms < REMEMBER_MS]
        if step.kind == "again" and recent:
            return recent[step.what % len(recent)]
        if step.kind in ("accept", "reject", "reply", "resolve"):
            return self._request(step)
        if step.kind == "signal":
            about = {"post_id": self.posts[-1 - step.who % len(self.posts)].post_id} if self.posts else {}
            return RouteSignal(
                workspace="acme", kind=("reach", "mood", "value", "other")[step.what % 4], step=step.what - 2,
                at=from_ms(self.now_ms), **about or {"author_id": f"x:a{step.who}"},
            )  # fmt: skip
        if step.kind == "pick":
            among = list(self.shelf) if step.what < 8 else [offer.case_id for offer in self.offers]
            case_id = among[step.what % len(among)] if among else "no-such-case"
            return builders.tell(CasePicked, f"r{2 - step.who % 3}", event_id=f"e{self.serial}", case_id=case_id)
        if step.kind in WORK:
            return self._work(step)
        if step.kind in ("merge", "split", "priority", "end", "contact"):
            return self._supervision(step)
        if step.kind == "reveal":
            return self._reading(step)
        if step.kind in ("sign_in", "away", "available", "sign_out", "beat"):
            return self._presence(step)
        post = self._post(step)
        self.posts.append(post)
        return post

    def _request(self, step: Step) -> AnyRepEvent:
        event_id = f"e{self.serial}"
        make = getattr(builders, step.kind)
        if not self.offers or step.what == 9:
            return make("no-such-case", 1, f"r{step.who % 3}", event_id=event_id)  # type: ignore[no-any-return]
        wanted = "offered" if step.kind in ("accept", "reject") else "assigned"
        fitting = [offer for offer in self._newest() if offer.state == wanted]
        # Mostly what a desktop would ask for; the rest is late, doubled or wrong.
        among = fitting if fitting and step.what < 7 else self.offers
        offer = among[-1 - step.who % len(among)]
        rep_id = f"r{step.who}" if step.who < 2 and step.what == 0 else offer.rep_id
        return make(offer.case_id, offer.attempt, rep_id, event_id=event_id)  # type: ignore[no-any-return]

    def _work(self, step: Step) -> AnyRepEvent:
        """Returns what a rep does with an accepted case, mostly the own one."""
        held = [offer for offer in self._newest() if offer.state == "assigned"]
        if not held:
            return builders.accept("no-such-case", event_id=f"e{self.serial}")
        said = held[step.what % len(held)]
        to = {"to_rep": f"r{step.who % 3}"} if step.who % 2 else {"to_queue": ("care", "fans")[step.what % 2]}
        by_kind: dict[str, dict[str, Any]] = {
            "hold": {"until": from_ms(self.now_ms + 30_000) if step.who % 2 else None},
            "consult": {"with_rep": f"r{step.who % 3}"},
            "transfer": to | {"warm": step.what % 3 > 0},
        }
        rep_id = "r1" if step.what == 9 else said.rep_id
        return builders.ask(
            WORK[step.kind],
            said.case_id,
            said.attempt,
            rep_id,
            event_id=f"e{self.serial}",
            **by_kind.get(step.kind, {}),
        )

    def _supervision(self, step: Step) -> AnyRepEvent:
        """Returns what a supervisor does with a case that was offered once, or what was said by phone."""
        event_id = f"e{self.serial}"
        cases = sorted({offer.case_id for offer in self.offers}) or ["no-such-case"]
        case_id, other = cases[step.what % len(cases)], cases[-1 - step.who % len(cases)]
        posts = [post.post_id for offer in self._newest() if offer.case_id == case_id for post in offer.posts]
        if step.kind == "contact" or (step.kind == "merge" and case_id == other):
            about = {"case_id": case_id} if step.what < 5 else {"author_id": f"x:a{step.who}"}
            return builders.contact(("in", "out")[step.what % 2], event_id=event_id, **about)
        if step.kind == "merge":
            return builders.tell(CasesMerged, event_id=event_id, case_id=case_id, into=other)
        if step.kind == "split":
            leaving = tuple(posts[: 1 + step.who % 2]) or ("x:none",)
            queue = ("fans", None, "nowhere")[step.what % 3]
            return builders.tell(CaseSplit, event_id=event_id, case_id=case_id, post_ids=leaving, queue=queue)
        if step.kind == "priority":
            return builders.tell(CaseReprioritised, event_id=event_id, case_id=case_id, priority=10.0 * step.what)
        return builders.tell(CaseClosedBy, event_id=event_id, case_id=case_id)

    def _newest(self) -> list[Assignment]:
        return list({offer.case_id: offer for offer in self.offers}.values())

    def _reading(self, step: Step) -> AnyRepEvent:
        # Of a post that is in a case, was in one, or never came.
        known = [post.post_id.removeprefix("x:") for post in self.posts] or ["unknown"]
        reason = "identity_check" if step.what < 5 else "to call back, as asked"
        return builders.reveal(
            known[step.what % len(known)], f"r{step.who}", reason=reason, event_id=f"e{self.serial}"
        )

    def _presence(self, step: Step) -> AnyRepEvent:
        rep_id, event_id = f"r{step.who % 3}", f"e{self.serial}"
        seq, sender = (
            max(0, self.serial - (5 if step.what == 0 else 0)),
            (None, None, "desk", "tablet")[step.what % 4],
        )
        common: dict[str, Any] = {"seq": seq, "event_id": event_id, "sender": sender}
        if step.kind == "sign_in":
            return builders.signed_in(rep_id, **self.reps[rep_id], **common)
        if step.kind == "beat":
            return builders.beat(rep_id, **common)
        if step.kind == "sign_out":
            return builders.signed_out(rep_id, **common)
        return builders.presence(rep_id, step.kind, **common)

    def _post(self, step: Step) -> ScoredPost:
        post_id, by = f"p{self.serial}", f"a{step.who}"
        earlier = self.posts[step.what % len(self.posts)] if self.posts else None
        if step.kind in ("edit", "delete") and earlier is not None:
            self.revisions[earlier.post_id] += 1
            changes = {
                "revision": self.revisions[earlier.post_id],
                "deleted": step.kind == "delete",
                "text": f"edit {post_id}",
            }
            return earlier.model_copy(update=changes)
        about = None if earlier is None else earlier.post_id
        if step.kind == "repost":
            action: TriageAction = "none" if step.what < 5 else "respond"
            return scored(post_id, by, action, repost_of=about or "x:elsewhere")
        if step.kind == "own":
            link = {"in_reply_to": about} if step.what < 8 else {"in_reply_to_author": f"x:{by}"}
            return scored(post_id, "acme", "none", ms=self._ms(step), own=True, **link)
        if step.kind == "context":
            return scored(post_id, by, "none", visibility="direct" if step.what < 5 else "public")
        if step.kind == "thanks":
            pleased = sentiment("positive")
            return scored(post_id, by, "none", in_reply_to=about, sentiment=pleased)
        more: dict[str, Any] = {"topics": topics(*TOPICS[(step.who + step.what) % len(TOPICS)])}
        more |= {"reply": self._reply(step), "in_reply_to_author": (None, "x:acme", "x:other")[step.what % 3]}
        if step.kind == "copy":
            more |= {"cluster": cluster(step.what % 2)}
        if step.kind in ("reply_to", "quote"):
            more |= {"in_reply_to" if step.kind == "reply_to" else "quote_of": about}
            if step.what % 3 == 0:
                return scored(post_id, by, "none", ms=self._ms(step), **more)
        if step.kind == "anonymous":
            more |= {"author": author("hidden", anonymous=True), "conversation_id": about if step.who else None}
        skills = (("es",), (), (), ("es", "fr"))[step.what % 4]
        if step.who == 4:
            step = replace(step, what=10 + step.what % 2)
        queue = (
            "care",
            "care",
            "fans",
            "billing",
            "gone",
            "shelf",
            "care",
            "shelf",
            "fans",
            "billing",
            "vip",
            "gold",
        )[step.what]
        chance = random.Random(f"{step.who}/{step.what}")
        return scored(
            post_id, by, ms=self._ms(step), queue=queue, skills=skills,
            priority=chance.choice([1e-07, 10 / 3, 50.0, 99.9]), sentiment=sentiment(p=chance.random()),
            **more,
        )  # fmt: skip

    def _reply(self, step: Step) -> Reply | None:
        """Returns what the platform allows as an answer to a post, which for some ends within two hours."""
        window_s = (None, 0, 45, 3_630, 5_000, None)[(step.who + step.what) % 6]
        if window_s is None:
            return None
        until = from_ms(self.now_ms + 1000 * window_s) if window_s else None
        return Reply(allowed=window_s > 0, until=until)

    def _ms(self, step: Step) -> int:
        """Returns when a post was written, which is not always in the order in which posts come."""
        return max(0, self.now_ms - START_MS - (5000 if step.what == 3 else 0))
