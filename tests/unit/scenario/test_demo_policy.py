"""The shipped policy and roster fit the traffic that the generator writes."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline.enrich.listening.keywords import FoldedText, RuleKeywords
from pipeline.scenario.crowd.authors import Crowd
from pipeline.scenario.generate import generate
from schemas.people.presence import SignedIn
from schemas.policy.policy import Policy
from schemas.posts.raw import RawPost

START = datetime(2026, 11, 1, tzinfo=UTC)


def document(name: str) -> Any:
    return YAML(typ="safe").load((Path("deploy/policies") / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy.model_validate(document("acme.yaml"))


@pytest.fixture(scope="module")
def posts() -> list[RawPost]:
    return list(generate(7, 3000, START, 24))


def test_the_brand_of_the_policy_is_the_brand_of_the_traffic(policy: Policy) -> None:
    from random import Random

    crowd = Crowd(Random(1), 10, START)
    brand = (*crowd.brand.values(), *crowd.care_team.values())
    own = {f"{person.platform}:{person.handle}" for person in brand}
    assert own == set(policy.brand.handles)


def test_every_keyword_rule_meets_posts_it_is_for(policy: Policy, posts: list[RawPost]) -> None:
    texts = [FoldedText(post.text) for post in posts if post.text]
    for rule in policy.rules:
        if rule.when.any_keyword is not None:
            keywords = RuleKeywords([rule.when.any_keyword])
            hits = sum(len(keywords.hits(text)) for text in texts)
            assert hits >= 15, f"{rule.name}: {hits} of {len(texts)}"


def test_every_language_has_its_outage_words(policy: Policy, posts: list[RawPost]) -> None:
    rule = next(rule for rule in policy.rules if rule.name == "outage")
    assert rule.when.any_keyword is not None
    keywords = RuleKeywords([rule.when.any_keyword])
    found = {post.lang for post in posts if post.text and keywords.hits(FoldedText(post.text))}
    assert found >= {"en", "es", "de", "fr", "pt"}


def test_somebody_at_the_desk_can_take_every_kind_of_case(policy: Policy) -> None:
    desk = document("acme-desk.yaml")
    assert desk["workspace"] == policy.workspace
    reps = [
        SignedIn(workspace="acme", event_id=f"e{n}", seq=0, occurred_at=START, **rep)
        for n, rep in enumerate(desk["reps"])
    ]
    assert len({rep.rep_id for rep in reps}) == len(reps) == 15
    for rule in policy.rules:
        queue = None if rule.queue is None else policy.queue(rule.queue)
        if queue is not None:
            able = [rep for rep in reps if queue.team in rep.teams and set(rule.skills) <= set(rep.skills)]
            assert able, rule.name
