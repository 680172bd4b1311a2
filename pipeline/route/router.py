"""The router: the pure core of the route stage, behind `ports.Decider`.

Comes in: records of `posts.actionable` and `reps.events` in their merged order, now. Goes out: assignments, case
events, the state of each open case, the changelog. Never here: the time, chance, I/O. After a restore from the
changelog, in whatever order it comes, the same input gives the same bytes.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Literal

from pipeline.errors import Permanent
from pipeline.ports.decider import Decisions
from pipeline.ports.records import InputRecord, Record
from pipeline.route import inputs, records
from pipeline.route.cases import cases, requests
from pipeline.route.cases import reveals as readings
from pipeline.route.inputs import Input
from pipeline.route.matching import matching
from pipeline.route.people import presence as reps
from pipeline.route.policies import PolicyBook
from pipeline.route.state.entities import Case
from pipeline.route.state.state import State
from pipeline.route.time import timers
from pipeline.route.turn import Turn
from schemas.people.rep import PostRevealed, PresenceChanged, SignedIn, SignedOut
from schemas.policy.policy import Policy
from schemas.posts.scored import ScoredPost
from schemas.topics import CASES


class Router:
    """Decides for one partition number.

    Args:
        policies: gives workspace to the policy in force; asked anew for each record.
        remember_ms: how long input duplicates are recognised; older input is refused.
        clock_mode: on the `event` clock a record's own time counts, and late input counts as now, never too old.
    """

    def __init__(
        self,
        policies: Callable[[], Mapping[str, Policy]],
        remember_ms: int,
        clock_mode: Literal["processing", "event"],
    ) -> None:
        self._book = PolicyBook(policies)
        self._remember_ms = remember_ms
        self._clock_mode = clock_mode
        self._state = State(remember_ms)
        self._outputs: list[Record] = []
        self._counts: list[str] = []
        self._counters: Counter[str] = Counter()
        self._ahead: dict[tuple[str, int, int], Input] = {}

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Takes one entry of the changelog, before the first record; None ends the entity.

        Live entries may come in any order; entries of the same key in theirs.

        Raises:
            Misconfigured: a newer release wrote the value, or it is not whole.
        """
        self._state.restore(key, value)
        self._state.indexes.touched.clear()

    def event_ms(self, record: InputRecord) -> int | None:
        """The record's own time, milliseconds; None when it cannot be read."""
        position = (record.topic, record.partition, record.offset)
        if position not in self._ahead:
            try:
                self._ahead[position] = inputs.read(record)
            except Permanent:  # `decide` will meet it again and say so
                return None
        return inputs.event_ms(self._ahead[position])

    def decide(self, record: InputRecord, now_ms: int) -> None:
        """Handles one record. Timers due before `now_ms` must have been fired, one due at `now_ms` not yet:
        an accept that arrives in the offer's last millisecond counts.

        Raises:
            Permanent: the record cannot be used, or met a bug of ours (`router_failed`); the state is as it was
                before the call.
        """
        mark, outputs, counts = self._state.mark(), len(self._outputs), len(self._counts)
        try:
            self._handle(record, self._read(record), now_ms)
        except Permanent:
            self._rollback(mark, outputs, counts)
            raise
        except Exception as bug:
            # One record must not stop the workspaces of a whole partition; its dead letter says what to look for.
            self._rollback(mark, outputs, counts)
            raise Permanent("router_failed", f"{type(bug).__name__} in the router") from bug

    def next_timer_ms(self) -> int | None:
        """When the earliest timer is due, None without timers."""
        return timers.next_due_ms(self._state)

    def fire_timers(self, now_ms: int) -> int:
        """Handles every timer due at or before `now_ms`, in order of their time; returns how many."""
        return timers.fire_due(self._state, now_ms, lambda: self._turn(now_ms, None))

    def decisions(self) -> Decisions:
        """Everything decided since the last `commit` or `abort`, in order; of each case one current state."""
        currents = [self._current(name, new) for name, new in self._state.changed() if name.startswith("case/")]
        return Decisions([*self._outputs, *currents], self._state.changes())

    def commit(self) -> None:
        """The transaction with `decisions()` is committed: they are now the truth."""
        self._state.commit()
        self._counters.update(self._counts)
        self._outputs.clear()
        self._counts.clear()

    def abort(self) -> None:
        """The transaction is aborted: the state is again as after the last `commit`."""
        self._rollback(0, 0, 0)

    def policy_versions(self) -> Mapping[str, int]:
        """Workspace to policy version in force, for the journal."""
        return self._book.versions()

    def counters(self) -> Mapping[str, int]:
        """What happened in committed transactions since the start, by name; for the metrics.

        `duplicate_posts`, `duplicate_rep_events`, `refused_<reason>`, `request_refused_<reason>`,
        `revealed_without_case`, `timers_fired`.
        """
        return dict(self._counters)

    def gauges(self) -> Mapping[str, int]:
        """Open cases by state (`waiting`, `offered`, `assigned`) and `reps_present`."""
        states = self._state.indexes.states
        return {state: states[state] for state in ("waiting", "offered", "assigned")} | {
            "reps_present": self._state.indexes.present
        }

    def _turn(self, now_ms: int, record: InputRecord | None) -> Turn:
        cause = None
        if record is not None:
            cause = records.cause_of(record.topic, record.partition, record.offset)
        return Turn(self._state, self._book, now_ms, cause, self._outputs, self._counts)

    def _read(self, record: InputRecord) -> Input:
        # The event clock asks for a record's time before it is decided on: it is decoded once.
        known = self._ahead.pop((record.topic, record.partition, record.offset), None)
        return inputs.read(record) if known is None else known

    def _handle(self, record: InputRecord, message: Input, now_ms: int) -> None:
        turn = self._turn(now_ms, record)
        # On the event clock late input counts as now, however late: replays are seldom in order.
        appended_ms = now_ms if self._clock_mode == "event" else record.append_ms
        seen_key = inputs.seen_key(message)
        if self._state.get(seen_key) is not None:
            kind = "posts" if isinstance(message, ScoredPost) else "rep_events"
            self._counts.append(f"duplicate_{kind}")
        else:
            # A refusal is remembered too: said twice, its event would stand twice under one id.
            self._state.see(seen_key, now_ms)
            if appended_ms < now_ms - self._remember_ms:
                self._refuse_old(turn, message)
            else:
                self._dispatch(turn, message)
        matching.match(turn)

    def _dispatch(self, turn: Turn, message: Input) -> None:
        if isinstance(message, ScoredPost):
            cases.handle_post(turn, message)
        elif isinstance(message, SignedIn | PresenceChanged | SignedOut):
            reps.handle_presence(turn, message)
        elif isinstance(message, PostRevealed):
            readings.handle_reading(turn, message)
        else:
            requests.handle_request(turn, message)

    def _refuse_old(self, turn: Turn, message: Input) -> None:
        """Too old to know whether it was handled: handling it twice would be worse than not at all."""
        if isinstance(message, ScoredPost):
            cases.refuse(turn, message, "too_old")
            return
        # Presence is of its time only, and a reading that is told twice would be a lie.
        if isinstance(message, SignedIn | PresenceChanged | SignedOut | PostRevealed):
            raise Permanent("too_old", "older than input is remembered, so it may have been handled before")
        requests.refuse_request(turn, message, "too_old")

    def _current(self, entity_key: str, case: object) -> Record:
        if isinstance(case, Case):
            return Record(CASES.name, case.case_id.encode(), records.current(case, self._state.brief(case)))
        return Record(CASES.name, entity_key.split("/", 2)[2].encode(), None)

    def _rollback(self, mark: int, outputs: int, counts: int) -> None:
        self._state.rollback(mark)
        self._state.indexes.touched.clear()
        del self._outputs[outputs:]
        del self._counts[counts:]
