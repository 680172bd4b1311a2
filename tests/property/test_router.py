"""What must hold on any day at the desk, and that restarts, aborts and bad records change nothing."""

import contextlib
import random
from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.codec import decode
from pipeline.errors import Permanent
from pipeline.loop.now import NOW_KEY
from pipeline.ports.decider import Decisions
from pipeline.ports.records import InputRecord
from pipeline.route.matching import takers
from pipeline.route.messages import Remembered
from pipeline.route.router import Router
from pipeline.route.turn import Turn
from schemas.cases.case import Assignment, CaseCurrent, CaseEvent
from schemas.people.casework import PostRevealed
from schemas.people.rep import RepEvent
from schemas.posts.scored import ScoredPost
from schemas.topics import ACTIONABLE, ASSIGNMENTS, CASE_EVENTS, CASES
from schemas.topics import REPS as REPS_TOPIC
from tests.builders import START_MS
from tests.property.route_play import STEPS, Desk, Played, Step, new_router, play

BAD = InputRecord(ACTIONABLE.name, 0, 0, b"acme", b'{"workspace": "acme", "post_id": "x:p1"', 0)
EXAMPLES = settings(max_examples=60, deadline=None)


def _as_bytes(decisions: Decisions) -> tuple[object, ...]:
    """Everything that is written, its order included."""
    return tuple(decisions.outputs), tuple(decisions.changes.items())


def _events(day: list[Played]) -> list[CaseEvent]:
    outputs = (output for transaction in day for output in transaction.decisions.outputs)
    return [decode(CaseEvent, output.value) for output in outputs if output.topic == CASE_EVENTS.name]


def _assignments(day: list[Played]) -> list[Assignment]:
    outputs = (output for transaction in day for output in transaction.decisions.outputs)
    return [decode(Assignment, output.value) for output in outputs if output.topic == ASSIGNMENTS.name]


@EXAMPLES
@given(STEPS)
def test_a_case_has_one_holder(steps: list[Step]) -> None:
    holder: dict[str, str] = {}
    for said in _assignments(play(steps)):
        given = said.state == "assigned" and said.reason != "accepted"
        if (said.state == "offered" or given) and not said.update:
            assert said.case_id not in holder, "offered while somebody has it"
            holder[said.case_id] = said.rep_id
        elif said.state == "assigned" or said.update:
            assert holder[said.case_id] == said.rep_id
        else:
            assert holder.pop(said.case_id) == said.rep_id


@EXAMPLES
@given(STEPS)
def test_attempts_grow_by_one_and_each_has_one_record_a_state(steps: list[Step]) -> None:
    said = _assignments(play(steps))
    attempts: dict[str, int] = defaultdict(int)
    for assignment in said:
        given = assignment.state == "assigned" and assignment.reason != "accepted"
        if (assignment.state == "offered" or given) and not assignment.update:
            assert assignment.attempt == attempts[assignment.case_id] + 1
        attempts[assignment.case_id] = assignment.attempt
    doubled = Counter((a.case_id, a.attempt, a.state, a.update) for a in said)
    assert set(doubled.values()) <= {1}
    assert len({a.assignment_id for a in said}) == len(said)


@EXAMPLES
@given(STEPS)
def test_events_of_a_case_count_without_a_gap_and_ids_are_unique(steps: list[Step]) -> None:
    events = _events(play(steps))
    next_seq: dict[str, int] = defaultdict(int)
    for event in events:
        if event.queue is None:  # refused, or a request about no open case
            assert event.seq == 0
            continue
        assert event.seq == next_seq[event.case_id]
        next_seq[event.case_id] += 1
    assert len({event.event_id for event in events}) == len(events)


@EXAMPLES
@given(STEPS)
def test_each_post_is_queued_joined_or_refused_exactly_once(steps: list[Step]) -> None:
    day = play(steps)
    told = Counter(
        (event.post_id, event.revision)
        for event in _events(day)
        # A case that was split off is queued without a post, because its posts were told before.
        if event.type in ("queued", "joined", "refused") and event.post_id is not None
    )
    raws = [raw for played in day for raw in played.records if raw.topic == ACTIONABLE.name]
    given_posts = [decode(ScoredPost, raw.value) for raw in raws]
    assert set(told) == {(post.post_id, post.revision) for post in given_posts}
    assert set(told.values()) <= {1}


@EXAMPLES
@given(STEPS)
def test_each_reading_of_a_post_is_told_exactly_once_with_who_and_a_code(steps: list[Step]) -> None:
    day = play(steps)
    raws = [raw for played in day for raw in played.records if raw.topic == REPS_TOPIC.name]
    readings = [event for raw in raws if isinstance(event := decode(RepEvent, raw.value).root, PostRevealed)]
    read = {event.event_id: (event.post_id, event.rep_id) for event in readings}
    told = [event for event in _events(day) if event.type == "revealed"]
    assert Counter((event.post_id, event.rep_id) for event in told) == Counter(read.values())
    assert {event.reason for event in told} <= {"identity_check", "in_words"}


@EXAMPLES
@given(STEPS)
def test_no_case_waits_while_somebody_free_may_take_it(steps: list[Step]) -> None:
    router = new_router()
    for _ in Desk(router).play(play(steps)):
        state = router._state
        for case in state.workspaces["acme"].cases.values():
            assert case.state != "waiting" or takers.best_taker(state, takers.demand_of(state, case), case) is None


@EXAMPLES
@given(STEPS)
def test_the_current_states_are_those_of_the_open_cases(steps: list[Step]) -> None:
    current: dict[bytes, CaseCurrent] = {}
    for transaction in play(steps):
        for output in transaction.decisions.outputs:
            if output.topic == CASES.name and output.key is not None:
                if output.value is None:
                    del current[output.key]
                else:
                    current[output.key] = decode(CaseCurrent, output.value)
    ended, opened = Counter[str](), Counter[str]()
    for event in _events(play(steps)):
        ended[event.case_id] += event.type in ("resolved", "canceled", "closed", "merged")
        opened[event.case_id] += event.type in ("queued", "reopened")
    assert {key.decode() for key in current} == {case for case in opened if opened[case] > ended[case]}


@settings(max_examples=150, deadline=None)
@given(STEPS, st.randoms(use_true_random=False))
def test_a_restart_from_the_compacted_changelog_in_any_order_changes_no_byte(
    steps: list[Step], chance: random.Random
) -> None:
    desk = Desk()
    changelog = {key: value for key, value in desk.settle(START_MS) if value is not None}
    for played in play(steps):
        if chance.random() < 0.5:
            desk = Desk()
            entries = list(changelog.items())
            chance.shuffle(entries)
            for entity_key, entity in entries:
                desk.driver.restore(entity_key, entity)
            # In the past, so that no timer fires on the way to the live edge.
            desk.settle(START_MS)
        transaction = desk.decide(played.records, played.clock_ms)
        assert transaction is not None
        desk.commit(transaction, played.clock_ms)
        assert _as_bytes(transaction.decisions) == _as_bytes(played.decisions)
        assert transaction.now_ms == played.decided.now_ms, "the changelog keeps the loop's time too"
        changelog[NOW_KEY] = transaction.now_value
        for entity_key, value in transaction.decisions.changes.items():
            if value is None:
                del changelog[entity_key]
            else:
                changelog[entity_key] = value


@EXAMPLES
@given(STEPS, st.randoms(use_true_random=False))
def test_an_aborted_transaction_done_again_gives_the_same_bytes(steps: list[Step], chance: random.Random) -> None:
    desk = Desk()
    desk.settle(START_MS)
    for played in play(steps):
        unread = list(played.records)
        for _ in range(chance.randrange(3)):
            # Part of the records is read when the transaction is aborted; the next one has them and more. A loop
            # that has read nothing would believe that nothing is there, and let time go on.
            count = chance.randint(1, len(unread)) if unread else 0
            transaction = desk.decide(unread[:count], played.clock_ms)
            unread = unread[count:]
            if transaction is not None:
                desk.abort(transaction, played.clock_ms)
        transaction = desk.decide(unread, played.clock_ms)
        assert transaction is not None
        assert _as_bytes(transaction.decisions) == _as_bytes(played.decisions)
        # Where it began is where a loop without work had followed the time to, and no decision depends on it.
        began = {"started_ms": transaction.journal.started_ms}
        assert transaction.journal == played.decided.journal.model_copy(update=began)
        desk.commit(transaction, played.clock_ms)


@EXAMPLES
@given(STEPS)
def test_bad_records_in_between_change_no_byte(steps: list[Step]) -> None:
    desk = Desk()
    desk.settle(START_MS)
    for played in play(steps):
        bad = [replace(BAD, topic=raw.topic, offset=raw.offset, append_ms=raw.append_ms) for raw in played.records]
        mixed = [record for pair in zip(played.records, bad, strict=True) for record in pair]
        transaction = desk.decide(mixed, played.clock_ms)
        assert transaction is not None
        assert len(transaction.dead_letters) == len(played.decided.dead_letters) + len(bad)
        assert _as_bytes(transaction.decisions) == _as_bytes(played.decisions)
        desk.commit(transaction, played.clock_ms)


@EXAMPLES
@given(STEPS)
def test_a_record_that_fails_in_the_middle_leaves_no_trace(steps: list[Step]) -> None:
    day = play(steps)
    for played, transaction in zip(day, Desk(FailsFirst(new_router())).play(day), strict=True):
        assert _as_bytes(transaction.decisions) == _as_bytes(played.decisions)


class FailsFirst:
    """A router that fails over each record at the very end, and is then asked again."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self.restore = router.restore
        self.event_ms = router.event_ms
        self.next_timer_ms = router.next_timer_ms
        self.fire_timers = router.fire_timers
        self.decisions = router.decisions
        self.commit = router.commit
        self.abort = router.abort
        self.take_policy = router.take_policy
        self.policies = router.policies
        self.read_ahead = router.read_ahead
        self.park_timer = router.park_timer
        self.set_live = router.set_live
        self.size_bytes = router.size_bytes

    def decide(self, record: InputRecord, now_ms: int, *, may_wait: bool = False) -> None:
        _fail_once(self._router, record, now_ms)
        self._router.decide(record, now_ms)


def _fail_once(router: Router, raw: InputRecord, now_ms: int) -> None:
    dispatch = router._dispatch

    def fail_after(turn: Turn, message: Remembered) -> None:
        dispatch(turn, message)
        raise RuntimeError("after everything was decided")

    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Permanent):
        patch.setattr(router, "_dispatch", fail_after)
        router.decide(raw, now_ms)
