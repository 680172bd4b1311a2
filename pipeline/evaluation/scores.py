"""Computes all measures of one set of posts, and of its slices by length and by source.

Labelled posts and the probabilities that a model gave them become `Scores`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.evaluation.labelled import LabelledPost
from pipeline.evaluation.measures import (
    Floats,
    Labels,
    class_recalls,
    confusion_matrix,
    expected_calibration_error,
    guesses,
    macro_auc,
    macro_f1,
    macro_recall,
)

LENGTHS = ((40, "<=40"), (80, "41-80"), (140, "81-140"), (280, "141-280"))
"""Pairs the longest text of a slice, in characters as written, with the name of the slice."""
LONGER = ">280"
NO_SOURCE = "(none)"
"""Names the slice of the posts without a source, in a file where others have one."""


@dataclass(frozen=True)
class Scores:
    """Says how well a set of posts was read. Every measure is between 0 and 1.

    Args:
        n: the number of posts.
        macro_recall, macro_f1: means over the classes that occur.
        auc: None where only one class occurs.
        ece: the expected calibration error of the guessed class.
        recalls: one for each class, None for a class that does not occur.
        confusion: posts by true class and guessed class.
    """

    n: int
    macro_recall: float
    macro_f1: float
    auc: float | None
    ece: float
    recalls: tuple[float | None, ...]
    confusion: tuple[tuple[int, ...], ...]


def scores_of(probability: Floats, labels: Labels) -> Scores:
    """Returns the measures of at least one post."""
    matrix = confusion_matrix(labels, guesses(probability), probability.shape[1])
    return Scores(
        n=len(labels),
        macro_recall=macro_recall(probability, labels),
        macro_f1=macro_f1(probability, labels),
        auc=macro_auc(probability, labels),
        ece=expected_calibration_error(probability, labels),
        recalls=tuple(None if np.isnan(recall) else recall for recall in class_recalls(matrix).tolist()),
        confusion=tuple(tuple(int(count) for count in row) for row in matrix),
    )


def slices_of(
    posts: Sequence[LabelledPost], probability: Floats, labels: Labels
) -> Mapping[str, Mapping[str, Scores]]:
    """Returns scores by slice.

    The slices of `length` come shortest first. Those of `source` come largest first, if the file states any.
    """
    order = [*(name for _, name in LENGTHS), LONGER]
    by_length = _split(posts, lambda post: length_slice(post.text))
    slices = {"length": {name: by_length[name] for name in order if name in by_length}}
    if any(post.source is not None for post in posts):
        by_source = _split(posts, lambda post: post.source or NO_SOURCE)
        slices["source"] = dict(sorted(by_source.items(), key=lambda item: (-len(item[1]), item[0])))
    return {
        kind: {name: scores_of(probability[indexes], labels[indexes]) for name, indexes in parts.items()}
        for kind, parts in slices.items()
    }


def length_slice(text: str) -> str:
    """Returns the slice of a text by its characters as written."""
    return next((name for longest, name in LENGTHS if len(text) <= longest), LONGER)


def _split(posts: Sequence[LabelledPost], name_of: Callable[[LabelledPost], str]) -> dict[str, NDArray[np.int64]]:
    """Maps the name of each slice to the indexes of its posts."""
    parts: dict[str, list[int]] = {}
    for index, post in enumerate(posts):
        parts.setdefault(name_of(post), []).append(index)
    return {name: np.array(indexes) for name, indexes in parts.items()}
