"""Plays a day on the router and on the plain one, and tells the story of the first difference."""

from collections.abc import Callable
from typing import Any

from pipeline.codec import decode, encode
from pipeline.errors import Permanent
from schemas.cases.case import Assignment, CaseEvent
from schemas.cases.steps import RouteSignal
from schemas.people.rep import AnyRepEvent
from schemas.posts.scored import ScoredPost
from schemas.topics import ASSIGNMENTS, CASE_EVENTS
from tests.builders import START_MS, WORKSPACE, record
from tests.reference import lending
from tests.reference.inputs import WAITS_MS, Inputs, Step, told_post
from tests.reference.outcomes import Due, GivenUp, Offer, Said, Shown
from tests.reference.plain_router import PlainRouter
from tests.reference.policies import made
from tests.simulation.routers import new_router

ALL = 10**6
POSTS = ("post", "link", "context", "copy", "repost", "own", "edit", "delete", "anonymous", "thanks")
NOT_TOLD = {
    "schema_version", "workspace", "event_id", "rep_id", "type", "occurred_at", "case_id", "seq", "note_id",

}  # fmt: skip


class Differ(AssertionError):
    """The two routers decided differently."""


class TwoRouters:
    """Both routers, what they were told and what they said."""

    def __init__(
        self,
        policies: tuple[dict[str, Any], ...],
        first_policy: int,
        *,
        levels: bool = False,
        crowd: bool = True,
        windows: bool = False,
    ) -> None:
        self.policies = policies
        self.router = new_router()
        self.plain = PlainRouter(self._policy(first_policy, 1))
        self.world = self.plain.world
        self.case_ids: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.inputs = Inputs(self.world, self.case_ids, levels=levels, crowd=crowd, windows=windows)
        self.router.take_policy(WORKSPACE, encode(self.world.policy), START_MS)
        assert self.router.set_live(True, START_MS, ALL)
        self.changelog: dict[bytes, bytes | None] = dict(self.router.decisions().changes)
        self.router.commit()
        self.now_ms = START_MS
        self.story: list[str] = [f"policy {first_policy % len(policies)}"]
        self.offers = 0
        self.more_is_due = False
        self.events: list[CaseEvent] = []
        self.records: list[Assignment] = []

    def play(self, steps: list[Step]) -> None:
        for step in steps:
            self._wait_until(self.now_ms + WAITS_MS[step.wait % len(WAITS_MS)])
            self.inputs.serial += 1
            self._do(step)

    def _policy(self, number: int, version: int) -> Any:
        return made(self.policies[number % len(self.policies)], version)

    # Time

    def _wait_until(self, at_ms: int) -> None:
        """Goes to each moment at which something is due, up to the last one before `at_ms`."""
        while (due := self._next_ms()) is not None and due < at_ms:
            self._tick(max(due, self.now_ms))
        if at_ms in self._quiet_ms():
            self._tick(at_ms)
        self._come_to(at_ms)

    def _come_to(self, at_ms: int) -> None:
        self.now_ms = self.world.now_ms = self.world.hours_ms = at_ms

    def _next_ms(self) -> int | None:
        both = (self.plain.next_ms(), self.router.next_timer_ms(), min(self._quiet_ms(), default=None))
        return min((ms for ms in both if ms is not None), default=None)

    def _quiet_ms(self) -> list[int]:
        """Returns when something may become possible of which nothing is said."""
        quiet = self.world.edges_ms() + lending.begins_ms(self.world)
        return self.plain.lapses_ms() + [ms for ms in quiet if ms > self.now_ms]

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

            self._at(at_ms, "", fire, self._fire)
            if len(self.story) == before + 1:
                self.story.pop()
        if due := self.plain.due():
            self._differ("nothing more is due", f"these are: {due}")

    def _fire(self) -> None:
        self.plain.fire([(event, self._name(event.case_id)) for event in self.events])

    # Steps

    def _do(self, step: Step) -> None:
        if step.kind == "tick":
            self._tick(self.now_ms)
        elif step.kind == "lag":
            self._lag()
        elif step.kind == "restart":
            self._restart(step)
        elif step.kind == "policy":
            self._tick(self.now_ms)
            given = self._policy(step.what, self.inputs.serial)

            def take() -> None:
                self.router.take_policy(WORKSPACE, encode(given), self.now_ms)
                # What moves does so in slices, each by a timer, of which the first is due at once.
                self.router.fire_timers(self.now_ms, 1)

            told = f"policy {step.what % len(self.policies)} comes into force"

            def plain() -> None:
                self.plain.take_policy(given)
                self._fire()

            self._at(self.now_ms, told, take, plain)
            self._wait_until(self.now_ms + 1000)
            for case in self.world.cases:
                if case.has_old_terms and case.is_open and self.plain.reschedule(case):
                    self._differ("nothing is rescheduled", case.name)
            if due := self.plain.matching.due():
                self._differ("no further offer", f"one of {due}")
        elif step.kind in POSTS:
            post = self.inputs.post(step)
            self._at(
                self.now_ms, told_post(step, post), lambda: self._decide(post), lambda: self.plain.take_post(post)
            )
        elif step.kind == "signal":
            signal = self.inputs.signal(step)
            told = f"signal {signal.kind} {signal.step} of {signal.post_id or signal.author_id}, {signal.at}"
            self._at(self.now_ms, told, lambda: self._decide(signal), lambda: self.plain.take_signal(signal))
        else:
            event, name, into = self.inputs.event(step)
            told = f"{event.rep_id} {event.type} {name or ''} {into or ''} " + str(
                event.model_dump(exclude=NOT_TOLD, exclude_defaults=True)
            )
            self._at(
                self.now_ms,
                told,
                lambda: self._decide(event),
                lambda: self.plain.take_event(event, name, into),
            )

    def _restart(self, step: Step) -> None:
        """Another router goes on with what the first one wrote, which may come back in any order."""
        self.story.append(f"{(self.now_ms - START_MS) / 1000:g} s: the router begins anew")
        self.router = new_router()
        live = [(key, value) for key, value in self.changelog.items() if value is not None]
        for key, value in sorted(live, reverse=step.what % 2 == 0):
            self.router.restore(key, value)
        self._at(self.now_ms, "", lambda: self.router.set_live(self.world.live, self.now_ms, ALL), lambda: None)

    def _lag(self) -> None:
        """The router falls behind its inputs, or has caught up. Behind them it offers nothing."""
        live = not self.world.live
        self.story.append(
            f"{(self.now_ms - START_MS) / 1000:g} s: the router {'has caught up' if live else 'lags'}"
        )

        def turn() -> None:
            self.world.live = live

        self._at(self.now_ms, "", lambda: self.router.set_live(live, self.now_ms, ALL), turn)

    def _decide(self, message: ScoredPost | AnyRepEvent | RouteSignal) -> None:
        self.router.decide(record(message, self.inputs.serial, append_ms=self.now_ms), self.now_ms)

    def _at(self, at_ms: int, told: str, router: Callable[[], object], plain: Callable[[], object]) -> None:
        """Lets both do something and compares what came of it."""
        self._come_to(at_ms)
        if told:
            self.story.append(f"{(at_ms - START_MS) / 1000:g} s: {told}")
        router_code = _code(router)
        decisions = self.router.decisions()
        outputs = decisions.outputs
        self.changelog.update(decisions.changes)
        self.router.commit()
        self.events = [decode(CaseEvent, out.value) for out in outputs if out.topic == CASE_EVENTS.name]
        self.records = [decode(Assignment, out.value) for out in outputs if out.topic == ASSIGNMENTS.name]
        plain_code = _code(plain)
        lending.review(self.world)
        self._learn_names()
        if router_code != plain_code:
            self._differ(f"dead letter: {router_code or 'none'}", f"dead letter: {plain_code or 'none'}")
        self._compare_said()
        self._compare_offers()

    def _learn_names(self) -> None:
        new = [
            event.case_id for event in self.events if event.type == "queued" and event.case_id not in self.names
        ]
        unnamed = [case.name for case in self.world.cases if case.name not in self.case_ids]
        if len(new) == len(unnamed):
            for name, case_id in zip(unnamed, new, strict=True):
                self.case_ids[name], self.names[case_id] = case_id, name

    def _compare_said(self) -> None:
        said = [self._said(event) for event in self.events if event.type != "offered"]
        shown = [self._shown(made) for made in self.records if made.state != "offered" or made.update]
        expected, self.world.said = self.world.said, []
        expected_shown, self.world.shown = self.world.shown, []
        for line in said:
            self.story.append(f"    {line.what} {line.case or line.post_id} ({line.reason}) {line.rep_id or ''}")
        if _by_case(said) != _by_case(expected):
            self._differ(_lines(said), _lines(expected))
        if _by_case(shown) != _by_case(expected_shown):
            self._differ(_lines(shown), _lines(expected_shown))

    def _compare_offers(self) -> None:
        offers = [self._offer(made) for made in self.records if made.state == "offered" and not made.update]
        forced = self.plain.forced()
        if offers[: len(forced)] != forced:
            self._differ(str(offers), f"first {forced}")
        for offer in offers[len(forced) :]:
            legal = self.plain.matching.possible()
            if offer not in legal:
                self._differ(str(offer), f"one of {legal}")
            self.plain.matching.make(offer)
            lending.review(self.world)
            self.offers += 1
            self.story.append(f"    {offer.case} is offered to {offer.rep_id}, attempt {offer.attempt}")
        # Where more timers are due at once, each of them offers what it set free.
        if not self.more_is_due and (due := self.plain.matching.due()):
            self._differ("no further offer", f"one of {due}")

    def _differ(self, router: str, plain: str) -> None:
        raise Differ("\n".join([*self.story, f"the router: {router}", f"by the text: {plain}"]))

    # What the router said, as the plain one says it

    def _name(self, case_id: str | None) -> str | None:
        return None if case_id is None else self.names.get(case_id)

    def _said(self, event: CaseEvent) -> Said:
        if event.type == "refused":
            return Said("refused", None, event.reason, event.post_id)
        return Said(
            event.type,
            self._name(event.case_id),
            event.reason,
            event.post_id,
            event.rep_id,
            event.attempt,
            event.state,
            event.queue,
            event.priority,
            event.ring or 0 if event.state else None,
            self._name(event.related_case),
            None if event.deadline is None else _due(event.deadline),
            _ms(event.respond_by),
        )

    def _shown(self, made: Assignment) -> Shown:
        return Shown(
            made.state,
            self.names[made.case_id],
            made.attempt,
            made.reason,
            made.rep_id,
            made.update,
            made.case_state or "",
            made.queue,
            made.priority,
            tuple(post.post_id for post in made.posts),
            made.led_by,
            made.posts_total,
            made.action,
            made.channel,
            made.ring or 0,
            made.consulted or (),
            made.from_rep,
            self._name(made.related_case),
            _ms(made.expires_at),
            tuple(_due(deadline) for deadline in made.deadlines or ()),
            bool(made.open_on_platform),
        )

    def _offer(self, made: Assignment) -> Offer:
        assert made.expires_at is not None
        return Offer(
            self.names[made.case_id],
            made.rep_id,
            made.reason,
            made.attempt,
            _ms(made.expires_at) or 0,
            made.candidates.eligible,
            made.candidates.present,
            tuple(sorted((code, count) for code, count in made.candidates.excluded.items() if count)),
            bool(made.open_on_platform),
        )


def _by_case(lines: list[Any]) -> list[Any]:
    """The order within a case counts."""
    return sorted(lines, key=lambda line: str(line.case))


def _lines(lines: list[Any]) -> str:
    shown = ["\n    " + str({k: v for k, v in line._asdict().items() if v not in (None, ())}) for line in lines]
    return "".join(shown) or "nothing"


def _ms(time: Any) -> int | None:
    return None if time is None else round(time.timestamp() * 1000)


def _due(deadline: Any) -> Due:
    return Due(deadline.kind, _ms(deadline.due_at), _ms(deadline.breached_at))


def _code(does: Callable[[], object]) -> str:
    try:
        does()
    except Permanent as given_up:
        return given_up.code
    except GivenUp as given_up:
        return str(given_up)
    return ""
