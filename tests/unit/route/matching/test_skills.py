"""Skills have levels, and come from the post, the rule and the queue."""

import pytest

from pipeline.route.skills import Need, need_of, words_met
from schemas.policy.policy import Policy
from schemas.posts.scored import SkillNeed
from tests.builders import policy, scored, signed_in
from tests.unit.route.desk_of_one import Desk


def _asking(*skills: object) -> Policy:
    data = policy(version=2).model_dump(mode="json")
    data["queues"][0]["skills"] = list(skills)
    return Policy.model_validate(data)


@pytest.mark.parametrize("word", ["es", "es:3", "es!", "es:5!"])
def test_a_need_has_one_word(word: str) -> None:
    assert need_of(word).word == word


def test_a_skill_meets_every_level_up_to_its_own() -> None:
    assert words_met(("es:3", "fr")) == {"es", "es:2", "es:3", "fr"}
    assert Need("es", 1).word == "es"


def test_only_a_rep_of_the_level_gets_the_case() -> None:
    desk = Desk()
    needs = (SkillNeed(name="es", level=3),)
    answer = desk.feed(
        signed_in("low", skills=("es",), levels={"es": 2}),
        signed_in("other", skills=("fr",), levels={"fr": 5}),
        scored("p1", skills=("es", "fr"), needs=needs),
    )
    assert answer.assignments == []
    [offer] = desk.feed(signed_in("high", skills=("es", "fr"), levels={"es": 4})).assignments
    assert offer.rep_id == "high"
    assert offer.candidates.excluded == {"missing_skill": 2}


def test_a_level_outside_of_the_skills_says_nothing() -> None:
    desk = Desk()
    assert not desk.feed(signed_in(levels={"es": 5}), scored("p1", skills=("es",))).assignments


def test_a_queue_asks_each_of_its_cases_for_its_skills() -> None:
    desk = Desk(_asking("vip", {"name": "es", "level": 2, "required": True}))
    desk.feed(scored("p1"), signed_in("no", skills=("es",), levels={"es": 2}))
    [offer] = desk.feed(signed_in("yes", skills=("es", "vip"), levels={"es": 2})).assignments
    assert offer.rep_id == "yes"


def test_a_skill_that_post_and_queue_ask_for_counts_once() -> None:
    data = policy(version=2).model_dump(mode="json")
    asked = {"name": "es", "level": 2}
    data["queues"][0] |= {"skills": [asked], "rings": [{"after_s": 60, "drop_skills": ["es"]}]}
    desk = Desk(Policy.model_validate(data))
    # Neither has the level that is asked for, so that the one without another case comes first.
    desk.feed(signed_in("near", skills=("es",), levels={"es": 2}), signed_in("far", skills=("es",)))
    desk.feed(scored("p0", by="bob", skills=("es",)))
    need = SkillNeed(name="es", level=3)
    desk.feed(scored("p1", skills=("es",), needs=(need,)))
    [offer] = desk.after(60).tick().assignments
    assert offer.rep_id == "far"


def test_a_new_policy_asks_the_cases_that_wait_already() -> None:
    desk = Desk(_asking("vip"))
    assert desk.feed(scored("p1", by="ann"), signed_in("r1")).assignments == []
    desk.take(_asking())
    [offer] = desk.after(1).feed(scored("p2", by="bob", queue="fans")).assignments
    assert (offer.rep_id, offer.posts[0].post_id) == ("r1", "x:p1")
    desk.take(_asking("vip"))
    assert desk.after(1).feed(scored("p3", by="cid")).assignments == []


def test_skills_with_levels_survive_a_restart() -> None:
    desk = Desk()
    desk.feed(scored("p1", skills=("es",), needs=(SkillNeed(name="es", level=2),)))
    desk.feed(signed_in("low", skills=("es",)))
    desk.restart()
    [offer] = desk.feed(signed_in("high", skills=("es",), levels={"es": 2})).assignments
    assert offer.rep_id == "high"
