"""Limits of silence and windows of replies on any day: each is told once, in time and never early."""

from datetime import datetime, timedelta

from hypothesis import given, settings

from pipeline.clock import to_ms
from pipeline.codec import decode
from pipeline.route.state.entities import Case
from schemas.cases.case import CaseEvent
from schemas.topics import CASE_EVENTS
from tests.builders import START_MS
from tests.property.any_desk import BUSY
from tests.property.route_play import POLICIES, Desk, Step, new_router, play

QUEUES = {queue.name: queue for queue in POLICIES["acme"].queues}
ENDS = {"no_reply", "no_follow_up", "idle"}
SHUT_MS = START_MS + 300_000, START_MS + 900_000
"""On the first day the calendar has these hours off."""


def limit_of(case: Case) -> tuple[str, int] | None:
    """Returns what ends for the case by the words of the policy, and when; None for nothing."""
    queue, taken_ms = QUEUES[case.queue], case.offer.taken_ms if case.offer else None
    if taken_ms is None:
        return None
    if case.owed_ms is not None and case.state in ("assigned", "held"):
        name, seconds = (
            ("no_reply", queue.reply_within_s)
            if case.replied_at_ms is None
            else ("no_follow_up", queue.follow_up_within_s)
        )
        return None if seconds is None else (name, max(taken_ms, case.owed_ms) + 1000 * seconds)
    if case.owed_ms is None and case.replied_at_ms is not None and case.state in ("assigned", "awaiting"):
        return None if queue.idle_s is None else ("idle", max(taken_ms, case.active_ms) + 1000 * queue.idle_s)
    return None


@settings(max_examples=100, deadline=None)
@given(BUSY)
def test_each_limit_is_told_once_and_neither_early_nor_after_what_happens_later(steps: list[Step]) -> None:
    router = new_router()
    limits: dict[tuple[str, int], tuple[str, int] | None] = {}
    told: set[tuple[str, int]] = set()
    for transaction in Desk(router).play(play(steps)):
        went_on: set[str] = set()
        for output in transaction.decisions.outputs:
            if output.topic == CASE_EVENTS.name:
                event = decode(CaseEvent, output.value)
                attempt = event.case_id, event.attempt or 0
                if event.reason in ENDS:
                    assert attempt not in told, "an attempt ends once"
                    told.add(attempt)
                    due = limits.get(attempt)
                    is_due = due is not None and due[0] == event.reason and due[1] <= to_ms(event.at)
                    assert is_due or event.case_id in went_on, "early"
                went_on.add(event.case_id)
        cases = router._state.workspaces["acme"].cases.values()
        limits = {(case.case_id, case.attempt): limit_of(case) for case in cases}
        for limit in limits.values():
            assert limit is None or limit[1] >= transaction.now_ms, "it was due before, and nothing came"


@settings(max_examples=60, deadline=None)
@given(BUSY)
def test_a_case_knows_the_limit_that_its_policy_means(steps: list[Step]) -> None:
    router = new_router()
    for _ in Desk(router).play(play(steps)):
        for case in router._state.workspaces["acme"].cases.values():
            limit = limit_of(case)
            assert (case.extras.times.limit_ms if case.extras.times else None) == (limit[1] if limit else None)


@settings(max_examples=60, deadline=None)
@given(BUSY)
def test_a_queue_that_holds_makes_no_offer_outside_of_its_hours(steps: list[Step]) -> None:
    before_ms = START_MS
    for played in play(steps):
        for output in played.decisions.outputs:
            if output.topic == CASE_EVENTS.name:
                event = decode(CaseEvent, output.value)
                if event.type == "offered" and event.reason == "matched" and event.queue == "fans":
                    # Timers of before the end of the hours may fire late, before the one that ends them.
                    is_over = before_ms > SHUT_MS[0] and to_ms(event.at) > SHUT_MS[0]
                    assert not is_over or to_ms(event.at) >= SHUT_MS[1]
        before_ms = played.decided.now_ms


@settings(max_examples=100, deadline=None)
@given(BUSY)
def test_the_end_of_each_window_of_replies_is_told_once_before_and_once_when_it_has_come(
    steps: list[Step],
) -> None:
    router = new_router()
    told: set[tuple[str, str, datetime]] = set()
    for transaction in Desk(router).play(play(steps)):
        for output in transaction.decisions.outputs:
            if output.topic != CASE_EVENTS.name:
                continue
            event = decode(CaseEvent, output.value)
            if event.type == "reply_window_ended" or event.reason == "reply_window":
                assert event.deadline is not None
                assert event.deadline.due_at is not None
                key = event.case_id, event.type, event.deadline.due_at
                assert key not in told
                told.add(key)
                is_over = event.at >= event.deadline.due_at
                assert is_over == (event.type == "reply_window_ended")
                assert event.at >= event.deadline.due_at - timedelta(hours=1)
        for case in router._state.workspaces["acme"].cases.values():
            assert case.window_ms is None or case.window_ms >= transaction.now_ms, "it was due before"
