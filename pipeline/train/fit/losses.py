"""Computes what the model is told about a batch from its labels and the teachers' answers. The extra `torch` is
needed.

Outputs (posts, outputs), labels (posts, heads) and the teachers' probabilities (posts, outputs) become one loss.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch.nn import functional as f

from pipeline.evaluation.heads import HEADS
from pipeline.train.data.posts import UNLABELLED
from pipeline.train.fit.head_columns import columns_of


class HeadsLoss:
    """This is the cross entropy of every head to labels and teachers, averaged over the posts of the batch.

    A post counts in a head by its label alone where no teacher answered, and by the teacher alone where it has no
    label. Otherwise the label counts (1 - teacher_share) and the teacher teacher_share (Hinton et al. 2015, at
    temperature 1). The probabilities of the folds are out-of-fold and hence not over-confident. Those of a
    finished teacher are what it is sure of.

    Args:
        heads: the model's heads.
        smoothing: the smoothing of the labels.
        teacher_share: see above.
        weights: maps a head to the weight of its loss, 1 unless given.
        unlabelled_weights: maps a head to the weight of a post that only teachers answer, 1 unless given.
            Thousands of guesses about other data must not drown a head's own labels.
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
        """Returns the loss. Rows of `teachers` that are NaN have no teacher."""
        total = outputs.new_zeros(())
        taught = ~torch.isnan(teachers[:, 0])
        for column, head in enumerate(self._heads):
            columns = self._columns[head]
            target = self._targets(labels[:, column], teachers[:, columns], taught, head)
            unlabelled = taught * self._unlabelled_weights.get(head, 1.0)
            counts = torch.where(labels[:, column] == UNLABELLED, unlabelled, 1.0)
            losses = self._cross_entropy(outputs[:, columns], target, head)
            total = total + self._weights.get(head, 1.0) * (losses * counts).sum() / len(labels)
        return total

    def divergence(self, first: Any, second: Any) -> Any:
        """Returns how far two answers to the same posts are apart.

        It is the Kullback-Leibler divergence in both directions, halved, a post. R-Drop (Liang et al. 2021) adds
        it to the loss. It needs no label, so every post counts in every head.
        """
        total = first.new_zeros(())
        for head in self._heads:
            columns = self._columns[head]
            log_first, log_second = (_log_probabilities(outputs[:, columns], head) for outputs in (first, second))
            # The two directions together leave only this product of differences.
            apart = ((log_first.exp() - log_second.exp()) * (log_first - log_second)).sum(dim=1) / 2
            total = total + self._weights.get(head, 1.0) * apart.mean()
        return total

    def _targets(self, labels: Any, teachers: Any, taught: Any, head: str) -> Any:
        # An absent label is -1 and becomes 0 only to be encodable, because its share below is 0.
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
