"""Makes what the bench of the router feeds to every candidate: a policy, and scored posts with holes in them.

The posts are those of the scenario, scored by the real scoring, with all signals but those that only the model can
give. Queue, skills and priority are dealt out evenly, so that cases of nine kinds wait for reps of many kinds.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import NamedTuple

from pipeline.adapters.models.fasttext import FastTextLanguages
from pipeline.bench.route.traffic import AUTHOR_HOLE, NUMBER_HOLE, PRIORITY_HOLE
from pipeline.bench.sample import WORKSPACE, distinct_posts
from pipeline.clock import to_ms
from pipeline.enrich.reading.reading import Languages
from pipeline.enrich.received import ReceivedPost
from pipeline.enrich.score import Scorer
from pipeline.errors import Permanent
from pipeline.ports.models import TextScores
from schemas.base import SourcePosition
from schemas.policy.policy import Brand, ListeningTopic, Policy
from schemas.policy.queues import Queue
from schemas.policy.rules import TriageRule
from schemas.posts.raw import PostMetrics
from schemas.posts.scored import Reason, ScoredPost, Triage
from schemas.posts.signals import Intent
from schemas.topics import RAW

NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""The same in each run, as the inputs are."""


class Demand(NamedTuple):
    """A kind of case: where it waits and what its rep must know."""

    queue: str
    skills: tuple[str, ...]


DEMANDS = (
    Demand("care", ()), Demand("care", ("es",)), Demand("care", ("fr",)), Demand("billing", ()),
    Demand("billing", ("de",)), Demand("network", ("tech",)), Demand("network", ("es", "tech")),
    Demand("engage", ()), Demand("fans", ("fr",)),
)  # fmt: skip
POLICY = Policy(
    workspace=WORKSPACE,
    version=1,
    brand=Brand(name="Acme"),
    queues=(
        Queue(name="care", team="care"),
        Queue(name="billing", team="care"),
        Queue(name="network", team="care"),
        Queue(name="engage", team="social"),
        Queue(name="fans", team="social"),
    ),
    rules=(TriageRule(name="rest", action="respond", queue="care"),),
    topics=(
        ListeningTopic(name="acme", kind="brand", any=("acme", "acmetelecom", "acmecare")),
        ListeningTopic(name="network", any=("internet", "router", "signal", "outage", "fiber", "5g")),
        ListeningTopic(name="billing", any=("bill", "refund", "charged", "invoice", "fee")),
    ),
)


def post_templates(count: int) -> list[bytes]:
    """Returns so many scored posts as JSON, with the holes that `Traffic` fills."""
    sample = distinct_posts(count, NOW)
    source = SourcePosition(topic=RAW.name, partition=0, offset=0)
    received = [ReceivedPost(post, source, to_ms(post.created_at)) for post in sample]
    scorer = Scorer(_VariedModel(), 86_400, "processing", Languages(FastTextLanguages(), frozenset({"en"})))
    scored = scorer.score(received, {WORKSPACE: POLICY})
    return [_template(number, post) for number, post in enumerate(scored) if not isinstance(post, Permanent)]


def _template(number: int, post: ScoredPost) -> bytes:
    demand = DEMANDS[number % len(DEMANDS)]
    triage = Triage(
        action="respond",
        queue=demand.queue,
        skills=demand.skills,
        priority=PRIORITY_HOLE,
        reasons=(
            Reason(code="rule", detail="complaint"),
            Reason(code="severity", detail="0.71 of 1", weight=0.4712),
            Reason(code="urgency", detail="0.50 of 1", weight=0.4308),
            Reason(code="influence", detail="at least 22.4 of 100", weight=0.0925),
        ),
        policy_version=POLICY.version,
    )
    author = post.author.model_copy(update={"author_id": f"chirp:{AUTHOR_HOLE}", "handle": f"user{AUTHOR_HOLE}"})
    filled = post.model_copy(
        update={
            "post_id": f"chirp:{NUMBER_HOLE}",
            "platform": "chirp",
            "url": f"https://chirp.example/status/{NUMBER_HOLE}",
            "author": author,
            "in_reply_to": None,
            "quote_of": None,
            "repost_of": None,
            # All posts of a template have its words. They would be copies of one case.
            "cluster": None,
            "own": False,
            "deleted": False,
            "revision": 0,
            "intent": Intent(name="complaint", confidence=0.8085),
            "metrics": PostMetrics(likes=number, reposts=2, replies=3, views=100 * number),
            "triage": triage,
            "source": post.source.model_copy(update={"offset": NUMBER_HOLE}),
        }
    )
    return filled.model_dump_json(exclude_none=True).encode()


class _VariedModel:
    """This is a model whose answers cost nothing and differ from text to text."""

    name = "canned"

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        return [_scores(Random(text)) for text in texts]  # noqa: S311 it hides no secret


def _scores(chance: Random) -> TextScores:
    negative = round(chance.uniform(0.3, 0.9), 4)
    neutral = round((1 - negative) * chance.random(), 4)
    return TextScores(
        negative, neutral, round(1 - negative - neutral, 4), round(chance.random(), 4), round(chance.random(), 4)
    )
