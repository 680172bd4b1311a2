"""Judges one head of a model on labelled posts.

A `TextModel` and labelled posts become an `Evaluation`. Engines, files and tables are the caller's.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.enrich.text.normalise import normalise
from pipeline.errors import Misconfigured
from pipeline.evaluation.bootstrap import Interval, intervals
from pipeline.evaluation.heads import Head
from pipeline.evaluation.labelled import LabelledPost
from pipeline.evaluation.scores import Scores, scores_of, slices_of
from pipeline.ports.models import TextModel, TextScores

CHUNK = 512
"""So many texts go into one call, enough for the engine to sort by length and few enough to show progress."""
_SECONDS_BETWEEN_LINES = 5.0
_PROBE = "the train is late"
"""Every model can read this text, so a head that is absent from its answer is absent from the model."""

Report = Callable[[str], None]


@dataclass(frozen=True)
class Evaluation:
    """Says how well a model reads one head.

    Args:
        head: the head that was judged.
        model: id and revision of the model.
        whole: the measures of all posts.
        intervals: 95 % bootstrap intervals of macro_recall, macro_f1 and auc.
        slices: maps `length`, and `source` if the file states any, to the measures of each slice.
        posts_per_s: the rate of the engine, without normalising and measuring.
    """

    head: Head
    model: str
    whole: Scores
    intervals: Mapping[str, Interval | None]
    slices: Mapping[str, Mapping[str, Scores]]
    posts_per_s: float


def evaluate(model: TextModel, head: Head, posts: Sequence[LabelledPost], report: Report) -> Evaluation:
    """Scores the posts as the enrich stage does, and measures the answers.

    Args:
        model: a model that is warmed up.
        head: which of its answers counts.
        posts: at least one.
        report: takes progress, and what a reader of the numbers must know.

    Raises:
        Misconfigured: the model has no such head, or its answers are no probabilities.
        Transient: the engine failed.
    """
    head.require(model.score([_PROBE])[0], model.name)
    # The model was trained on normalised texts, and any other form would measure something else.
    texts = [normalise(post.text) for post in posts]
    labels = np.array([post.label for post in posts], dtype=np.int64)
    for warning in _warnings(texts, labels.tolist(), head):
        report(warning)
    scores, seconds = _score(model, texts, report)
    probability = head.probabilities(scores)
    # NaN fails this comparison too. A test for numbers outside the range would let it pass.
    if not ((probability >= 0) & (probability <= 1)).all():
        raise Misconfigured(f"the model {model.name} answers {head.name} with numbers that are no probabilities")
    return Evaluation(
        head=head,
        model=model.name,
        whole=scores_of(probability, labels),
        intervals=intervals(probability, labels),
        slices=slices_of(posts, probability, labels),
        posts_per_s=len(posts) / max(seconds, 1e-9),
    )


def _score(model: TextModel, texts: Sequence[str], report: Report) -> tuple[list[TextScores], float]:
    scores: list[TextScores] = []
    started = shown = time.perf_counter()
    for start in range(0, len(texts), CHUNK):
        chunk = texts[start : start + CHUNK]
        answers = model.score(chunk)
        if len(answers) != len(chunk):
            raise Misconfigured(f"the model {model.name} answered {len(answers)} of {len(chunk)} texts")
        scores += answers
        now = time.perf_counter()
        if now - shown >= _SECONDS_BETWEEN_LINES:
            shown = now
            report(
                f"{len(scores):,} of {len(texts):,} posts scored, {len(scores) / (now - started):,.0f} a second"
            )
    return scores, time.perf_counter() - started


def _warnings(texts: Sequence[str], labels: Sequence[int], head: Head) -> list[str]:
    warnings = []
    missing = [label for number, label in enumerate(head.labels) if number not in set(labels)]
    if missing:
        warnings.append(
            f"no post is labelled {' or '.join(missing)}: macro means are over the classes that are there"
        )
    if len(head.labels) - len(missing) == 1:
        warnings.append("all posts have the same label: there is no AUC")
    silent = sum(not text for text in texts)
    if silent:
        taken_as = "no" if head.binary else "neutral"
        warnings.append(f"posts without anything to read: {silent:,}; they count as {taken_as}, as in the service")
    return warnings
