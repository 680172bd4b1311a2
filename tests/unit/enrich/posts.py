"""Posts and policies for the tests of the enrich stage."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pipeline.enrich.facts import Facts, joined
from pipeline.enrich.preparation import Preparation
from pipeline.enrich.reading.reading import Languages
from pipeline.enrich.received import ClockMode, ReceivedPost
from pipeline.enrich.score import Scorer
from pipeline.ports.models import TextModel
from schemas.base import SourcePosition
from schemas.policy.policy import Policy
from schemas.posts.raw import Author, RawPost
from schemas.posts.scored import Influence, ScoredPost, Sentiment, SentimentLabel, SentimentProbabilities

WRITTEN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WRITTEN_MS = 1_795_176_000_000


def raw_post(
    text: str | None = "the app is down", *, author: dict[str, Any] | None = None, **fields: Any
) -> RawPost:
    """A valid post; any field can be given."""
    return RawPost(
        **{
            "workspace": "acme",
            "post_id": "x:1",
            "platform": "x",
            "author": Author(**({"author_id": "x:42"} | (author or {}))),
            "text": text,
            "created_at": WRITTEN,
        }
        | fields
    )


def received(post: RawPost | None = None, *, offset: int = 0, delay_ms: int = 1000) -> ReceivedPost:
    """A post appended `delay_ms` after it was written."""
    return ReceivedPost(
        post or raw_post(), SourcePosition(topic="posts.raw", partition=0, offset=offset), WRITTEN_MS + delay_ms
    )


def policy(*rules: dict[str, Any], version: int = 3, **fields: Any) -> Policy:
    """A policy of workspace acme with a queue `general` and the given rules (default: everything is answered)."""
    everything = {"name": "everything", "action": "respond", "queue": "general"}
    return Policy.model_validate(
        {
            "workspace": "acme",
            "version": version,
            "brand": {"name": "Acme", "handles": ["AcmeCare"], "author_ids": ["x:7"]},
            "queues": [{"name": "general", "team": "care"}, {"name": "urgent", "team": "care"}],
            "rules": list(rules) or [everything],
        }
        | fields
    )


def sentiment(label: SentimentLabel = "negative", probability: float = 0.8) -> Sentiment:
    """A sentiment whose label has that probability; the rest is shared."""
    rest = (1 - probability) / 2
    values = dict.fromkeys(("negative", "neutral", "positive"), rest) | {label: probability}
    return Sentiment(label=label, probabilities=SentimentProbabilities(**values), model="test@0")


def facts_of(post: RawPost, lower_bound: float = 0.0, **more: Any) -> Facts:
    """The facts of a post in whose words there is no signal."""
    return Facts(post, influence(lower_bound), joined(post.title, post.text), **more)


def influence(lower_bound: float = 0.0) -> Influence:
    """An influence with that lower bound."""
    return Influence(score=min(100.0, lower_bound + 8.6), confidence=0.0, lower_bound=lower_bound)


def score_all(
    posts: Sequence[ReceivedPost],
    *,
    model: TextModel,
    policies: Mapping[str, Policy],
    live_within_s: float = 86_400.0,
    clock_mode: ClockMode = "processing",
    languages: Languages | None = None,
    preparation: Preparation | None = None,
) -> list[ScoredPost]:
    """The posts scored, of which none may be refused."""
    scorer = Scorer(model, live_within_s, clock_mode, languages, preparation=preparation or Preparation())
    found = scorer.score(posts, policies)
    scored = [one for one in found if isinstance(one, ScoredPost)]
    assert len(scored) == len(found)
    return scored
