"""What the model is told about a batch: its labels, and what the teachers say (extra `torch`).

In: outputs (posts, outputs), labels (posts, heads), teachers' probabilities (posts, outputs). Out: one loss.
Never here: a step.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch.nn import functional as f

from pipeline.evaluation.heads import HEADS
from pipeline.train.data.posts import UNLABELLED
from pipeline.train.fit.head_columns import columns_of


class HeadsLoss:
    """Cross entropy of every head, to labels and teachers, averaged over the posts of the batch.

    A post counts in a head as: its label alone where no teacher speaks, the teacher alone where it has no label,
    else (1 - teacher_share) of the one and teacher_share of the other (Hinton et al. 2015, at temperature 1: the
    folds' probabilities are out-of-fold, hence not over-confident; a finished teacher's are what it is sure of).

    Args:
        heads: the model's heads.
        smoothing: of the labels.
        teacher_share: see above.
        weights: head to weight of its loss, 1 unless given.
        unlabelled_weights: head to weight of a post that only teachers answer, 1 unless given: thousands of
            guesses about other data must not drown a head's own labels.
    """

    def __init__(
        self,
        heads: tuple[str, ...],
        *,
        smoothing: float,
        teacher_share: float,
        weights: Mapping[str, float],
        unlabelled_weights: Mapping[str, float],
    ) -> None:
        self._heads, self._columns = heads, columns_of(heads)
        self._smoothing, self._teacher_share = smoothing, teacher_share
        self._weights, self._unlabelled_weights = weights, unlabelled_weights

    def __call__(self, outputs: Any, labels: Any, teachers: Any) -> Any:
        """The loss; rows of `teachers` that are NaN have no teacher."""
        total = outputs.new_zeros(())
        taught = ~torch.isnan(teachers[:, 0])
        for at, head in enumerate(self._heads):
            columns = self._columns[head]
            target = self._targets(labels[:, at], teachers[:, columns], taught, head)
            unlabelled = taught * self._unlabelled_weights.get(head, 1.0)
            counts = torch.where(labels[:, at] == UNLABELLED, unlabelled, 1.0)
            losses = self._cross_entropy(outputs[:, columns], target, head)
            total = total + self._weights.get(head, 1.0) * (losses * counts).sum() / len(labels)
        return total

    def divergence(self, first: Any, second: Any) -> Any:
        """How far two answers to the same posts are apart: Kullback-Leibler both ways, halved, a post.

        What R-Drop (Liang et al. 2021) adds to the loss. It needs no label: every post counts in every head.
        """
        total = first.new_zeros(())
        for head in self._heads:
            columns = self._columns[head]
            one, other = (_log_probabilities(outputs[:, columns], head) for outputs in (first, second))
            apart = ((one.exp() - other.exp()) * (one - other)).sum(dim=1) / 2
            total = total + self._weights.get(head, 1.0) * apart.mean()
        return total

    def _targets(self, labels: Any, teachers: Any, taught: Any, head: str) -> Any:
        hard = self._smoothed(labels.clamp(min=0), head)
        share = torch.where(labels == UNLABELLED, 1.0, self._teacher_share) * taught
        return share[:, None] * torch.nan_to_num(teachers) + (1 - share)[:, None] * hard

    def _smoothed(self, labels: Any, head: str) -> Any:
        classes = len(HEADS[head].labels)
        smooth = f.one_hot(labels, classes) * (1 - self._smoothing) + self._smoothing / classes
        return smooth[:, 1:] if HEADS[head].binary else smooth

    @staticmethod
    def _cross_entropy(outputs: Any, targets: Any, head: str) -> Any:
        if HEADS[head].binary:
            return f.binary_cross_entropy_with_logits(outputs, targets, reduction="none")[:, 0]
        return -(targets * outputs.log_softmax(dim=1)).sum(dim=1)


def _log_probabilities(outputs: Any, head: str) -> Any:
    if HEADS[head].binary:
        return f.logsigmoid(torch.cat([-outputs, outputs], dim=1))
    return outputs.log_softmax(dim=1)
