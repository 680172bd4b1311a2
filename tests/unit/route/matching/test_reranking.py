"""Signals move the open cases of a post or author, by steps and with hysteresis."""

from typing import Any

import pytest
from msgspec.structs import replace

from schemas.cases.steps import RouteSignal
from schemas.people.supervision import CaseReprioritised
from tests.builders import accept, at, policy, record, resolve, scored, signed_in, tell, topics
from tests.unit.route.desk_of_one import Answer, Desk


def _signal(desk: Desk, step: int, ms: int = 0, kind: Any = "reach", **about: str) -> Answer:
    said = RouteSignal(workspace="acme", kind=kind, step=step, at=at(ms), **about or {"post_id": "x:p1"})
    desk.feed_raw(replace(record(said), append_ms=desk.now_ms))
    return desk.commit()


def test_a_post_that_spreads_comes_before_others() -> None:
    desk = Desk()
    desk.feed(scored("p1", priority=40.0), scored("p2", by="bob", priority=50.0))
    answer = _signal(desk, 5)
    assert answer.steps == [("reprioritised", "reach_rose")]
    assert answer.events[0].priority == pytest.approx(100 * (1 - 0.6 * 0.6))
    [offer] = desk.feed(signed_in(capacity=1)).assignments
    assert offer.posts[0].post_id == "x:p1"


def test_a_step_of_the_author_moves_all_open_cases_of_the_author() -> None:
    desk = Desk()
    desk.feed(scored("p1", topics=topics("bills")), scored("p2", topics=topics("shops")), scored("p3", by="bob"))
    answer = _signal(desk, 2, kind="value", author_id="x:ann")
    assert answer.types == ["reprioritised", "reprioritised"]
    assert {event.case_id for event in answer.events} == {said.case_id for said in answer.current}


def test_what_goes_to_and_fro_by_one_step_moves_the_case_once() -> None:
    desk = Desk()
    desk.feed(scored("p1"))
    moved = [_signal(desk.after(1), 2 + n % 2, 1000 * n).types for n in range(10)]
    assert moved == [["reprioritised"], ["reprioritised"], *([] for _ in range(8))]


def test_a_fall_of_two_steps_takes_the_priority_back() -> None:
    desk = Desk()
    [queued] = desk.feed(scored("p1", priority=100 / 3)).events
    _signal(desk.after(1), 3, 1000)
    answer = _signal(desk.after(1), 0, 2000)
    assert answer.steps == [("reprioritised", "reach_fell")]
    assert answer.events[0].priority == pytest.approx(queued.priority)


def test_only_what_has_raised_the_case_lowers_it() -> None:
    desk = Desk()
    desk.feed(scored("p1"), scored("p2", in_reply_to="x:p1"))
    _signal(desk.after(1), 4, 1000)
    assert _signal(desk.after(1), 0, 2000, post_id="x:p2").types == []
    assert _signal(desk.after(1), 0, 3000).types == ["reprioritised"]


def test_what_is_said_again_or_late_changes_nothing() -> None:
    desk = Desk()
    desk.feed(scored("p1"))
    desk.after(10)
    assert _signal(desk, 4, 1000).types == ["reprioritised"]
    assert _signal(desk, 4, 1000).outputs == []
    assert _signal(desk, 1, 2000).types == ["reprioritised"]
    assert _signal(desk, 4, 1000).outputs == []


def test_below_what_triage_knew_and_above_five_steps_nothing_moves() -> None:
    desk = Desk()
    desk.feed(scored("p1"))
    assert _signal(desk.after(1), -3, 1000).types == []
    assert _signal(desk.after(1), 64, 2000).types == ["reprioritised"]
    assert _signal(desk.after(1), 5, 3000).types == []


def test_who_has_the_case_hears_of_it_and_nobody_after_its_end() -> None:
    desk = Desk()
    [offer] = desk.feed(signed_in(), scored("p1")).assignments
    desk.feed(accept(offer.case_id))
    answer = _signal(desk, 1)
    assert [(said.reason, said.update) for said in answer.assignments] == [("reprioritised", 1)]
    desk.feed(resolve(offer.case_id))
    assert _signal(desk.after(1), 3, 1000).outputs == []


def test_the_brands_own_post_moves_nothing() -> None:
    desk = Desk()
    [queued] = desk.feed(signed_in(), scored("p1")).events[:1]
    desk.feed(accept(queued.case_id), scored("q1", "acme", "none", own=True, in_reply_to="x:p1"))
    assert _signal(desk, 5, post_id="x:q1").outputs == []


def test_a_signal_raises_what_a_supervisor_has_set_and_does_not_take_it_back() -> None:
    desk = Desk()
    [queued] = desk.feed(scored("p1")).events
    _signal(desk.after(1), 3, 1000)
    desk.feed(tell(CaseReprioritised, case_id=queued.case_id, priority=10.0))
    assert _signal(desk.after(1), 0, 2000).types == []
    assert _signal(desk.after(1), 5, 3000).events[0].priority == pytest.approx(100 * (1 - 0.9 * 0.6))


def test_the_steps_survive_a_restart() -> None:
    desk = Desk()
    desk.feed(scored("p1"))
    _signal(desk.after(1), 3, 1000)
    desk.restart()
    assert _signal(desk, 3, 2000).types == []
    assert _signal(desk.after(1), 1, 3000).types == ["reprioritised"]


def test_the_time_in_rings_runs_on() -> None:
    data = policy().model_dump(mode="json")
    data["queues"][0]["rings"] = [{"after_s": 60, "drop_optional": True}]
    desk = Desk(type(policy()).model_validate(data))
    desk.feed(signed_in(), scored("p1", skills=("es",)))
    _signal(desk.after(59), 3, 1000)
    assert desk.after(1).tick().types == ["ring_changed", "offered"]
