"""The router decides which rep gets which case. It is the pure core of the route stage, behind `ports.Decider`.

It takes records of `posts.actionable`, `reps.events` and `route.signals` in their merged order, with the time that
counts as now, and answers with assignments, case events, the state of each open case and the changelog. It never
asks for the time, for chance or for I/O. After a restore from the changelog, in whatever order it comes, the same
input gives the same bytes.

Each kind of input has one module that handles it: posts `cases.intake`, requests of reps `cases.requests` (whose
docstring says how a case event is added), reveals `cases.reveals`, presence `people.presence`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from pipeline.errors import Permanent
from pipeline.ports.decider import Decisions, PolicyAwaited, PolicyMark, policy_digest
from pipeline.ports.records import InputRecord, Record
from pipeline.route import inputs, records
from pipeline.route.cases import intake, requests, requeue, reveals
from pipeline.route.gauges.watch import Watch
from pipeline.route.limits import opening
from pipeline.route.matching import lending, matching, reranking
from pipeline.route.messages import (
    Heartbeat,
    Input,
    PostRevealed,
    Remembered,
    Request,
    RouteSignal,
    ScoredPost,
    Supervision,
)
from pipeline.route.people import presence
from pipeline.route.policies import PolicyBook
from pipeline.route.state.changelog import encode
from pipeline.route.state.entities import Away, Case, PolicyInForce
from pipeline.route.state.state import Mark, State
from pipeline.route.time import timers
from pipeline.route.turn import Turn
from schemas.topics import CASES

MOST_AHEAD = 8192
"""Most records that are kept decoded on the event clock, between the question for their time and the decision. By
default a transaction takes fewer. One that is never decided, as in a wrong partition, makes room in the end."""


class Router:
    """Decides for one partition number.

    Args:
        remember_ms: how long the repeat of an input is recognised, in milliseconds; older input is refused.
        clock_mode: on the `event` clock a record's own time counts, and late input counts as now, never too old.
    """

    def __init__(
        self,
        remember_ms: int,
        clock_mode: Literal["processing", "event"],
    ) -> None:
        self._remember_ms = remember_ms
        self._clock_mode = clock_mode
        self._state = State(remember_ms)
        self.watch = Watch(self._state)
        """Tells supervisors how the queues stand, and who comes and goes."""
        self._book = PolicyBook(self._state)
        self._live = self._was_live = False
        self._turn = Turn(self._state, self._book, event_clock=clock_mode == "event")
        self._outputs, self._counts = self._turn.outputs, self._turn.counts
        self._counters: Counter[str] = Counter()
        self._ahead: dict[int, tuple[InputRecord, Input]] = {}
        """The next records with their messages, by the identity of the record, which no other has meanwhile."""
        self._decoded: dict[tuple[str, int, int], Input] = {}

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Takes one entry of the changelog, before the first record; None ends the entity.

        Live entries may come in any order, but entries of the same key must keep theirs.

        Raises:
            Misconfigured: a newer release wrote the value, or it is not whole.
        """
        self._state.restore(key, value)
        # It was matched before it was written. One match more could make the restored router differ from the one
        # that went on.
        self._state.indexes.forget_marks()

    def event_ms(self, record: InputRecord) -> int | None:
        """Returns the record's own time in milliseconds since the epoch; None when the record cannot be read."""
        position = (record.topic, record.partition, record.offset)
        if position not in self._decoded:
            try:
                message = inputs.read(record)
            except Permanent:  # `decide` meets the same fault again, and its caller makes the dead letter
                return None
            if len(self._decoded) >= MOST_AHEAD:
                del self._decoded[next(iter(self._decoded))]
            self._decoded[position] = message
        return inputs.event_ms(self._decoded[position])

    def take_policy(self, workspace: str, content: bytes | None, now_ms: int) -> None:
        """Puts a policy in force as part of the state; None ends the workspace's.

        Raises:
            Permanent: the content is no policy of that workspace. The one before stays in force.
        """
        held = None
        if content is not None:
            held = PolicyInForce(policy_digest(content), inputs.read_policy(workspace, content))
        turn = self._turn.begin(now_ms, self._live)
        bound = self._book.offers_per_hour(workspace)
        requeue.begin_move(turn, workspace, promised=self._book.take(workspace, held))
        lending.review_all(turn, workspace)
        opening.follow_policy(self._state, self._book, workspace, now_ms)
        if self._book.offers_per_hour(workspace) != bound:
            presence.follow_bound(turn, workspace)
        self.watch.note(now_ms)
        # The timer of the move offers what the policy makes possible. A replay that begins before it has no marks.
        self._state.indexes.forget_marks()

    def policies(self) -> Mapping[str, PolicyMark]:
        """Returns version and digest of the policy in force of each workspace."""
        return self._book.marks()

    def decide(self, record: InputRecord, now_ms: int, *, may_wait: bool = False) -> None:
        """Handles one record.

        Timers due before `now_ms` must have been fired and one due at `now_ms` not yet, because an accept that
        arrives in the offer's last millisecond counts.

        Raises:
            Permanent: the record cannot be used, or met a bug of ours (`router_failed`); the state is as it was
                before the call.
            PolicyAwaited: only if `may_wait`, when the post was triaged by a newer policy.
        """
        mark, outputs, counts = self._state.mark(), len(self._outputs), len(self._counts)
        try:
            message = self._read(record)
            if may_wait and isinstance(message, ScoredPost):
                self._check_policy(record, message)
            self._handle(record, message, now_ms)
            self.watch.note(now_ms)
        except PolicyAwaited:
            raise
        except Permanent:
            self._rollback(mark, outputs, counts)
            raise
        except Exception as bug:
            # One record must not stop the workspaces of a whole partition. Its dead letter says what to look for.
            self._rollback(mark, outputs, counts)
            raise Permanent("router_failed", f"{type(bug).__name__} in the router") from bug

    def next_timer_ms(self) -> int | None:
        """Returns when the earliest timer is due, in milliseconds since the epoch; None without timers."""
        return timers.next_due_ms(self._state)

    def fire_timers(self, now_ms: int, limit: int) -> int:
        """Handles the timers due at or before `now_ms` in order, but at most `limit`, and returns how many.

        One that meets a bug of ours is undone and given up.
        """
        fired = 0
        while fired < limit and (due_ms := self.next_timer_ms()) is not None and due_ms <= now_ms:
            mark, outputs, counts = self._state.mark(), len(self._outputs), len(self._counts)
            try:
                timers.fire_first(self._turn.begin(now_ms, self._live))
                self.watch.note(now_ms)
            except Exception:  # one case must not stop the time of a whole partition
                self._rollback(mark, outputs, counts)
                self.park_timer(now_ms)
            fired += 1
        return fired

    def park_timer(self, now_ms: int) -> None:
        """Gives up the earliest timer. Its entity has none until it changes."""
        timers.park_first(self._state)
        self.watch.note(now_ms)
        self._counts.append("timers_parked")

    def set_live(self, live: bool, now_ms: int, limit: int) -> bool:
        """Lets cases be offered, or only be taken in.

        Args:
            live: True offers what has waited meanwhile.
            now_ms: the router's now in milliseconds.
            limit: how many offers may be made in this call. With 0 the case that would be offered first is put
                aside until its next step.

        Returns:
            Whether the router is now what `live` says.
        """
        if live and not limit:
            self._state.indexes.touch_all()
            matching.put_aside_first(self._turn.begin(now_ms, self._live))
            self._counts.append("timers_parked")
        elif live and not self._live:
            # Without it a replay has begun amid a loop that was live, and had handed out what it could.
            if self._state.away is not None:
                self._state.indexes.touch_all()
            self._live = True
            # Undone until all is made up for, or the records that come in between would be matched before those
            # that have waited.
            self._live = matching.match(self._turn.begin(now_ms, self._live), limit)
            if self._live:
                presence.come_back(self._turn)
        elif not live:
            self._live = False
            if self._state.away is None:
                self._state.put_away(Away(now_ms))
        self.watch.note(now_ms)
        return self._live == live

    def decisions(self) -> Decisions:
        """Returns everything decided since the last `commit` or `abort`, in order.

        However often a case changed, its current state is written once.
        """
        outputs = self._outputs.copy()
        changes: dict[bytes, bytes | None] = {}
        for kind, workspace, name, new in self._state.changed():
            changes[f"{kind}/{workspace}/{name}".encode()] = None if new is None else encode(kind, new)
            if kind == "case":
                value = records.current(new, self._state.brief(new)) if isinstance(new, Case) else None
                outputs.append(Record(CASES.name, name.encode(), value))
        for name, chunk in self._state.handled.changes().items():
            changes[name.encode()] = None if chunk is None else encode("handled", chunk)
        return Decisions(outputs, changes)

    def size_bytes(self) -> int:
        """Returns how many bytes of outputs were decided since the last `commit` or `abort`."""
        return self._turn.size_bytes

    def commit(self) -> None:
        """Makes what was decided the truth, because the transaction with `decisions()` is committed."""
        self._state.commit()
        self.watch.commit()
        self._was_live = self._live
        self._counters.update(self._counts)
        self._outputs.clear()
        self._counts.clear()
        self._turn.size_bytes = 0

    def abort(self) -> None:
        """Returns to the state after the last `commit`, because the transaction is aborted."""
        self._rollback((0, 0, 0), 0, 0)
        self.watch.abort()
        self._live = self._was_live

    def counters(self) -> Mapping[str, int]:
        """Counts what happened in committed transactions since the start, by name, for the metrics.

        The names are `answered_in_public`, `duplicate_posts`, `duplicate_rep_events`, `heartbeats`,
        `lending_begun`, `lending_ended`, `refused_<reason>`, `request_refused_<reason>`, `revealed_without_case`,
        `requests_after_close`, `reposts_after_close`, `signals`, `timers_fired`, `timers_parked`.
        """
        return dict(self._counters)

    def gauges(self) -> Mapping[str, int]:
        """Counts the open cases by state (`waiting`, `offered`, `assigned`) and the reps (`reps_present`)."""
        states = self._state.indexes.states
        return {state: states[state] for state in ("waiting", "offered", "assigned")} | {
            "reps_present": self._state.indexes.present
        }

    def read_ahead(self, records: Sequence[InputRecord]) -> None:
        """Decodes records that are decided next."""
        self._ahead.clear()
        # On the event clock each was decoded when it was asked for its time.
        if self._clock_mode == "processing":
            for record in records:
                try:
                    self._ahead[id(record)] = record, inputs.read(record)
                except Permanent:  # `decide` meets the same fault again
                    continue

    def _read(self, record: InputRecord) -> Input:
        # The event clock asks for a record's time before it is decided on, and decoding is dear.
        if (ahead := self._ahead.pop(id(record), None)) is not None:
            return ahead[1]
        if not self._decoded:
            return inputs.read(record)
        message = self._decoded.pop((record.topic, record.partition, record.offset), None)
        return inputs.read(record) if message is None else message

    def _handle(self, record: InputRecord, message: Input, now_ms: int) -> None:
        turn = self._turn.begin(now_ms, self._live, records.Cause(record.topic, record.partition, record.offset))
        # On the event clock late input counts as now, however late it is, because replays are seldom in order.
        appended_ms = now_ms if self._clock_mode == "event" else record.append_ms
        # A repeat of these says nothing new, so that none is remembered. A signal says where something stands.
        if isinstance(message, Heartbeat):
            self._counts.append("heartbeats")
            # Where a record's own time counts, a day is played faster than any desktop sends.
            if self._clock_mode == "processing":
                presence.renew_lease(turn, message)
            return
        if isinstance(message, RouteSignal):
            self._counts.append("signals")
            reranking.follow(turn, message)
            matching.match(turn)
            return
        # Noted before a refusal too. A repeat of it would otherwise publish a second event under the same id.
        if not self._state.handled.note(inputs.name_of(message), now_ms):
            kind = "posts" if isinstance(message, ScoredPost) else "rep_events"
            self._counts.append(f"duplicate_{kind}")
        elif appended_ms < now_ms - self._remember_ms:
            self._refuse_old(turn, message)
        else:
            self._dispatch(turn, message)
        matching.match(turn)

    def _check_policy(self, record: InputRecord, post: ScoredPost) -> None:
        """Raises PolicyAwaited for a post that a newer policy has triaged."""
        if post.triage.policy_version > self._book.version(post.workspace):
            self._decoded[record.topic, record.partition, record.offset] = post
            raise PolicyAwaited(post.workspace, post.triage.policy_version)

    def _dispatch(self, turn: Turn, message: Remembered) -> None:
        if isinstance(message, ScoredPost):
            intake.handle_post(turn, message)
        elif isinstance(message, Request):
            requests.handle_request(turn, message)
        elif isinstance(message, PostRevealed):
            reveals.handle_reveal(turn, message)
        elif isinstance(message, Supervision):
            requests.handle_supervision(turn, message)
        else:
            presence.handle_presence(turn, message)

    def _refuse_old(self, turn: Turn, message: Remembered) -> None:
        """Refuses input that is too old to know whether it was handled before."""
        # Handling it twice would be worse than not at all. Only posts and requests have an event that says so:
        # presence is of its time only, and a reveal that is published twice would be a lie.
        if isinstance(message, ScoredPost):
            intake.refuse(turn, message, "too_old")
        elif isinstance(message, Request | Supervision):
            requests.refuse_request(turn, message, "too_old")
        else:
            raise Permanent("too_old", "older than input is remembered, so it may have been handled before")

    def _rollback(self, mark: Mark, outputs: int, counts: int) -> None:
        self._state.rollback(mark)
        # The undo touches teams as well, although it leaves nothing to match.
        self._state.indexes.forget_marks()
        del self._outputs[outputs:]
        self._turn.size_bytes = sum(len(output.value or b"") for output in self._outputs)
        del self._counts[counts:]
