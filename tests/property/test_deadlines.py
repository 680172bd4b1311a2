"""In any day, each deadline is said once to come soon and once to be missed, and none is forgotten."""

from collections import defaultdict

from hypothesis import given, settings

from pipeline.codec import decode
from schemas.cases.case import CaseEvent
from schemas.topics import CASE_EVENTS
from tests.builders import START_MS
from tests.property.route_play import STEPS, Desk, Step, new_router, play


@settings(max_examples=80, deadline=None)
@given(STEPS)
def test_each_deadline_is_said_once_and_in_time(steps: list[Step]) -> None:
    router, events = new_router(), list[CaseEvent]()
    desk = Desk(router)
    desk.settle(START_MS)
    for played in play(steps):
        transaction = desk.decide(played.records, played.clock_ms)
        assert transaction is not None
        desk.commit(transaction, played.clock_ms)
        outputs = [output for output in transaction.decisions.outputs if output.topic == CASE_EVENTS.name]
        events += [decode(CaseEvent, output.value) for output in outputs]
        for case in router._state.workspaces["acme"].cases.values():
            assert case.clocks is not None or case.queue != "care"  # it keeps them in another queue
            if case.clocks is not None and case.clocks.next_ms is not None:
                assert case.clocks.next_ms >= transaction.now_ms
    check_once(events)


def check_once(events: list[CaseEvent]) -> None:
    said: dict[tuple[str, str, object], list[str]] = defaultdict(list)
    for event in events:
        if event.type in ("due_soon", "breached"):
            deadline = event.deadline
            assert deadline is not None
            assert deadline.kind == event.reason
            assert deadline.due_at is not None
            assert (event.at >= deadline.due_at) == (event.type == "breached")
            # The next post may come with another window of replies.
            window = deadline.due_at if deadline.kind == "reply_window" else None
            said[event.case_id, event.reason, window].append(event.type)
        elif event.type == "replied":
            # The next post begins another one.
            said.pop((event.case_id, "next_response", None), None)
    for (_, kind, _), types in said.items():
        assert types in (["due_soon"], ["breached"], ["due_soon", "breached"]), kind


def test_such_days_miss_deadlines() -> None:
    day = play([Step("post", 0, 0, 1000, True), *(Step("tick", 0, 0, 10_000, True) for _ in range(180))])
    outputs = [output for played in day for output in played.decisions.outputs if output.topic == CASE_EVENTS.name]
    events = [decode(CaseEvent, output.value) for output in outputs]
    said = [(event.type, event.reason) for event in events if event.deadline is not None]
    assert said == [
        ("due_soon", "first_response"),
        ("breached", "first_response"),
        ("due_soon", "resolution"),
        ("breached", "resolution"),
    ]
