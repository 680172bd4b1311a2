"""Plays a day on the router and on a plain one for each workspace, and tells the story of the first difference."""

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
from tests.reference.inputs import WAITS_MS, Step, told_post
from tests.reference.outcomes import GivenUp
from tests.reference.side import Side
from tests.simulation.routers import new_router

ALL = 10**6
POSTS = ("post", "link", "context", "copy", "repost", "own", "edit", "delete", "anonymous", "thanks")
NOT_TOLD = {
    "schema_version", "workspace", "event_id", "rep_id", "type", "occurred_at", "case_id", "seq", "note_id",

}  # fmt: skip
WORKSPACES = (WORKSPACE, "beta", "acme-2")
"""In each of them people, posts and events have the same ids."""


class TwoRouters:
    """The router of all workspaces and the plain ones."""

    def __init__(
        self,
        policies: tuple[dict[str, Any], ...],
        first_policy: int,
        workspaces: int = 1,
        *,
        levels: bool = False,
        crowd: bool = True,
        windows: bool = False,
    ) -> None:
        self.router = new_router()
        self.now_ms = START_MS
        self.story: list[str] = [f"policy {first_policy % len(policies)}"]
        self.sides = [
            Side(name, policies, first_policy + at, self.story, levels=levels, crowd=crowd, windows=windows)
            for at, name in enumerate(WORKSPACES[:workspaces])
        ]
        for side in self.sides:
            self.router.take_policy(side.name, encode(side.world.policy), START_MS)
        assert self.router.set_live(True, START_MS, ALL)
        self.changelog: dict[bytes, bytes | None] = dict(self.router.decisions().changes)
        self.router.commit()
        self.serial = 0
        self.more_is_due = False

    @property
    def offers(self) -> int:
        """How many offers were made and compared."""
        return sum(side.offers for side in self.sides)

    def play(self, steps: list[Step]) -> None:
        for step in steps:
            self._wait_until(self.now_ms + WAITS_MS[step.wait % len(WAITS_MS)])
            side = self.sides[step.where % len(self.sides)]
            side.inputs.serial += 1
            self.serial += 1
            self._do(side, step)

    # Time

    def _wait_until(self, at_ms: int) -> None:
        """Goes to each moment at which something is due, up to the last one before `at_ms`."""
        while (due := self._next_ms()) is not None and due < at_ms:
            self._tick(max(due, self.now_ms))
        if at_ms in self._quiet_ms():
            self._tick(at_ms)
        self._come_to(at_ms)

    def _come_to(self, at_ms: int) -> None:
        self.now_ms = at_ms
        for side in self.sides:
            side.world.now_ms = side.world.hours_ms = at_ms

    def _next_ms(self) -> int | None:
        moments = [side.plain.next_ms() for side in self.sides]
        moments += [self.router.next_timer_ms(), min(self._quiet_ms(), default=None)]
        return min((ms for ms in moments if ms is not None), default=None)

    def _quiet_ms(self) -> list[int]:
        """Returns when something may become possible of which nothing is said."""
        moments: list[int] = []
        for side in self.sides:
            quiet = side.world.edges_ms() + lending.begins_ms(side.world)
            moments += side.plain.lapses_ms() + [ms for ms in quiet if ms > self.now_ms]
        return moments

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
        for side in self.sides:
            if due := side.plain.due():
                side.differ("nothing more is due", f"these are: {due}")

    def _fire(self) -> None:
        # Whatever fired says something, or else it was a lease that shows in nothing, of any of them.
        telling = [side for side in self.sides if side.events]
        for side in telling or self.sides:
            side.fire()

    # Steps

    def _do(self, side: Side, step: Step) -> None:
        if step.kind == "tick":
            self._tick(self.now_ms)
        elif step.kind == "lag":
            self._lag()
        elif step.kind == "restart":
            self._restart(step)
        elif step.kind == "policy":
            self._change_policy(side, step)
        elif step.kind in POSTS:
            post = side.inputs.post(step)
            self._input(side, told_post(step, post), post, lambda: side.plain.take_post(post))
        elif step.kind == "signal":
            signal = side.inputs.signal(step)
            told = f"signal {signal.kind} {signal.step} of {signal.post_id or signal.author_id}, {signal.at}"
            self._input(side, told, signal, lambda: side.plain.take_signal(signal))
        else:
            event, name, into = side.inputs.event(step)
            told = f"{event.rep_id} {event.type} {name or ''} {into or ''} " + str(
                event.model_dump(exclude=NOT_TOLD, exclude_defaults=True)
            )
            self._input(side, told, event, lambda: side.plain.take_event(event, name, into))

    def _change_policy(self, side: Side, step: Step) -> None:
        self._tick(self.now_ms)
        given = side.policy(step.what, side.inputs.serial)

        def take() -> None:
            self.router.take_policy(side.name, encode(given), self.now_ms)
            # What moves does so in slices, each by a timer, of which the first is due at once.
            self.router.fire_timers(self.now_ms, 1)

        def plain() -> None:
            side.plain.take_policy(given)
            side.fire()

        self._at(self.now_ms, f"policy {side.number(step.what)} comes into force{side.told}", take, plain)
        self._wait_until(self.now_ms + 1000)
        side.end_change()

    def _restart(self, step: Step) -> None:
        """Another router goes on with what the first one wrote, which may come back in any order."""
        self.story.append(f"{(self.now_ms - START_MS) / 1000:g} s: the router begins anew")
        self.router = new_router()
        live = [(key, value) for key, value in self.changelog.items() if value is not None]
        for key, value in sorted(live, reverse=step.what % 2 == 0):
            self.router.restore(key, value)
        is_live = self.sides[0].world.live
        self._at(self.now_ms, "", lambda: self.router.set_live(is_live, self.now_ms, ALL), lambda: None)

    def _lag(self) -> None:
        """The router falls behind its inputs, or has caught up. Behind them it offers nothing."""
        live = not self.sides[0].world.live
        self.story.append(
            f"{(self.now_ms - START_MS) / 1000:g} s: the router {'has caught up' if live else 'lags'}"
        )

        def turn() -> None:
            for side in self.sides:
                side.world.live = live

        self._at(self.now_ms, "", lambda: self.router.set_live(live, self.now_ms, ALL), turn)

    def _input(
        self, side: Side, told: str, message: ScoredPost | AnyRepEvent | RouteSignal, plain: Callable[[], object]
    ) -> None:
        mine = message.model_copy(update={"workspace": side.name})
        sent = record(mine, self.serial, append_ms=self.now_ms)
        self._at(self.now_ms, told + side.told, lambda: self.router.decide(sent, self.now_ms), plain, side)

    def _at(
        self,
        at_ms: int,
        told: str,
        router: Callable[[], object],
        plain: Callable[[], object],
        asked: Side | None = None,
    ) -> None:
        """Lets both do something and compares what came of it in all workspaces. It may be one that is asked."""
        self._come_to(at_ms)
        if told:
            self.story.append(f"{(at_ms - START_MS) / 1000:g} s: {told}")
        router_code = _code(router)
        decisions = self.router.decisions()
        outputs = decisions.outputs
        self.changelog.update(decisions.changes)
        self.router.commit()
        events = [decode(CaseEvent, out.value) for out in outputs if out.topic == CASE_EVENTS.name]
        records = [decode(Assignment, out.value) for out in outputs if out.topic == ASSIGNMENTS.name]
        for side in self.sides:
            side.hear(events, records)
        plain_code = _code(plain)
        for side in self.sides:
            codes = (router_code, plain_code) if side is asked else ("", "")
            side.compare(*codes, more_is_due=self.more_is_due)


def _code(does: Callable[[], object]) -> str:
    try:
        does()
    except Permanent as given_up:
        return given_up.code
    except GivenUp as given_up:
        return str(given_up)
    return ""
