"""Opening hours of queues: outside of them a queue offers nothing, or sends what is new elsewhere."""

from typing import Any

from schemas.people.casework import CaseTransferred
from schemas.policy.calendar import Calendar
from schemas.policy.policy import Policy
from schemas.policy.queues import Limits
from tests.builders import START_MS, accept, ask, at, policy, resolve, scored, signed_in
from tests.unit.route.desk_of_one import Desk

HOURS = Calendar.model_validate(
    {"name": "hours", "zone": "UTC", "week": {"thu": ["00:10-00:20"], "fri": ["08:00-09:00"]}}
)
"""The day at the desk is a Thursday, and begins at midnight."""
OPENS_S, SHUTS_S = 600, 1200
FRIDAY_S = 24 * 3600 + 8 * 3600


def with_hours(version: int = 1, **over: Any) -> Policy:
    care, fans, billing = policy().queues
    return policy(
        version=version,
        calendars=(HOURS,),
        queues=(care.model_copy(update={"calendar": "hours"} | over), fans, billing),
    )


def test_a_closed_queue_offers_nothing_until_it_opens() -> None:
    desk = Desk(with_hours())
    desk.feed(signed_in(capacity=1), scored("p1", priority=10.0))
    assert desk.feed(scored("p2", by="bob", priority=90.0)).types == ["queued"]
    [offer] = desk.feed(scored("p3", by="cleo", queue="billing", priority=1.0)).assignments
    assert desk.feed(accept(offer.case_id), resolve(offer.case_id)).types == ["assigned", "resolved"]
    assert desk.after(OPENS_S - 0.001).tick().types == []
    desk.restart(with_hours())
    [event] = desk.after(0.001).tick().events
    assert (event.type, event.priority) == ("offered", 90.0)


def test_a_queue_that_shuts_keeps_its_offers_and_makes_no_more() -> None:
    desk = Desk(with_hours())
    desk.after(SHUTS_S - 10).feed(signed_in(capacity=2))
    [offer] = desk.feed(scored("p1")).assignments
    desk.after(10).tick()
    assert desk.feed(accept(offer.case_id)).types == ["assigned"]
    assert desk.feed(scored("p2", by="bob")).types == ["queued"]
    assert desk.after(FRIDAY_S - SHUTS_S).tick().types == ["offered"]


def test_what_comes_back_while_the_queue_is_shut_waits() -> None:
    desk = Desk(with_hours())
    desk.after(SHUTS_S - 10).feed(signed_in("r1"), signed_in("r2"))
    desk.feed(scored("p1"))
    assert desk.after(120).tick().types == ["timed_out"]
    assert desk.after(FRIDAY_S - SHUTS_S - 110).tick().types == ["offered"]


def test_a_person_may_hand_a_case_over_while_the_queue_is_shut() -> None:
    desk = Desk(with_hours())
    desk.after(SHUTS_S - 10).feed(signed_in("r1", capacity=1))
    [offer] = desk.feed(scored("p1")).assignments
    desk.feed(accept(offer.case_id), signed_in("r2"))
    answer = desk.after(20).feed(ask(CaseTransferred, offer.case_id, to_rep="r2"))
    assert answer.steps == [("transferred", "transferred"), ("assigned", "transferred")]


def test_hours_follow_an_edit_of_the_policy_at_once() -> None:
    desk = Desk(with_hours())
    desk.feed(signed_in())
    assert desk.feed(scored("p1")).types == ["queued"]
    desk.take(policy(version=2))
    assert desk.tick().types == ["offered"]
    assert desk.feed(scored("p2", by="bob")).types == ["queued", "offered"]
    desk.take(with_hours(version=3))
    assert desk.feed(scored("p3", by="cleo")).types == ["queued"]


def test_a_late_timer_goes_straight_to_the_hours_of_now() -> None:
    desk = Desk(with_hours())
    desk.feed(scored("p1"))
    desk.after(FRIDAY_S + 60)
    assert desk.feed(signed_in()).types == ["offered"]
    assert desk.router.next_timer_ms() == START_MS + 1000 * (FRIDAY_S + 60 + 120)


def test_new_cases_of_a_closed_queue_go_to_its_overflow_queue() -> None:
    given = with_hours(closed="overflow", limits=Limits(overflow_queue="billing"))
    desk = Desk(given)
    [event] = desk.feed(scored("p1")).events
    assert (event.queue, event.reason) == ("billing", "overflow")
    [event] = desk.after(OPENS_S).feed(scored("p2", by="bob")).events
    assert (event.queue, event.reason) == ("care", "opened")
    [event] = desk.after(SHUTS_S - OPENS_S).feed(scored("p3", by="cleo")).events
    assert event.queue == "billing"
    assert desk.feed(signed_in(capacity=5)).types == ["offered"] * 3, "what waits there is still offered"


def test_new_cases_of_a_full_queue_go_on_to_the_first_that_has_room() -> None:
    care, fans, billing = policy().queues
    given = policy(
        queues=(
            care.model_copy(update={"limits": Limits(max_waiting=2, overflow_queue="fans")}),
            fans.model_copy(update={"limits": Limits(max_waiting=1, overflow_queue="billing")}),
            billing,
        )
    )
    desk = Desk(given)
    events = desk.feed(*(scored(f"p{n}", by=f"a{n}") for n in range(6))).events
    assert [event.queue for event in events] == ["care", "care", "fans", "billing", "billing", "billing"]
    assert [event.reason for event in events] == ["opened"] * 2 + ["overflow"] * 4
    by_queue = {event.queue: event.respond_by for event in events}
    assert by_queue == {"care": at(3_600_000), "fans": at(7_200_000), "billing": at(1_800_000)}
    assert desk.feed(signed_in(capacity=5)).types == ["offered"] * 5
    assert desk.feed(scored("p9", by="z")).events[0].queue == "care", "an offered case does not wait"
