"""All measures of one set of posts, and of its slices by length and by source.

In: labelled posts and the probabilities that a model gave them. Out: `Scores`. Never here: a model, a file.
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
"""Longest text of a slice, in characters as written, and its name."""
LONGER = ">280"
NO_SOURCE = "(none)"
"""Slice of the posts without a source, in a file where others have one."""


@dataclass(frozen=True)
class Scores:
    """How well a set of posts was read; every number 0..1.

    Args:
        n: posts.
        macro_recall, macro_f1: over the classes that occur.
        auc: None where only one class occurs.
        ece: expected calibration error of the guessed class.
        recalls: of each class, None for one that does not occur.
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
    """The measures of at least one post."""
    matrix = confusion_matrix(labels, guesses(probability), probability.shape[1])
    return Scores(
        n=len(labels),
        macro_recall=macro_recall(probability, labels),
        macro_f1=macro_f1(probability, labels),
        auc=macro_auc(probability, labels),
        ece=expected_calibration_error(probability, labels),
        recalls=tuple(None if np.isnan(one) else one for one in class_recalls(matrix).tolist()),
        confusion=tuple(tuple(int(count) for count in row) for row in matrix),
    )


def slices_of(
    posts: Sequence[LabelledPost], probability: Floats, labels: Labels
) -> Mapping[str, Mapping[str, Scores]]:
    """Scores by slice: of `length`, shortest first, and of `source`, largest first, if the file states any."""
    order = [*(name for _, name in LENGTHS), LONGER]
    by_length = _split(posts, lambda post: length_slice(post.text))
    found = {"length": {name: by_length[name] for name in order if name in by_length}}
    if any(post.source is not None for post in posts):
        by_source = _split(posts, lambda post: post.source or NO_SOURCE)
        found["source"] = dict(sorted(by_source.items(), key=lambda item: (-len(item[1]), item[0])))
    return {
        kind: {name: scores_of(probability[which], labels[which]) for name, which in parts.items()}
        for kind, parts in found.items()
    }


def length_slice(text: str) -> str:
    """The slice of a text by its characters as written."""
    return next((name for longest, name in LENGTHS if len(text) <= longest), LONGER)


def _split(posts: Sequence[LabelledPost], name_of: Callable[[LabelledPost], str]) -> dict[str, NDArray[np.int64]]:
    """Name to the positions of its posts."""
    parts: dict[str, list[int]] = {}
    for at, post in enumerate(posts):
        parts.setdefault(name_of(post), []).append(at)
    return {name: np.array(which) for name, which in parts.items()}
