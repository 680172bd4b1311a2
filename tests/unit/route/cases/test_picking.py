"""Cases of a pull queue are never offered. Reps pick them by hand, beside what other queues offer."""

from typing import Any

import pytest

from schemas.people.casework import CasePicked, CaseTransferred
from schemas.policy.policy import Policy
from tests.builders import accept, ask, policy, presence, resolve, scored, signed_in, signed_out, tell
from tests.unit.route.desk_of_one import Answer, Desk


def _pulled(**more: Any) -> Policy:
    data = policy().model_dump(mode="json")
    data["queues"][0] |= {"mode": "pull"} | more
    return Policy.model_validate(data)


def _pick(desk: Desk, case_id: str, rep_id: str = "r1") -> Answer:
    return desk.feed(tell(CasePicked, rep_id, case_id=case_id))


def test_a_case_of_a_pull_queue_is_offered_to_nobody_and_goes_to_who_picks_it() -> None:
    desk = Desk(_pulled())
    [queued] = desk.feed(signed_in(), scored("p1")).events
    answer = _pick(desk, queued.case_id)
    assert answer.steps == [("assigned", "picked")]
    assert answer.states == [("assigned", "picked", "r1")]
    [made] = answer.assignments
    assert (made.attempt, made.candidates.eligible) == (1, 1)
    assert ("route.picked", "r1 picks it by hand") in [(why.code, why.detail) for why in made.reasons]
    assert desk.feed(resolve(queued.case_id)).types == ["resolved"]


def test_a_push_queue_beside_it_goes_on_offering_and_both_share_the_capacity() -> None:
    desk = Desk(_pulled())
    desk.feed(signed_in(teams=("care", "social"), capacity=1))
    [queued] = desk.feed(scored("p1")).events
    [_, offered] = desk.feed(scored("p2", by="bob", queue="fans")).events
    assert offered.type == "offered"
    assert _pick(desk, queued.case_id).steps == [("request_refused", "rep_not_free")]
    desk.feed(accept(offered.case_id), resolve(offered.case_id))
    assert _pick(desk, queued.case_id).types == ["assigned"]
    assert desk.feed(scored("p3", by="cid", queue="fans")).types == ["queued"]


@pytest.mark.parametrize(
    ("rep", "refusal"),
    [
        ({"rep_id": "nobody"}, "unknown_rep"),
        ({"rep_id": "away"}, "unknown_rep"),
        ({"rep_id": "other"}, "unskilled"),
        ({"rep_id": "plain"}, "unskilled"),
    ],
)
def test_who_may_not_have_the_case_is_refused_with_a_code(rep: dict[str, str], refusal: str) -> None:
    desk = Desk(_pulled())
    desk.feed(
        signed_in("away", skills=("es",)),
        presence("away", "away", seq=1),
        signed_in("other", teams=("social",), skills=("es",)),
        signed_in("plain"),
        signed_in("good", skills=("es",)),
    )
    [queued] = desk.feed(scored("p1", skills=("es",))).events
    answer = _pick(desk, queued.case_id, **rep)
    assert answer.steps == [("request_refused", refusal)]
    assert _pick(desk, queued.case_id, "good").types == ["assigned"]


def test_what_does_not_wait_in_a_pull_queue_is_not_picked() -> None:
    desk = Desk(_pulled())
    desk.feed(signed_in(), signed_in("r2"))
    [pushed] = desk.feed(scored("p1", queue="fans")).events
    [queued] = desk.feed(scored("p2", by="bob")).events
    assert _pick(desk, pushed.case_id).steps == [("request_refused", "not_waiting")]
    assert _pick(desk, queued.case_id).types == ["assigned"]
    assert _pick(desk, queued.case_id, "r2").steps == [("request_refused", "not_waiting")]
    assert _pick(desk, "no-such-case").steps == [("request_refused", "unknown_case")]


def test_a_released_case_waits_for_the_next_pick() -> None:
    desk = Desk(_pulled())
    [queued] = desk.feed(signed_in(), signed_in("r2"), scored("p1")).events
    _pick(desk, queued.case_id)
    assert desk.feed(signed_out(seq=1)).types == ["released"]
    [picked] = _pick(desk, queued.case_id, "r2").assignments
    assert picked.attempt == 2


def test_a_rep_may_hand_a_case_to_another_who_is_asked_first() -> None:
    desk = Desk(_pulled())
    [queued] = desk.feed(signed_in(), signed_in("r2"), scored("p1")).events
    _pick(desk, queued.case_id)
    answer = desk.feed(ask(CaseTransferred, queued.case_id, to_rep="r2", warm=True))
    assert answer.types == ["transferred", "offered"]
    assert desk.after(120).tick().steps == [("timed_out", "not_answered"), ("assigned", "not_answered")]


def test_rings_widen_who_may_pick() -> None:
    desk = Desk(_pulled(rings=[{"after_s": 60, "drop_optional": True}]))
    [queued] = desk.feed(signed_in(), scored("p1", skills=("es",))).events
    assert _pick(desk, queued.case_id).steps == [("request_refused", "unskilled")]
    assert desk.after(60).tick().types == ["ring_changed"]
    assert _pick(desk, queued.case_id).types == ["assigned"]


def test_a_policy_that_turns_pull_into_push_offers_what_waits() -> None:
    desk = Desk(_pulled())
    desk.feed(signed_in(), scored("p1"))
    desk.take(policy(version=2))
    assert "offered" in desk.feed(scored("p2", by="bob")).types


def test_nobody_picks_from_a_queue_that_is_shut() -> None:
    hours = {"name": "hours", "zone": "UTC", "week": {"thu": ["00:10-00:20"]}}
    data = _pulled().model_dump(mode="json") | {"calendars": [hours]}
    data["queues"][0]["calendar"] = "hours"
    desk = Desk(Policy.model_validate(data))
    [queued] = desk.feed(signed_in(), scored("p1")).events
    assert _pick(desk, queued.case_id).steps == [("request_refused", "not_waiting")]
    assert _pick(desk.after(600.001), queued.case_id).steps == [("assigned", "picked")]
