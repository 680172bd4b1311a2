"""Waiting cases follow their queue to its new team, and those of a withdrawn queue go to the default queue."""

from collections.abc import Callable
from typing import Any

import pytest

from pipeline.codec import encode
from pipeline.errors import Permanent
from pipeline.route.cases.requeue import PAUSE_MS, SLICE
from schemas.policy.policy import Policy
from schemas.policy.queues import Queue
from tests.builders import START_MS, policy, presence, record, scored, signed_in, signed_out
from tests.routers import ALL
from tests.unit.route.desk_of_one import Desk


def moved(**over: Any) -> Policy:
    """The queue `billing` now belongs to another team, and `fans` is gone."""
    queues = (Queue(name="care", team="care"), Queue(name="billing", team="money"))
    return policy(version=2, queues=queues, **over)


def test_waiting_cases_are_offered_to_the_team_that_their_queue_has_now() -> None:
    desk = Desk()
    [before] = desk.feed(scored("p1", queue="billing")).current
    desk.take(moved())
    desk.feed(signed_in("new", teams=("money",)))
    answer = desk.after(1).tick()
    assert answer.steps == [("requeued", "queue_moved"), ("offered", "matched")]
    [offer] = answer.assignments
    assert (offer.rep_id, offer.team, offer.policy_version) == ("new", "money", 2)
    assert (offer.queued_at, offer.respond_by) == (before.queued_at, before.respond_by)


def test_cases_of_a_queue_that_is_gone_go_to_the_default_queue() -> None:
    desk = Desk()
    desk.feed(scored("p1", queue="fans"))
    desk.take(moved(default_queue="billing"))
    [event] = desk.after(1).tick().events
    assert (event.type, event.reason, event.queue, event.team) == ("requeued", "queue_gone", "billing", "money")


def test_a_case_that_comes_back_after_the_change_is_moved_at_once() -> None:
    desk = Desk()
    desk.feed(signed_in("old"), scored("p1", queue="billing"))
    desk.take(moved())
    assert desk.after(1).tick().types == [], "whoever has it keeps it"
    assert desk.feed(signed_out("old")).steps == [("released", "signed_out"), ("requeued", "queue_moved")]


def test_cases_are_moved_in_slices_and_records_are_handled_in_between() -> None:
    desk = Desk()
    desk.feed(*(scored(f"p{n}", f"a{n}", queue="billing") for n in range(SLICE + 1)))
    desk.take(moved())
    assert desk.router.next_timer_ms() == START_MS
    assert len(desk.after(0.001).tick().events) == SLICE
    assert desk.router.next_timer_ms() == desk.now_ms + PAUSE_MS
    assert desk.feed(signed_in("old"), presence("old")).types == ["offered"], "the last one still has its old team"
    assert desk.after(1).tick().types == []
    assert desk.router.next_timer_ms() == START_MS + 120_001, "nothing is left to move"


def test_a_restart_in_the_middle_of_a_move_goes_on_with_it() -> None:
    desk, other = Desk(), Desk()
    kept: dict[bytes, bytes | None] = {}

    def keep(desk: Desk) -> None:
        kept.update(desk.router.decisions().changes)
        desk.commit()

    for n in range(SLICE + 1):
        desk.feed_raw(record(scored(f"p{n}", f"a{n}", queue="billing"), n))
    keep(desk)
    desk.router.take_policy("acme", encode(moved()), START_MS)
    desk.router.fire_timers(START_MS, ALL)
    keep(desk)
    for entity_key, value in kept.items():
        other.router.restore(entity_key, value)
    assert other.router.next_timer_ms() == desk.router.next_timer_ms()
    assert len(other.after(1).tick().events) == 1


def _refuse(desk: Desk) -> None:
    with pytest.raises(Permanent):
        desk.feed(presence("nobody"))


def _abort(desk: Desk) -> None:
    desk.feed_raw(record(scored("p2", by="bob"), 2))
    desk.router.abort()


def _stuck() -> Desk:
    """Returns a desk whose case the rep may have by the policy that has just come into force."""
    spanish = Queue.model_validate({"name": "care", "team": "care", "skills": ["es"]}, strict=False)
    desk = Desk(policy(queues=(spanish,)))
    desk.feed(signed_in())
    assert desk.feed(scored("p1")).types == ["queued"]
    desk.take(policy(version=2))
    return desk


@pytest.mark.parametrize("meanwhile", [lambda _: None, _refuse, _abort], ids=["nothing", "refused", "undone"])
def test_what_a_policy_lets_reps_have_is_offered_whatever_comes_next(meanwhile: Callable[[Desk], None]) -> None:
    desk = _stuck()
    meanwhile(desk)
    assert desk.after(1).tick().types == ["offered"]
    assert desk.router.next_timer_ms() == desk.now_ms + 120_000, "that was all"


def test_a_replay_that_begins_after_a_policy_offers_what_it_lets_reps_have_when_the_run_did() -> None:
    desk = _stuck()
    desk.restart_only()
    assert desk.router.set_live(True, desk.now_ms, ALL)
    assert desk.commit().types == []
    assert desk.after(1).tick().types == ["offered"]


def test_without_a_policy_cases_stay_where_they_are() -> None:
    desk = Desk()
    desk.feed(scored("p1", queue="billing"))
    desk.take(None)
    assert desk.after(1).tick().types == []
