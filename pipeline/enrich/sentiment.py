"""How the writer feels: which text the model reads, and its answer in the contract's form.

In: posts and a `SentimentModel`. Out: one `Sentiment` a post, None where there is nothing to read. Never here:
the model itself.
"""

from collections.abc import Sequence
from typing import get_args

from pipeline.enrich.normalise import normalise
from pipeline.ports import SentimentModel, SentimentScores
from schemas.enrichment import Sentiment, SentimentLabel, SentimentProbabilities
from schemas.post import PostBody

DECIMALS = 4
"""Three rounded probabilities are then at most 1.5e-4 away from 1 together; the contract allows 1e-3."""
_LABELS: tuple[SentimentLabel, ...] = get_args(SentimentLabel)


def readable_text(post: PostBody) -> str:
    """Title and text as the model reads them; empty when nothing is left to read."""
    return normalise("\n".join(part for part in (post.title, post.text) if part))


def read_sentiments(posts: Sequence[PostBody], model: SentimentModel) -> list[Sentiment | None]:
    """The sentiment of each post, in order; None for a post without readable text.

    Raises:
        Transient: the engine failed.
        ValueError: the engine's answer has another length, or is no probability distribution.
    """
    texts = [readable_text(post) for post in posts]
    scores = iter(_answers([text for text in texts if text], model))
    return [_sentiment(next(scores), model.name) if text else None for text in texts]


def _answers(texts: list[str], model: SentimentModel) -> list[SentimentScores]:
    answers = model.score(texts) if texts else []
    if len(answers) != len(texts):
        raise ValueError(f"the model answered {len(answers)} of {len(texts)} texts")
    return answers


def _sentiment(scores: SentimentScores, model_name: str) -> Sentiment:
    label = max(_LABELS, key=lambda name: getattr(scores, name))
    rounded = {name: round(getattr(scores, name), DECIMALS) for name in _LABELS}
    return Sentiment(label=label, probabilities=SentimentProbabilities(**rounded), model=model_name)
