"""People at the demo's desk sort a part of its work, which is neither nothing nor the bulk."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from pipeline.adapters.yaml.policy_file import load_policy
from pipeline.app.offline.score import open_scorer
from pipeline.clock import to_ms
from pipeline.enrich.received import ReceivedPost
from pipeline.scenario.demo.demo import Plan
from pipeline.scenario.generate import generate
from pipeline.settings import load_settings
from schemas.base import SourcePosition
from schemas.posts.scored import NO_WORK

POLICY = Path(__file__).parents[2] / "deploy/policies/acme.yaml"
BATCH = 64


def test_from_5_to_15_percent_of_the_work_of_the_demo_are_doubted() -> None:
    plan, policy, scorer = Plan(seed=1), load_policy(POLICY).value, open_scorer(load_settings())
    assert policy.doubt is not None
    posts = [
        ReceivedPost(post, SourcePosition(topic="posts.raw", partition=0, offset=at), to_ms(post.created_at))
        for at, post in enumerate(generate(plan.seed, plan.posts, datetime(2026, 11, 20, tzinfo=UTC), plan.hours))
    ]
    queues: Counter[str | None] = Counter()
    for first in range(0, len(posts), BATCH):
        for post in scorer.score(posts[first : first + BATCH], {policy.workspace: policy}):
            assert not isinstance(post, Exception)
            queues.update([post.triage.queue] if post.triage.action not in NO_WORK else [])
    assert 0.05 <= queues[policy.doubt.queue] / queues.total() <= 0.15, queues
