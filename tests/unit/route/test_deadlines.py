"""The deadlines of cases at the desk: when they are said to come soon or to be missed, and where they are told."""

from typing import Any

import pytest

from pipeline.codec import encode
from pipeline.errors import Permanent
from schemas.people.casework import CaseHeld, CustomerAwaited
from schemas.policy.calendar import DAYS, Calendar
from schemas.policy.policy import Policy
from schemas.policy.queues import Queue
from schemas.policy.sla import Sla
from tests.builders import START_MS, WORKSPACE, accept, ask, policy, reply, resolve, scored, signed_in
from tests.routers import ALL, live_router
from tests.unit.route.desk_of_one import Answer, Desk

HOUR = {"first_response_s": 3600, "next_response_s": 1800, "resolution_s": 4 * 3600, "due_soon_s": 600}
NIGHT = {"name": "night", "zone": "UTC", "week": {day: ["02:00-06:00"] for day in DAYS}}
"""The days of these tests begin at midnight."""


def with_sla(*targets: dict[str, Any], calendar: dict[str, Any] | None = None, **more: Any) -> Policy:
    """Care has the SLA, and billing has none."""
    sla = {"name": "care", "calendar": calendar and calendar["name"], "targets": targets or [HOUR]}
    return policy(
        queues=(Queue(name="care", team="care", sla="care"), Queue(name="billing", team="care")),
        slas=(Sla.model_validate(sla),),
        calendars=() if calendar is None else (Calendar.model_validate(calendar),),
        **more,
    )


def alarms(answer: Answer) -> list[tuple[str, str]]:
    return [(event.type, event.reason) for event in answer.events if event.type in ("due_soon", "breached")]


def run_out(desk: Desk, minutes: int) -> list[tuple[int, str, str]]:
    """What is said in so many minutes, each with the minute since the start."""
    said = []
    for _ in range(minutes):
        answer = desk.after(60).tick()
        said += [((desk.now_ms - START_MS) // 60_000, *alarm) for alarm in alarms(answer)]
    return said


def due(answer: Answer) -> dict[str, float | None]:
    """The newest state of the case: minutes from the start to each of its deadlines, None for one that waits."""
    found = answer.current[-1].deadlines or ()
    return {
        deadline.kind: None
        if deadline.due_at is None
        else (deadline.due_at.timestamp() * 1000 - START_MS) / 60_000
        for deadline in found
    }


def test_each_deadline_of_a_case_is_said_once_when_it_comes_soon_and_once_when_it_is_missed() -> None:
    desk = Desk(with_sla())
    desk.feed(scored("p1"))
    assert run_out(desk, 300) == [
        (50, "due_soon", "first_response"),
        (60, "breached", "first_response"),
        (230, "due_soon", "resolution"),
        (240, "breached", "resolution"),
    ]


def test_an_alarm_names_its_deadline() -> None:
    desk = Desk(with_sla())
    desk.feed(scored("p1"))
    [event] = desk.after(3600).tick().events
    assert event.deadline is not None
    assert (event.deadline.kind, event.deadline.due_at, event.deadline.breached_at) == (
        "first_response",
        event.respond_by,
        event.at,
    )


def test_an_hour_of_lag_is_no_free_hour() -> None:
    desk = Desk(with_sla())
    answer = desk.after(3000).feed(scored("p1"))
    assert due(answer) == {"first_response": 60, "resolution": 240}
    assert alarms(desk.after(600).tick()) == [("breached", "first_response")]


def test_what_is_late_when_it_comes_is_said_at_once() -> None:
    answer = Desk(with_sla()).after(7200).feed(scored("p1"))
    assert answer.steps == [("queued", "opened"), ("breached", "first_response")]
    assert [event.at for event in answer.events] == [answer.events[0].at] * 2


def test_nothing_is_due_outside_of_opening_hours() -> None:
    desk = Desk(with_sla(calendar=NIGHT))
    answer = desk.feed(scored("p1"))
    assert due(answer) == {"first_response": 180, "resolution": 360}
    assert answer.current[0].respond_by == (answer.current[0].deadlines or ())[0].due_at


def test_a_case_of_a_queue_without_an_sla_has_no_deadlines_and_its_first_response_goes_around_the_clock() -> None:
    answer = Desk(with_sla(calendar=NIGHT)).feed(scored("p1", queue="billing"))
    assert answer.current[0].deadlines is None
    assert answer.current[0].respond_by.timestamp() * 1000 == START_MS + 3_600_000


def test_the_offer_tells_the_deadlines_the_nearest_first() -> None:
    desk = Desk(with_sla())
    desk.feed(signed_in("r1"))
    [offer] = desk.feed(scored("p1")).assignments
    assert [deadline.kind for deadline in offer.deadlines or ()] == ["first_response", "resolution"]


def test_a_reply_in_time_ends_the_first_response_and_a_further_post_begins_the_next() -> None:
    desk = Desk(with_sla())
    desk.feed(signed_in("r1"))
    [offer] = desk.feed(scored("p1", "a1")).assignments
    desk.feed(accept(offer.case_id, 1, "r1"))
    assert due(desk.after(600).feed(reply(offer.case_id, 1, "r1"))) == {"resolution": 240}
    answer = desk.after(600).feed(scored("p2", "a1", ms=20 * 60_000, in_reply_to="x:p1"))
    assert due(answer) == {"next_response": 50, "resolution": 240}
    assert run_out(desk, 31) == [(40, "due_soon", "next_response"), (50, "breached", "next_response")]
    desk.feed(resolve(offer.case_id, 1, "r1"))
    assert run_out(desk, 300) == []


def accepted(desk: Desk) -> str:
    """One case that r1 has accepted at the start."""
    desk.feed(signed_in("r1"))
    [offer] = desk.feed(scored("p1", "a1")).assignments
    desk.feed(accept(offer.case_id, 1, "r1"))
    return offer.case_id


def test_nothing_is_missed_while_the_customer_owes_an_answer() -> None:
    desk = Desk(with_sla())
    case_id = accepted(desk)
    desk.feed(reply(case_id, 1, "r1"))
    waiting = desk.after(3600).feed(ask(CustomerAwaited, case_id))
    assert due(waiting) == {"resolution": None}
    assert run_out(desk, 600) == []
    answer = desk.feed(scored("p2", "a1", ms=660 * 60_000, in_reply_to="x:p1"))
    assert due(answer) == {"next_response": 690, "resolution": 840}


def test_the_clocks_run_while_the_rep_waits_for_somebody_else() -> None:
    desk = Desk(with_sla())
    desk.feed(ask(CaseHeld, accepted(desk)))
    assert run_out(desk, 60) == [(50, "due_soon", "first_response"), (60, "breached", "first_response")]


def test_a_case_that_reopens_has_used_what_it_had_used_at_its_end() -> None:
    desk = Desk(with_sla())
    case_id = accepted(desk)
    desk.feed(reply(case_id, 1, "r1"))
    desk.after(3600).feed(resolve(case_id, 1, "r1"))
    assert run_out(desk, 600) == []
    answer = desk.feed(scored("p2", "a1", ms=660 * 60_000, in_reply_to="x:p1"))
    assert due(answer) == {"next_response": 690, "resolution": 840}


def test_nothing_is_missed_while_a_resolved_case_is_wrapped_up() -> None:
    given = with_sla()
    queue = given.queues[0].model_copy(update={"wrap_up_s": 3600})
    desk = Desk(given.model_copy(update={"queues": (queue, *given.queues[1:])}))
    case_id = accepted(desk)
    desk.after(600).feed(resolve(case_id, 1, "r1"))
    assert run_out(desk, 600) == []


def test_a_post_of_a_higher_band_shortens_the_deadline_and_a_lower_one_leaves_it() -> None:
    desk = Desk(with_sla({"band": ["p1"], "first_response_s": 900}, {"first_response_s": 7200}))
    assert due(desk.feed(scored("p1", "a1", priority=30))) == {"first_response": 120}
    assert due(desk.feed(scored("p2", "a1", priority=80))) == {"first_response": 15}
    assert due(desk.feed(scored("p3", "a1", priority=30))) == {"first_response": 15}


def test_an_edit_of_the_policy_counts_anew_what_is_not_missed() -> None:
    desk = Desk(with_sla(HOUR))
    desk.feed(scored("p1", "a1"))
    desk.after(3600).tick()
    desk.feed(scored("p2", "a2", ms=3_600_000))
    desk.take(with_sla(HOUR, calendar=NIGHT, version=2))
    answer = desk.tick()
    assert [(event.type, event.reason) for event in answer.events] == [("rescheduled", "policy_changed")] * 2
    assert {case.root_post_id: [d.due_at.timestamp() * 1000 - START_MS for d in case.deadlines or () if d.due_at]
            for case in answer.current} == {
        "x:p1": [60 * 60_000, 360 * 60_000],
        "x:p2": [180 * 60_000, 360 * 60_000],
    }  # fmt: skip
    assert desk.after(1).tick().events == []


def test_the_deadlines_of_many_cases_are_counted_anew_in_slices() -> None:
    desk = Desk(with_sla())
    for number in range(1000):
        desk.feed(scored(f"p{number}", f"a{number}"))
    desk.take(with_sla({"first_response_s": 7200}, version=2))
    seen: dict[str, int] = {}
    for _ in range(20):
        answer = desk.after(0.1).tick()
        assert len(answer.events) <= 300
        for event in answer.events:
            seen[event.case_id] = seen.get(event.case_id, 0) + 1
    assert set(seen.values()) == {1}
    assert len(seen) == 1000


def test_a_policy_that_promises_the_same_counts_nothing_anew() -> None:
    desk = Desk(with_sla())
    desk.feed(scored("p1"))
    desk.take(with_sla(version=2))
    assert desk.after(1).tick().events == []


def test_a_queue_that_gets_an_sla_gives_its_cases_clocks_from_when_they_were_queued() -> None:
    desk = Desk(policy())
    desk.feed(scored("p1"))
    desk.after(60).take(with_sla(version=2))
    assert due(desk.tick()) == {"first_response": 60, "resolution": 240}


def test_a_queue_that_loses_its_sla_leaves_no_deadline() -> None:
    desk = Desk(with_sla())
    desk.feed(scored("p1"))
    desk.take(policy(version=2))
    desk.tick()
    assert run_out(desk, 300) == []


def test_a_policy_with_an_unknown_time_zone_is_refused_and_the_one_in_force_stays() -> None:
    desk = Desk(with_sla())
    with pytest.raises(Permanent, match=r"invalid_field: calendars\.0\.zone"):
        desk.take(with_sla(calendar=NIGHT | {"zone": "Mars/Phobos"}, version=2))
    assert desk.router.policies()[WORKSPACE].version == 1


def test_a_restored_case_has_the_same_deadlines() -> None:
    desk = Desk(with_sla())
    desk.feed(scored("p1"))
    desk.after(3000)
    desk.router.fire_timers(desk.now_ms, ALL)
    changes = dict(desk.router.decisions().changes)
    desk.router.commit()
    restored = live_router()
    restored.take_policy(WORKSPACE, encode(with_sla()), 0)
    for key, value in changes.items():
        restored.restore(key, value)
    assert restored.next_timer_ms() == desk.router.next_timer_ms() == START_MS + 3_600_000
