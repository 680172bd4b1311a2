"""A router under test: feeds it messages one at a time, each its own transaction, and reads what it said."""

from collections.abc import Sequence

from pipeline.codec import decode, encode
from pipeline.ports.records import InputRecord, Record
from pipeline.route.router import Router
from schemas.cases.case import Assignment, CaseCurrent, CaseEvent
from schemas.people.rep import AnyRepEvent
from schemas.policy.policy import Policy
from schemas.posts.scored import ScoredPost
from schemas.topics import ASSIGNMENTS, CASE_EVENTS, CASES
from tests.builders import START_MS, WORKSPACE, policy, record
from tests.routers import ALL, live_router

DAY_MS = 86_400_000


class Answer:
    """Parsed outputs of one or more transactions; parsing is the proof that they keep the contract."""

    def __init__(self, outputs: Sequence[Record]) -> None:
        self.outputs = list(outputs)
        self.events = [decode(CaseEvent, o.value) for o in outputs if o.topic == CASE_EVENTS.name]
        self.assignments = [decode(Assignment, o.value) for o in outputs if o.topic == ASSIGNMENTS.name]
        self.team_topics = [o.topic for o in outputs if o.topic.startswith(ASSIGNMENTS.name + ".")]
        current = [o for o in outputs if o.topic == CASES.name]
        self.current = [decode(CaseCurrent, o.value) for o in current if o.value is not None]
        self.tombstones = [o.key.decode() for o in current if o.value is None and o.key is not None]

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]

    @property
    def steps(self) -> list[tuple[str, str]]:
        return [(event.type, event.reason) for event in self.events]

    @property
    def states(self) -> list[tuple[str, str, str]]:
        return [(a.state, a.reason, a.rep_id) for a in self.assignments]


class Desk:
    """One router with one workspace; time moves only when told."""

    def __init__(self, given: Policy | None = None, *, remember_ms: int = 15 * DAY_MS) -> None:
        self.router = live_router(given if given is not None else policy(), remember_ms=remember_ms)
        self.now_ms = START_MS
        self.offset = 0
        self.changelog: dict[bytes, bytes | None] = {}
        """What a router that begins anew would restore."""

    def after(self, seconds: float) -> "Desk":
        self.now_ms += int(seconds * 1000)
        return self

    def feed(self, *messages: ScoredPost | AnyRepEvent, append_ms: int | None = None) -> Answer:
        """Handles the messages in one transaction, as the loop does."""
        for message in messages:
            appended = self.now_ms if append_ms is None else append_ms
            self.feed_raw(record(message, self.offset, append_ms=appended))
        return self.commit()

    def feed_raw(self, raw: InputRecord) -> None:
        self.router.fire_timers(self.now_ms - 1, ALL)
        self.router.decide(raw, self.now_ms)
        self.offset += 1

    def tick(self) -> Answer:
        """The clock reaches now."""
        self.router.fire_timers(self.now_ms, ALL)
        return self.commit()

    def take(self, given: Policy | None) -> Answer:
        """A policy comes into force, or the one in force ends."""
        content = None if given is None else encode(given)
        self.router.take_policy(WORKSPACE, content, self.now_ms)
        return self.commit()

    def commit(self) -> Answer:
        decisions = self.router.decisions()
        self.changelog.update(decisions.changes)
        self.router.commit()
        return Answer(decisions.outputs)

    def restart_only(self) -> None:
        """Another router takes over, which knows what the changelog says, in the opposite order."""
        self.router = Router(15 * DAY_MS, "processing")
        for name, value in reversed(self.changelog.items()):
            if value is not None:
                self.router.restore(name, value)

    def restart(self, given: Policy | None = None) -> None:
        """The same, and it is at its live edge at once."""
        self.restart_only()
        self.router.take_policy(WORKSPACE, encode(given or policy()), self.now_ms)
        assert self.router.set_live(True, self.now_ms, ALL)
        self.commit()
