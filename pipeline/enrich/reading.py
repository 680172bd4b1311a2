"""What one pass of the model reads in a post: which text it sees, and its answer in the contract's form.

In: posts and a `TextModel`. Out: one `Reading` a post, empty where there is nothing to read. Never here:
the model itself.
"""

from collections.abc import Sequence
from typing import NamedTuple, get_args

from pipeline.enrich.normalise import normalise
from pipeline.ports import TextModel, TextScores
from schemas.enrichment import Sentiment, SentimentLabel, SentimentProbabilities
from schemas.post import PostBody

DECIMALS = 4
"""Three rounded probabilities are then at most 1.5e-4 away from 1 together; the contract allows 1e-3."""
_LABELS: tuple[SentimentLabel, ...] = get_args(SentimentLabel)


class Reading(NamedTuple):
    """The answers of all heads about one post; None where there is no text, or the model has no such head."""

    sentiment: Sentiment | None = None
    offence: float | None = None
    """Calibrated probability that the text is offensive, rounded."""
    complaint: float | None = None
    """Calibrated probability that it is about a problem that somebody should solve, rounded."""


NOTHING = Reading()
"""The reading of a post without readable text."""


def readable_text(post: PostBody) -> str:
    """Title and text as the model reads them; empty when nothing is left to read."""
    return normalise("\n".join(part for part in (post.title, post.text) if part))


def read_posts(posts: Sequence[PostBody], model: TextModel) -> list[Reading]:
    """The reading of each post, in order; `NOTHING` for a post without readable text.

    Raises:
        Transient: the engine failed.
        ValueError: the engine's answer has another length, or is no probability (distribution).
    """
    texts = [readable_text(post) for post in posts]
    scores = iter(_answers([text for text in texts if text], model))
    return [_reading(next(scores), model.name) if text else NOTHING for text in texts]


def _answers(texts: list[str], model: TextModel) -> list[TextScores]:
    answers = model.score(texts) if texts else []
    if len(answers) != len(texts):
        raise ValueError(f"the model answered {len(answers)} of {len(texts)} texts")
    return answers


def _reading(scores: TextScores, model_name: str) -> Reading:
    label = max(_LABELS, key=lambda name: getattr(scores, name))
    rounded = {name: round(getattr(scores, name), DECIMALS) for name in _LABELS}
    sentiment = Sentiment(label=label, probabilities=SentimentProbabilities(**rounded), model=model_name)
    return Reading(sentiment, _probability("offence", scores.offence), _probability("complaint", scores.complaint))


def _probability(head: str, value: float | None) -> float | None:
    if value is None:
        return None
    # Checked here and not only by the contract: a rule compares it before a ScoredPost is made of it.
    if not 0 <= value <= 1:
        raise ValueError(f"{head}: the model answered {value}, no probability")
    return round(value, DECIMALS)
