"""For how long a rep who did not take a case is not asked again."""

from typing import Any

from schemas.policy.policy import Policy
from tests.builders import accept, policy, reject, scored, signed_in
from tests.unit.route.desk_of_one import Answer, Desk


def _policy(*rings: dict[str, Any], **queue: Any) -> Policy:
    data = policy(missed_offers=3).model_dump(mode="json")
    data["queues"][0] |= {"rings": list(rings), "offer_timeout_s": 30} | queue
    return Policy.model_validate(data)


def _offered_to(answer: Answer) -> list[str]:
    return [said.rep_id for said in answer.assignments if said.state == "offered"]


def _busy_beside_r1(desk: Desk) -> str:
    """Signs r1 in, and busy, who could take the case but has another one. The first offer goes to r1."""
    [other] = desk.feed(signed_in("busy", capacity=1), scored("p0", by="zoe", priority=90.0)).assignments
    desk.feed(accept(other.case_id, rep_id="busy"))
    answer = desk.feed(signed_in("r1"), scored("p1"))
    assert _offered_to(answer) == ["r1"]
    return answer.assignments[-1].case_id


def test_a_rejection_counts_as_long_as_the_queue_says() -> None:
    desk = Desk(_policy(refusal_ttl_s=300, offer_timeout_s=3600))
    case_id = _busy_beside_r1(desk)
    assert desk.feed(reject(case_id, rep_id="r1")).types == ["rejected"]
    assert _offered_to(desk.after(299).tick()) == []
    assert _offered_to(desk.after(1).tick()) == ["r1"]


def test_a_rejection_outlasts_the_ring() -> None:
    desk = Desk(_policy({"after_s": 60, "raise_priority": 5}, refusal_ttl_s=300, offer_timeout_s=3600))
    case_id = _busy_beside_r1(desk)
    desk.feed(reject(case_id, rep_id="r1"))
    assert desk.after(60).tick().types == ["ring_changed"]
    assert _offered_to(desk.after(240).tick()) == ["r1"]


def test_who_let_an_offer_time_out_is_asked_again_in_the_next_ring_and_not_before() -> None:
    desk = Desk(_policy({"after_s": 120, "raise_priority": 5}))
    _busy_beside_r1(desk)
    assert desk.after(30).tick().types == ["timed_out"]
    assert _offered_to(desk.after(89).tick()) == []
    answer = desk.after(1).tick()
    assert answer.types == ["ring_changed", "offered"]
    assert _offered_to(answer) == ["r1"]


def test_a_case_that_only_one_rep_may_take_does_not_wait_for_the_ring() -> None:
    desk = Desk(_policy({"after_s": 600, "raise_priority": 5}))
    desk.feed(signed_in(), scored("p1"))
    answer = desk.after(30).tick()
    assert answer.types == ["timed_out", "offered"]
    assert _offered_to(answer) == ["r1"]


def test_a_ring_whose_time_came_during_an_offer_begins_when_the_case_waits_again() -> None:
    desk = Desk(_policy({"after_s": 20, "add_teams": ["social"]}))
    desk.feed(signed_in("r1"), scored("p1"), signed_in("s1", teams=("social",)))
    answer = desk.after(30).tick()
    assert answer.types == ["timed_out", "ring_changed", "offered"]
    assert _offered_to(answer) == ["s1"]


def test_a_ring_that_begins_as_the_offer_ends_lets_the_same_rep_be_asked() -> None:
    desk = Desk(_policy({"after_s": 30, "raise_priority": 5}))
    _busy_beside_r1(desk)
    answer = desk.after(30).tick()
    assert answer.types == ["timed_out", "ring_changed", "offered"]
    assert "r1" in _offered_to(answer)
