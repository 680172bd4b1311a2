"""Teams lend their reps to a queue while its rule holds, and no more of them than its share."""

from typing import Any

from schemas.people.casework import CasePicked
from schemas.policy.policy import Policy
from tests.builders import accept, policy, presence, reject, resolve, scored, signed_in, signed_out, tell
from tests.unit.route.desk_of_one import Answer, Desk

SOCIAL = ("social",)


def _policy(*rules: dict[str, Any], **queue: Any) -> Policy:
    data = policy(missed_offers=3).model_dump(mode="json")
    data["queues"][0] |= {
        "borrows": [{"team": "social"} | rule for rule in rules],
        "offer_timeout_s": 3600,
    } | queue
    return Policy.model_validate(data)


def _offers(answer: Answer) -> list[tuple[str, str]]:
    return [
        (said.posts[0].post_id.removeprefix("x:"), said.rep_id)
        for said in answer.assignments
        if said.state == "offered"
    ]


def _posts(desk: Desk, *names: str, **over: Any) -> Answer:
    return desk.feed(*(scored(name, by=name, **over) for name in names))


def test_once_more_cases_wait_than_the_rule_says_another_team_has_them_until_fewer_than_half_do() -> None:
    desk = Desk(_policy({"waiting_over": 4}))
    desk.feed(signed_in("s1", teams=SOCIAL, capacity=10))
    assert _posts(desk, "p1", "p2", "p3", "p4").types == ["queued"] * 4
    answer = _posts(desk, "p5")
    # Two cases are half of four, and one is less.
    assert len(_offers(answer)) == 4
    assert _posts(desk, "p6").types == ["queued"]
    counters = desk.router.counters()
    assert (counters["lending_begun"], counters["lending_ended"]) == (1, 1)


def test_what_the_lent_rep_is_offered_goes_to_the_topics_of_both_teams_and_says_who_lends() -> None:
    desk = Desk(_policy({"waiting_over": 0}))
    desk.feed(signed_in("s1", teams=SOCIAL))
    answer = _posts(desk, "p1")
    assert answer.team_topics == ["assignments.acme.care", "assignments.acme.social"]
    [offer] = answer.assignments
    assert offer.reasons[-1].detail == "the only rep who can take it now; has 0 of 3 cases; lent by team social"
    assert desk.feed(accept(offer.case_id, rep_id="s1")).team_topics == answer.team_topics
    assert desk.feed(resolve(offer.case_id, rep_id="s1")).team_topics == answer.team_topics


def test_a_rule_begins_by_time_alone_and_survives_a_restart() -> None:
    given = _policy({"waiting_over_s": 60})
    desk = Desk(given)
    desk.feed(signed_in("s1", teams=SOCIAL))
    _posts(desk, "p1")
    assert desk.after(60).tick().types == []
    desk.restart(given)
    assert _offers(desk.after(0.001).tick()) == [("p1", "s1")]


def test_what_was_accepted_stays_when_the_rule_ends() -> None:
    desk = Desk(_policy({"waiting_over": 1}))
    desk.feed(signed_in("s1", teams=SOCIAL, capacity=1))
    _posts(desk, "p1")
    [offer] = _posts(desk, "p2").assignments
    desk.feed(accept(offer.case_id, rep_id="s1"))
    answer = desk.feed(signed_in("c1"))
    assert [rep for _, rep in _offers(answer)] == ["c1"]
    assert desk.router.counters()["lending_ended"] == 1
    assert desk.feed(resolve(offer.case_id, rep_id="s1")).types == ["resolved"]


def test_the_lent_reps_take_no_more_than_the_share_of_their_team() -> None:
    desk = Desk(_policy({"waiting_over": 0, "max_share": 0.5}))
    desk.feed(signed_in("s1", teams=SOCIAL, capacity=2), signed_in("s2", teams=SOCIAL, capacity=1))
    answer = _posts(desk, "p1", "p2")
    # Half of three units holds one case.
    assert len(_offers(answer)) == 1
    assert answer.assignments[0].candidates.excluded == {}
    [offer] = answer.assignments
    desk.feed(accept(offer.case_id, rep_id=offer.rep_id))
    assert len(_offers(desk.feed(resolve(offer.case_id, rep_id=offer.rep_id)))) == 1, "there is room again"


def test_more_of_the_team_at_work_means_more_that_it_lends() -> None:
    desk = Desk(_policy({"waiting_over": 0, "max_share": 0.5}))
    desk.feed(signed_in("s1", teams=SOCIAL, capacity=1))
    assert _posts(desk, "p1").types == ["queued"]
    assert _offers(desk.feed(signed_in("s2", teams=SOCIAL, skills=("fr",), capacity=1))) != []


def test_a_rep_who_comes_back_lets_another_of_the_team_take_a_case() -> None:
    desk = Desk(_policy({"waiting_over": 0, "max_share": 0.5}))
    desk.feed(
        signed_in("s1", teams=SOCIAL, skills=("es",), capacity=1),
        signed_in("s2", teams=SOCIAL, capacity=1),
        presence("s2", "away", seq=1),
    )
    assert _posts(desk, "p1", skills=("es",)).types == ["queued"]
    assert _offers(desk.feed(presence("s2", seq=2))) == [("p1", "s1")]


def test_lent_reps_keep_their_own_work_and_take_what_is_more_urgent() -> None:
    desk = Desk(_policy({"waiting_over": 0}))
    _posts(desk, "own", queue="fans", priority=60.0)
    _posts(desk, "care", priority=70.0)
    assert [name for name, _ in _offers(desk.feed(signed_in("s1", teams=SOCIAL, capacity=1)))] == ["care"]


def test_a_rep_of_both_teams_does_not_count_as_lent() -> None:
    desk = Desk(_policy({"waiting_over": 0, "max_share": 0.01}))
    desk.feed(signed_in("b", teams=("care", "social")))
    answer = _posts(desk, "p1")
    assert answer.team_topics == ["assignments.acme.care"]


def test_when_a_team_lends_no_longer_who_has_refused_is_asked_again_at_once() -> None:
    desk = Desk(_policy({"waiting_over": 3}))
    desk.feed(signed_in("busy", teams=SOCIAL, capacity=1))
    _posts(desk, "own", queue="fans")
    desk.feed(signed_in("c1", capacity=2))
    names = [f"p{n}" for n in range(6)]
    offered = {said.posts[0].post_id: said.case_id for said in _posts(desk, *names).assignments}
    desk.feed(reject(offered["x:p0"], rep_id="c1"))
    assert desk.router.counters()["lending_begun"] == 1
    for _ in range(2):
        case_id = desk.router._state.indexes.held("acme", "c1")[0]
        desk.feed(accept(case_id, rep_id="c1"), resolve(case_id, rep_id="c1"))
    # Besides the refused case one waits, which goes to c1 now. The rule ends, and c1 has room for one more.
    answer = desk.feed(signed_in("c1", capacity=4, seq=2))
    assert desk.router.counters()["lending_ended"] == 1
    assert [said.reasons[-1].code for said in answer.assignments][-1] == "route.start_over"


def test_a_policy_without_the_rule_ends_it_at_once() -> None:
    desk = Desk(_policy({"waiting_over": 0}))
    _posts(desk, "p1")
    desk.take(policy(version=2))
    assert desk.feed(signed_in("s1", teams=SOCIAL)).types == []
    desk.take(_policy({"waiting_over": 0}, name="care"))
    assert _offers(_posts(desk, "p2")) != []


def test_a_lent_rep_may_pick_from_a_pull_queue_within_the_share() -> None:
    desk = Desk(_policy({"waiting_over": 0, "max_share": 0.5}, mode="pull"))
    desk.feed(signed_in("s1", teams=SOCIAL, capacity=2))
    one, two = (event.case_id for event in _posts(desk, "p1", "p2").events)
    assert desk.feed(tell(CasePicked, "s1", case_id=one)).steps == [("assigned", "picked")]
    assert desk.feed(tell(CasePicked, "s1", case_id=two)).steps == [("request_refused", "rep_not_free")]


def test_a_lent_rep_who_signs_out_gives_the_offer_back() -> None:
    desk = Desk(_policy({"waiting_over": 0}))
    desk.feed(signed_in("s1", teams=SOCIAL))
    _posts(desk, "p1")
    assert desk.feed(signed_out("s1", seq=1)).types == ["released"]
    assert _offers(desk.feed(signed_in("s2", teams=SOCIAL))) == [("p1", "s2")]
