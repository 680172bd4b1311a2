"""What supervisors are told of queues and reps is what a count over all cases and reps gives, on any day."""

import random
from collections import Counter
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.codec import decode
from pipeline.route.gauges.watch import MINUTE_MS
from pipeline.route.router import Router
from pipeline.route.skills import words_met
from pipeline.route.state.entities import Case, Rep
from schemas.cases.case import CaseEvent
from schemas.cases.gauges import QueueGauge, RepGauge
from schemas.policy.queues import Queue
from schemas.topics import CASE_EVENTS
from tests.builders import START_MS, WORKSPACE
from tests.property.any_desk import any_steps
from tests.property.route_play import Desk, Played, Step, new_router, play
from tests.property.test_router import FailsFirst

DAYS = settings(max_examples=20, deadline=None)


def busy_day(seed: int) -> tuple[list[Step], random.Random]:
    chance = random.Random(seed)
    return any_steps(chance), chance


SEEDS = st.integers(0, 2**32).map(busy_day)


def counted(router: Router, queue: Queue, at_ms: int) -> dict[str, object]:
    """Returns the figures of a queue as a walk over all cases and reps gives them."""
    workspace = router._state.workspaces[WORKSPACE]
    cases: list[Case] = [case for case in workspace.cases.values() if case.queue == queue.name]
    reps: list[Rep] = [rep for rep in workspace.reps.values() if queue.team in rep.teams and rep.present]
    waiting = [case for case in cases if case.state == "waiting" and not case.timer_parked]
    taken = sum(min(router._state.indexes.load(WORKSPACE, rep.rep_id), rep.capacity) for rep in reps)
    capacity = sum(rep.capacity for rep in reps)
    since = min((case.queued_at_ms for case in waiting), default=None)
    clocks = [case.clocks for case in cases if case.clocks is not None]
    return {
        "waiting": len(waiting),
        "oldest_s": None if since is None else max(0, at_ms - since) // 1000,
        "unmatched": sum(is_unmatched(router, case) for case in waiting),
        "held": sum(case.offer is not None for case in cases),
        "present": len(reps),
        "occupancy": taken / capacity if capacity else None,
        "due_soon": sum(each.due_soon for each in clocks),
        "breached": sum(bool(each.breached) for each in clocks),
    }


def is_unmatched(router: Router, case: Case) -> bool:
    """Whether nobody at work may take the case of an open queue."""
    workspace = router._state.workspaces[WORKSPACE]
    terms = workspace.classes.demand_of(case).terms
    reps = [rep for rep in workspace.reps.values() if rep.present and {*rep.teams} & {*terms.teams}]
    weight = case.extras.weight
    return bool(terms.teams) and not any(
        rep.capacity >= weight and words_met(rep.skills) >= terms.skills for rep in reps
    )


def told(router: Router, at_ms: int) -> Iterator[tuple[Queue, QueueGauge]]:
    queues = router._state.indexes.policies[WORKSPACE].policy.queues
    return zip(queues, router.watch.queues(at_ms), strict=True)


def with_trouble(day: list[Played], router: Router, chance: random.Random) -> Iterator[Played]:
    """Plays a day on the router, in which each record fails once and some transactions are undone."""
    desk = Desk(FailsFirst(router))
    desk.settle(START_MS)
    for played in day:
        unread = list(played.records)
        if chance.random() < 0.5 and (transaction := desk.decide(unread, played.clock_ms)) is not None:
            desk.abort(transaction, played.clock_ms)
            unread = []
        transaction = desk.decide(unread, played.clock_ms)
        assert transaction is not None
        desk.commit(transaction, played.clock_ms)
        yield played


@DAYS
@given(SEEDS)
def test_gauges_are_what_a_count_over_all_cases_and_reps_gives(drawn: tuple[list[Step], random.Random]) -> None:
    steps, chance = drawn
    router = new_router()
    for played in with_trouble(play(steps), router, chance):
        at_ms = played.decided.now_ms // MINUTE_MS * MINUTE_MS
        for queue, gauge in told(router, at_ms):
            expected = counted(router, queue, at_ms)
            assert {name: getattr(gauge, name) for name in expected} == expected


@DAYS
@given(SEEDS)
def test_the_gauges_of_a_router_that_began_anew_are_those_of_before(
    drawn: tuple[list[Step], random.Random],
) -> None:
    steps, chance = drawn
    router, other, day = new_router(), new_router(), play(steps)
    written = dict(Desk().settle(START_MS))
    for played in with_trouble(day, router, chance):
        written |= played.decisions.changes
    entries = [(key, value) for key, value in written.items() if not key.startswith(b"loop/")]
    chance.shuffle(entries)
    for key, value in entries:
        other.restore(key, value)
    now_ms = day[-1].decided.now_ms if day else START_MS
    apart = {"expected_wait_s": None}
    before, after = (
        [gauge.model_copy(update=apart) for _, gauge in told(each, now_ms)] for each in (router, other)
    )
    assert after == before
    assert newest(other.watch.reps(now_ms)) == newest(router.watch.reps(now_ms))


@DAYS
@given(SEEDS)
def test_each_change_of_presence_is_told_and_none_that_was_undone(drawn: tuple[list[Step], random.Random]) -> None:
    steps, chance = drawn
    day, router, plain = play(steps), new_router(), new_router()
    list(with_trouble(day, router, chance))
    list(Desk(plain).play(day))
    for each in (router, plain):
        each.watch._says_all = False
    changes = list(router.watch.reps(START_MS))
    assert changes == list(plain.watch.reps(START_MS))
    reps = router._state.workspaces[WORKSPACE].reps
    assert newest(iter(changes)) == {rep_id: rep.presence for rep_id, rep in reps.items()}


@DAYS
@given(SEEDS)
def test_the_cases_that_were_taken_up_are_counted_once(drawn: tuple[list[Step], random.Random]) -> None:
    steps, chance = drawn
    day, router = play(steps), new_router()
    list(with_trouble(day, router, chance))
    outputs = (output for played in day for output in played.decisions.outputs if output.topic == CASE_EVENTS.name)
    events = (decode(CaseEvent, output.value) for output in outputs)
    assert router.watch.taken == Counter((WORKSPACE, event.queue) for event in events if event.type == "assigned")


def newest(gauges: Iterator[RepGauge]) -> dict[str, str]:
    """Returns the newest presence of each rep that was told."""
    return {gauge.rep_id: gauge.presence for gauge in gauges}
