"""The shipped policy and roster fit the traffic that the generator writes."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline.enrich.listening.topics import topic_matcher
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


def test_every_topic_that_a_rule_asks_for_meets_posts(policy: Policy, posts: list[RawPost]) -> None:
    asked = {topic for rule in policy.rules for topic in rule.when.topic or ()}
    matcher = topic_matcher(policy.topics)
    found = Counter(hit.topic for post in posts for hit in matcher.find(post.title, post.text))
    for topic in asked:
        assert found[topic] >= 15, f"{topic}: {found[topic]} of {len(posts)}"


@pytest.mark.parametrize("topic", ["outage", "billing", "leaving"])
def test_every_language_has_its_words(policy: Policy, posts: list[RawPost], topic: str) -> None:
    matcher = topic_matcher(tuple(one for one in policy.topics if one.name == topic))
    found = {post.lang for post in posts if matcher.find(post.title, post.text)}
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
            asked = {need.name for need in rule.skills}
            able = [rep for rep in reps if queue.team in rep.teams and asked <= set(rep.skills)]
            assert able, rule.name
