"""Plays a day on the router and on the plain one, and tells the story of the first difference."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.codec import decode, encode
from pipeline.errors import Permanent
from schemas.cases.case import Assignment, CaseEvent
from schemas.people.rep import AnyRepEvent
from schemas.policy.policy import Policy
from schemas.policy.queues import Queue
from schemas.posts.scored import ScoredPost
from schemas.topics import ASSIGNMENTS, CASE_EVENTS
from tests import builders
from tests.builders import START_MS, WORKSPACE, policy, record, scored
from tests.reference.plain_records import GivenUp, Offer, Said
from tests.reference.plain_router import PlainRouter
from tests.simulation.routers import new_router

ALL = 10**6
TEAMS = (("care",), ("social",), ("care", "social"))
SKILLS: tuple[tuple[str, ...], ...] = ((), ("es",), ("es", "fr"))
KINDS = (
    ["post"] * 9 + ["sign_in"] * 6 + ["away", "available", "sign_out"] + ["accept"] * 9 + ["reject"] * 4
    + ["reply"] * 2 + ["resolve"] * 5 + ["tick", "policy"]
)  # fmt: skip
TOLD = {"sender", "seq", "attempt", "teams", "skills", "capacity", "presence"}
WAITS_MS = (1, 1, 1, 1000, 1000, 1000, 10_000, 10_000, 10_000, 60_000, 119_999, 120_000, 900_000)


def _queues(*named: tuple[str, str]) -> tuple[Queue, ...]:
    return tuple(
        Queue(name=name, team=team, offer_timeout_s=60 if name == "fans" else 120, reopen_within_s=0)
        for name, team in named
    )


POLICIES: tuple[dict[str, Any], ...] = (
    {"queues": _queues(("care", "care"), ("fans", "social"), ("billing", "care"))},
    {"queues": _queues(("care", "care"), ("fans", "care"), ("billing", "social"))},
    {"queues": _queues(("care", "care"), ("fans", "social")), "default_queue": "fans", "sign_out_release": "all"},
    {"queues": _queues(("care", "social"), ("billing", "social"))},
)


@dataclass(frozen=True)
class Step:
    """One thing that happens. Its numbers choose among what exists when it is played."""

    kind: str
    who: int
    what: int
    wait: int


def _policy(number: int, version: int) -> Policy:
    return policy(version=version, oldest_every=3, **POLICIES[number % len(POLICIES)])


class Differ(AssertionError):
    """The two routers decided differently."""


class TwoRouters:
    """Both routers, what they were told and what they said."""

    def __init__(self, first_policy: int) -> None:
        self.router = new_router()
        self.plain = PlainRouter(_policy(first_policy, 1))
        self.router.take_policy(WORKSPACE, encode(self.plain.policy), START_MS)
        assert self.router.set_live(True, START_MS, ALL)
        self.router.commit()
        self.now_ms = START_MS
        self.serial = 1
        self.case_ids: dict[str, str] = {}
        self.roots: dict[str, str] = {}
        self.story: list[str] = [f"policy {first_policy % len(POLICIES)} of {__name__}.POLICIES is in force"]
        self.offers = 0
        self.more_is_due = False

    def play(self, steps: list[Step]) -> None:
        for step in steps:
            self._wait_until(self.now_ms + WAITS_MS[step.wait % len(WAITS_MS)])
            self.serial += 1
            self._do(step)

    def _wait_until(self, at_ms: int) -> None:
        """Goes to each moment at which something is due, up to the last one before `at_ms`."""
        while (due := self.plain.next_due_ms()) is not None and due < at_ms:
            self._tick(max(due, self.now_ms))
        if at_ms in self.plain.lapses_ms():
            self._tick(at_ms)
        self._at(at_ms, "", lambda: self.router.fire_timers(at_ms - 1, ALL), lambda: None)

    def _tick(self, at_ms: int) -> None:
        """Lets timers fire one by one. Of two that are due at once either may be the first."""
        fired = 1
        while fired:
            before = len(self.story)
            self.story.append(f"{(at_ms - START_MS) / 1000:g} s: the clock ticks")

            def fire() -> None:
                nonlocal fired
                fired = self.router.fire_timers(at_ms, 1)
                self.more_is_due = fired > 0

            self._at(at_ms, "", fire, self._time_out)
            if len(self.story) == before + 1:
                self.story.pop()
        if self.plain.due_offers():
            self._differ("no further offer ends", f"these end: {self.plain.due_offers()}")

    def _time_out(self) -> None:
        outputs = [
            decode(CaseEvent, out.value)
            for out in self.router.decisions().outputs
            if out.topic == CASE_EVENTS.name
        ]
        for event in outputs:
            if event.type == "timed_out" and self.roots[event.case_id] in self.plain.due_offers():
                self.plain.time_out(self.roots[event.case_id])

    def _do(self, step: Step) -> None:
        if step.kind == "tick":
            self._tick(self.now_ms)
        elif step.kind == "policy":
            self._tick(self.now_ms)
            given = _policy(step.what, self.serial)

            def take() -> None:
                self.router.take_policy(WORKSPACE, encode(given), self.now_ms)
                # What moves does so in slices, each by a timer that is due at once.
                self.router.fire_timers(self.now_ms, ALL)

            told = f"policy {step.what % len(POLICIES)} comes into force"
            self._at(self.now_ms, told, take, lambda: self.plain.take_policy(given))
        elif step.kind == "post":
            post = self._post(step)
            told = f"{post.post_id} for {post.triage.queue} with {SKILLS[step.who % 3]}, {post.triage.priority:g}"
            self._at(self.now_ms, told, lambda: self._decide(post), lambda: self.plain.take_post(post))
        else:
            event, root = self._event(step)
            told = f"{event.rep_id} {event.type} {root} {event.model_dump(include=TOLD)}"
            self._at(self.now_ms, told, lambda: self._decide(event), lambda: self.plain.take_event(event, root))

    def _decide(self, message: ScoredPost | AnyRepEvent) -> None:
        self.router.decide(record(message, self.serial, append_ms=self.now_ms), self.now_ms)

    def _post(self, step: Step) -> ScoredPost:
        queue = ("care", "care", "fans", "billing", "gone")[step.what % 5]
        action: Any = "none" if step.what == 9 else "respond"
        work: dict[str, Any] = {} if action == "none" else {"queue": queue, "skills": SKILLS[step.who % 3]}
        if work:
            work["priority"] = (10.0, 50.0, 90.0, 90.0)[(step.who + step.what) % 4]
        # Everybody writes once, so that what is compared is matching and not joining.
        return scored(f"p{self.serial}", f"a{self.serial}", action, ms=self.now_ms - START_MS, **work)

    def _event(self, step: Step) -> tuple[AnyRepEvent, str]:
        rep_id, event_id = f"r{step.who}", f"e{self.serial}"
        if step.kind in ("accept", "reject", "reply", "resolve"):
            wanted = "offered" if step.kind in ("accept", "reject") else "assigned"
            tried = [case for case in self.plain.cases if case.attempt]
            fitting = [case for case in tried if case.state == wanted]
            among = fitting if fitting and step.what < 8 else tried
            if not among:
                return getattr(builders, step.kind)("no-such-case", 1, rep_id, event_id=event_id), ""
            case = among[step.who % len(among)]
            # Mostly what a desktop would ask for; the rest is late or wrong.
            attempt = max(1, case.attempt - 1) if step.what == 7 else case.attempt
            rep_id = rep_id if case.rep_id is None or step.what == 6 else case.rep_id
            made = getattr(builders, step.kind)(self.case_ids[case.post_id], attempt, rep_id, event_id=event_id)
            return made, case.post_id
        common: dict[str, Any] = {
            "seq": max(0, self.serial - (5 if step.what == 0 else 0)),
            "sender": (None, None, "desk", "tablet")[step.what % 4],
            "event_id": event_id,
            "ms": self.now_ms - START_MS,
        }
        if step.kind == "sign_in":
            kind = (step.who + step.what // 7) % 3
            return builders.signed_in(
                rep_id, teams=TEAMS[kind], skills=SKILLS[(step.who * 2) % 3], capacity=1 + step.what % 3, **common
            ), ""
        if step.kind == "sign_out":
            return builders.signed_out(rep_id, **common), ""
        return builders.presence(rep_id, step.kind, **common), ""

    def _at(self, at_ms: int, told: str, router: Callable[[], object], plain: Callable[[], object]) -> None:
        """Lets both do something and compares what came of it."""
        self.now_ms = self.plain.now_ms = at_ms
        if told:
            self.story.append(f"{(at_ms - START_MS) / 1000:g} s: {told}")
        given_up = [_code(router), _code(plain)]
        if given_up[0] != given_up[1]:
            self._differ(f"dead letter: {given_up[0] or 'none'}", f"dead letter: {given_up[1] or 'none'}")
        said, offers = self._router_said()
        expected, self.plain.said = self.plain.said, []
        if sorted(said, key=str) != sorted(expected, key=str):
            self._differ(str(said), str(expected))
        for offer in offers:
            legal = self.plain.legal_offers()
            if offer not in legal:
                self._differ(str(offer), f"one of {legal}")
            self.plain.make(offer)
            self.offers += 1
            self.story.append(f"    {offer.post_id} is offered to {offer.rep_id}, attempt {offer.attempt}")
        # Where more timers are due at once, each of them offers what it set free.
        if not self.more_is_due and (legal := self.plain.legal_offers()):
            self._differ("no further offer", f"one of {legal}")
        for line in said:
            self.story.append(f"    {line.what} {line.post_id} ({line.reason}) {line.rep_id or ''}")

    def _differ(self, router: str, plain: str) -> None:
        raise Differ("\n".join([*self.story, f"the router: {router}", f"by the text: {plain}"]))

    def _router_said(self) -> tuple[list[Said], list[Offer]]:
        outputs = self.router.decisions().outputs
        self.router.commit()
        said: list[Said] = []
        offers: list[Offer] = []
        for output in outputs:
            if output.topic == CASE_EVENTS.name:
                event = decode(CaseEvent, output.value)
                if event.type in ("queued", "refused"):
                    self.case_ids[event.post_id or ""] = event.case_id
                    self.roots[event.case_id] = event.post_id or ""
                if event.type != "offered":
                    root = self.roots.get(event.case_id, "")
                    said.append(Said(event.type, root, event.reason, event.rep_id, event.attempt))
            elif output.topic == ASSIGNMENTS.name:
                made = decode(Assignment, output.value)
                if made.state == "offered":
                    offers.append(self._offer(made))
        return said, offers

    def _offer(self, made: Assignment) -> Offer:
        assert made.expires_at is not None
        return Offer(
            self.roots[made.case_id],
            made.rep_id,
            made.attempt,
            round(made.expires_at.timestamp() * 1000),
            made.candidates.eligible,
            made.candidates.present,
            tuple(sorted((code, count) for code, count in made.candidates.excluded.items() if count)),
        )


def _code(does: Callable[[], object]) -> str:
    try:
        does()
    except Permanent as given_up:
        return given_up.code
    except GivenUp as given_up:
        return str(given_up)
    return ""
