"""Rings widen the circle of the reps who may take a case, for as long as it waits."""

from typing import Any

from schemas.policy.policy import Policy
from schemas.posts.scored import SkillNeed
from tests.builders import accept, policy, resolve, scored, signed_in, signed_out
from tests.unit.route.desk_of_one import Desk

REQUIRED = SkillNeed(name="law", required=True)


def _ringed(*rings: dict[str, Any]) -> Policy:
    data = policy(version=2).model_dump(mode="json")
    data["queues"][0]["rings"] = list(rings)
    return Policy.model_validate(data)


def test_a_ring_drops_skills_but_never_a_required_one() -> None:
    desk = Desk(_ringed({"after_s": 60, "drop_optional": True}))
    desk.feed(
        scored("p1", by="ann", skills=("es",)),
        scored("p2", by="bob", skills=("es", "law"), needs=(REQUIRED,)),
        signed_in(),
    )
    assert desk.after(59).tick().types == []
    answer = desk.after(1).tick()
    assert sorted(answer.types) == ["offered", "ring_changed", "ring_changed"]
    assert [a.posts[0].post_id for a in answer.assignments] == ["x:p1"]
    assert answer.assignments[0].ring == 1
    assert {event.ring for event in answer.events} == {1}


def test_rings_lower_levels_and_raise_the_priority_one_after_the_other() -> None:
    desk = Desk(
        _ringed({"after_s": 60, "lower_levels": 1}, {"after_s": 90, "lower_levels": 1, "raise_priority": 60})
    )
    need = SkillNeed(name="es", level=3)
    desk.feed(scored("p1", skills=("es",), needs=(need,)), signed_in(skills=("es",)))
    assert desk.after(60).tick().types == ["ring_changed"]
    answer = desk.after(30).tick()
    assert answer.types == ["ring_changed", "offered"]
    assert answer.events[0].priority == 100


def test_a_ring_adds_a_team_whose_own_topic_has_the_offer_too() -> None:
    desk = Desk(_ringed({"after_s": 60, "add_teams": ["social"]}))
    desk.feed(scored("p1"), signed_in("s1", teams=("social",)), signed_in("s2", teams=("social",), skills=("es",)))
    answer = desk.after(60).tick()
    assert answer.team_topics == ["assignments.acme.care", "assignments.acme.social"]
    [offer] = answer.assignments
    assert (offer.candidates.present, offer.candidates.eligible, offer.candidates.excluded) == (2, 2, {})
    assert desk.feed(accept(offer.case_id, rep_id=offer.rep_id)).team_topics == answer.team_topics


def test_who_meets_more_of_the_skills_comes_first() -> None:
    desk = Desk(_ringed({"after_s": 60, "drop_skills": ["es"]}))
    desk.feed(signed_in("busy", skills=("es", "fr"), capacity=1), scored("p0", by="cid", skills=("es",)))
    desk.feed(signed_in("none"), signed_in("some", skills=("fr",)), scored("p1", skills=("es", "fr")))
    [offer] = desk.after(60).tick().assignments[-1:]
    assert offer.rep_id == "some"


def test_a_case_that_somebody_has_reaches_no_ring() -> None:
    desk = Desk(_ringed({"after_s": 60, "raise_priority": 10}))
    desk.feed(scored("p1"), signed_in())
    assert desk.after(61).tick().types == []
    assert desk.feed(signed_out(seq=1)).types == ["released", "ring_changed"]


def test_an_accepted_case_reaches_no_ring_either() -> None:
    desk = Desk(_ringed({"after_s": 60, "raise_priority": 10}))
    [offer] = desk.feed(scored("p1"), signed_in()).assignments
    desk.feed(accept(offer.case_id))
    assert desk.after(61).tick().types == []
    assert desk.feed(resolve(offer.case_id)).types == ["resolved"]


def test_a_new_policy_gives_rings_to_the_cases_that_wait_already() -> None:
    desk = Desk()
    desk.feed(scored("p1", skills=("es",)), signed_in())
    desk.take(_ringed({"after_s": 60, "drop_optional": True}))
    desk.after(1).tick()
    assert "offered" in desk.after(60).tick().types


def test_a_ring_that_a_policy_has_taken_away_comes_to_nothing() -> None:
    desk = Desk(_ringed({"after_s": 60, "lower_levels": 1}))
    # More than are counted anew at once.
    desk.feed(*(scored(f"p{n}", by=f"a{n}") for n in range(250)))
    desk.after(60).take(policy(version=3))
    steps = {step for _ in range(5) for step in desk.after(0.2).tick().steps}
    assert steps <= {("rescheduled", "policy_changed")}
    assert "timers_parked" not in desk.router.counters()


def test_a_ring_and_the_next_one_survive_a_restart() -> None:
    given = _ringed({"after_s": 60, "raise_priority": 1}, {"after_s": 120, "drop_optional": True})
    desk = Desk(given)
    desk.feed(scored("p1", skills=("es",)), signed_in())
    assert desk.after(60).tick().types == ["ring_changed"]
    desk.restart(given)
    assert desk.after(59).tick().types == []
    assert desk.after(1).tick().types == ["ring_changed", "offered"]
