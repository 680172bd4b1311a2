"""Which case goes to which rep."""

import sys

from schemas.cases.case import Assignment
from tests.builders import accept, policy, presence, record, reject, resolve, scored, signed_in, signed_out
from tests.unit.route.desk_of_one import Desk


def _root(assignment: Assignment) -> str:
    return assignment.posts[0].post_id.removeprefix("x:")


def test_a_waiting_case_is_offered_to_a_free_rep_at_once() -> None:
    answer = Desk().feed(scored("p1"), signed_in())
    assert answer.types == ["queued", "offered"]
    [offer] = answer.assignments
    assert (offer.state, offer.reason, offer.rep_id, offer.attempt) == ("offered", "matched", "r1", 1)
    assert offer.expires_at is not None
    assert (offer.expires_at - offer.decided_at).total_seconds() == 120
    assert answer.team_topics == ["assignments.acme.care"]


def test_the_highest_priority_goes_first_then_the_oldest() -> None:
    desk = Desk()
    for name, priority in (("low", 10.0), ("old", 50.0), ("new", 50.0), ("top", 90.0)):
        desk.after(1).feed(scored(name, by=name, priority=priority))
    answer = desk.feed(signed_in(capacity=4))
    assert [_root(a) for a in answer.assignments] == ["top", "old", "new", "low"]


def test_every_nth_pick_of_a_queue_takes_its_oldest_case() -> None:
    desk = Desk(policy(oldest_every=3))
    for n in range(7):
        desk.after(1).feed(scored(f"p{n}", by=f"a{n}", priority=float(n)))
    answer = desk.feed(signed_in(capacity=7))
    assert [_root(a) for a in answer.assignments] == ["p6", "p5", "p0", "p4", "p3", "p1", "p2"]
    assert [r.code for a in answer.assignments for r in a.reasons if r.code == "route.oldest_turn"] == [
        "route.oldest_turn"
    ] * 2


def test_only_reps_of_the_queues_team_with_all_skills_get_the_case() -> None:
    desk = Desk()
    desk.feed(
        signed_in("other-team", teams=("social",), skills=("es", "refund")),
        signed_in("half", skills=("es",)),
        signed_in("both", skills=("es", "refund", "fr")),
    )
    [offer] = desk.feed(scored("p1", skills=("refund", "es"))).assignments
    assert offer.rep_id == "both"
    assert offer.candidates.model_dump(exclude_none=True) == {
        "eligible": 1,
        "present": 2,
        "excluded": {"missing_skill": 1},
        "best": ({"rep_id": "both", "fit": 1.0, "load": 0.0},),
    }


def test_a_case_that_nobody_can_take_does_not_hold_up_the_others() -> None:
    desk = Desk()
    desk.feed(scored("hard", by="ann", skills=("klingon",), priority=99.0), scored("easy", by="bob"))
    assert [_root(a) for a in desk.feed(signed_in()).assignments] == ["easy"]


def test_capacity_counts_offers_and_a_resolved_case_frees_it() -> None:
    desk = Desk()
    answer = desk.feed(signed_in(capacity=1), scored("p1", by="ann"), scored("p2", by="bob"))
    [offer] = answer.assignments
    assert desk.feed(accept(offer.case_id)).types == ["assigned"]
    assert desk.feed(resolve(offer.case_id)).types == ["resolved", "offered"]


def test_the_rep_with_the_lowest_share_of_capacity_in_use_is_chosen() -> None:
    desk = Desk()
    desk.feed(signed_in("small", capacity=2), scored("p1", by="ann"))
    desk.after(1).feed(signed_in("big", capacity=10), scored("p2", by="bob"))
    # small has 1/2, big 1/10: big is busier in no way that counts.
    [offer] = desk.after(1).feed(scored("p3", by="cid")).assignments
    assert offer.rep_id == "big"
    assert offer.reasons[-1].code == "route.lowest_load"
    assert offer.reasons[-1].detail.endswith("has 1 of 10 cases")


def test_at_equal_load_the_rep_longest_without_an_offer_is_chosen() -> None:
    desk = Desk()
    desk.feed(signed_in("r1"), signed_in("r2"))
    chosen = []
    for n in range(4):
        [offer] = desk.after(1).feed(scored(f"p{n}", by=f"a{n}")).assignments
        chosen.append(offer.rep_id)
    assert sorted(chosen[:2]) == ["r1", "r2"]
    assert chosen[2:] == chosen[:2]


def test_equal_reps_share_cases_by_a_hash_not_by_name() -> None:
    first = {
        Desk().feed(signed_in(f"a{n}"), signed_in(f"b{n}"), scored("p1")).assignments[0].rep_id[0]
        for n in range(20)
    }
    assert first == {"a", "b"}


def test_a_rejected_case_goes_to_another_rep_and_keeps_its_age() -> None:
    desk = Desk()
    [first] = desk.feed(signed_in("r1"), scored("p1")).assignments
    desk.after(5).feed(signed_in("r2"))
    answer = desk.after(5).feed(reject(first.case_id))
    assert answer.types == ["rejected", "offered"]
    assert answer.states == [("released", "declined", "r1"), ("offered", "matched", "r2")]
    assert answer.assignments[1].queued_at == first.queued_at
    assert answer.assignments[1].attempt == 2
    assert answer.assignments[1].candidates.excluded == {"refused_before": 1}


def test_a_rep_who_rejected_waits_until_everybody_present_has_refused() -> None:
    desk = Desk()
    desk.feed(signed_in("r1", capacity=2))
    [offer] = desk.feed(scored("p1", by="ann")).assignments
    desk.feed(signed_in("r2", capacity=1))
    [other] = desk.after(1).feed(scored("p2", by="bob")).assignments
    assert other.rep_id == "r2"
    assert desk.feed(reject(offer.case_id)).types == ["rejected"], "r2 is busy, and may still want it"
    answer = desk.feed(presence("r2", "away"))
    [again] = answer.assignments
    assert (again.rep_id, again.attempt) == ("r1", 2)
    assert again.reasons[-1].code == "route.start_over"


def test_a_refusal_lapses_after_half_an_hour_however_busy_the_others_are() -> None:
    desk = Desk()
    [first] = desk.feed(signed_in("busy", capacity=1), scored("p1", by="ann")).assignments
    desk.feed(accept(first.case_id, rep_id="busy"), signed_in("idle", capacity=1))
    [offer] = desk.feed(scored("p2", by="bob")).assignments
    assert desk.feed(reject(offer.case_id, rep_id="idle")).types == ["rejected"], "the busy one may still want it"
    assert desk.after(30 * 60 - 0.001).tick().types == []
    [again] = desk.after(0.001).tick().assignments
    assert (again.rep_id, again.attempt) == ("idle", 2)
    assert again.reasons[-1].code == "route.only_rep", "it does not start over, for the busy one has not refused"


def test_a_case_of_low_priority_in_another_queue_is_served_beside_a_busy_queue() -> None:
    desk = Desk(policy(oldest_every=3))
    desk.feed(signed_in(capacity=1), scored("first", by="first"))
    desk.after(1).feed(scored("low", by="low", queue="billing", priority=1.0))
    roots = []
    for n in range(4):
        [held] = desk.router._state.indexes.held("acme", "r1")
        desk.after(1).feed(scored(f"p{n}", by=f"a{n}", priority=90.0), accept(held, attempt=1))
        roots += [_root(a) for a in desk.feed(resolve(held)).assignments if a.state == "offered"]
    assert roots == ["p0", "low", "p1", "p2"], "one pick in three takes the oldest, whatever its queue"


def test_an_offer_costs_the_same_among_few_and_many_reps_and_cases() -> None:
    few, many = (_calls_of_an_offer(reps, cases) for reps, cases in ((20, 40), (400, 2000)))
    assert many <= few + 5, "only the heads of the classes are looked at"


def _calls_of_an_offer(reps: int, cases: int) -> int:
    """Counts the calls of functions that one resolved case and the offer after it take."""
    desk = Desk(policy(oldest_every=1000))
    offers = desk.feed(
        *(signed_in(f"r{n}", capacity=1) for n in range(reps)), *(scored(f"p{n}", f"a{n}") for n in range(cases))
    ).assignments
    desk.feed(accept(offers[0].case_id, rep_id=offers[0].rep_id))
    raw = record(resolve(offers[0].case_id, rep_id=offers[0].rep_id), desk.offset)
    calls = 0

    def count(*event: object) -> None:
        nonlocal calls
        calls += event[1] in ("call", "c_call")

    sys.setprofile(count)
    try:
        desk.router.decide(raw, desk.now_ms)
    finally:
        sys.setprofile(None)
    assert desk.commit().types == ["resolved", "offered"]
    return calls


def test_the_only_rep_gets_the_case_again_after_rejecting_it() -> None:
    desk = Desk()
    [offer] = desk.feed(signed_in(), scored("p1")).assignments
    assert desk.feed(reject(offer.case_id)).types == ["rejected", "offered"]


def test_a_rep_of_two_teams_gets_the_best_case_of_both() -> None:
    desk = Desk()
    desk.feed(scored("p1", by="ann", priority=40.0), scored("p2", by="bob", queue="fans", priority=60.0))
    [offer] = desk.feed(signed_in(teams=("care", "social"), capacity=1)).assignments
    assert _root(offer) == "p2"
    assert offer.team == "social"


def test_turns_of_the_oldest_in_one_queue_do_not_hold_back_urgent_cases_of_another() -> None:
    desk = Desk(policy(oldest_every=2))
    desk.feed(scored("c0", by="c0", priority=30.0), scored("c1", by="c1", priority=5.0))
    desk.feed(scored("f0", by="f0", queue="fans", priority=20.0), scored("c2", by="c2", priority=80.0))
    answer = desk.feed(signed_in(teams=("care", "social"), capacity=4))
    assert [_root(a) for a in answer.assignments] == ["c2", "c0", "f0", "c1"]


def test_nobody_gets_an_offer_while_away_or_signed_out() -> None:
    desk = Desk()
    desk.feed(signed_in("r1"), presence("r1", "away"), signed_in("r2"), signed_out("r2"))
    assert desk.feed(scored("p1")).types == ["queued"]
    assert desk.feed(presence("r1", "available", seq=2)).types == ["offered"]


def test_assignments_explain_themselves() -> None:
    desk = Desk()
    desk.feed(signed_in("away"), presence("away", "away"), signed_in("r1"))
    [offer] = desk.feed(scored("p1")).assignments
    assert [(reason.code, reason.detail) for reason in offer.reasons] == [
        ("rule.complaint", "rule complaint"),
        ("route.highest_priority", "highest priority of 1 waiting in queue care"),
        ("route.only_rep", "the only rep who can take it now; has 0 of 3 cases"),
    ]
    assert offer.candidates.model_dump(exclude_none=True, exclude={"best"}) == {
        "eligible": 1, "present": 1, "excluded": {"away": 1},
    }  # fmt: skip


def test_a_longer_offer_timeout_counts_from_the_next_offer() -> None:
    desk = Desk()
    desk.feed(scored("p1"))
    queues = tuple(queue.model_copy(update={"offer_timeout_s": 300}) for queue in policy().queues)
    desk.take(policy(version=2, queues=queues))
    [offer] = desk.feed(signed_in()).assignments
    assert offer.expires_at is not None
    assert (offer.expires_at - offer.decided_at).total_seconds() == 300
    assert offer.policy_version == 2


def test_a_case_is_still_offered_when_its_queue_was_withdrawn() -> None:
    desk = Desk()
    desk.feed(scored("p1"))
    desk.take(None)
    assert desk.feed(signed_in()).types == ["offered"]
