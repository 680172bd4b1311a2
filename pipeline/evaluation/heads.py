"""The heads that can be judged: the names of their labels, and their probabilities as one matrix.

In: labels as a file writes them, a model's `TextScores`. Out: class numbers, probabilities. Never here: a file,
a measure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.errors import Misconfigured
from pipeline.evaluation.measures import Floats
from pipeline.ports.models import TextScores


@dataclass(frozen=True)
class Head:
    """One question to the model.

    Args:
        name: as in `TextScores` for a yes-or-no head.
        labels: names of the classes in the order of their numbers; of a yes-or-no head: no, yes.
    """

    name: str
    labels: tuple[str, ...]

    @property
    def binary(self) -> bool:
        """Whether it is a yes-or-no head."""
        return len(self.labels) == 2

    @property
    def expected(self) -> str:
        """What a label may be, for a person."""
        plain = " | ".join(reversed(self.labels) if self.binary else self.labels)
        return f"{plain} | 1 | 0 | true | false" if self.binary else plain

    def number(self, label: object) -> int | None:
        """The class of a label as JSON has it; None for anything else."""
        if not isinstance(label, str | int | float):
            return None
        return self._numbers().get(label)

    def probabilities(self, scores: Sequence[TextScores]) -> Floats:
        """Shape (posts, classes). Where a yes-or-no head is silent there was nothing to read: that is a no."""
        if not self.binary:
            return np.array([[getattr(one, label) for label in self.labels] for one in scores])
        yes = np.array([getattr(one, self.name) or 0.0 for one in scores])
        return np.column_stack((1 - yes, yes))

    def require(self, scores: TextScores, model: str) -> None:
        """Makes sure that a model which gave these scores to a readable text has the head.

        Raises:
            Misconfigured: it has not.
        """
        if self.binary and getattr(scores, self.name) is None:
            raise Misconfigured(f"the model {model} has no head {self.name}: name another one with --model")

    def _numbers(self) -> Mapping[str | int | float, int]:
        named: dict[str | int | float, int] = {label: number for number, label in enumerate(self.labels)}
        # In Python, true is 1 and 1.0 is 1: pandas writes a column with gaps as 1.0.
        return named | {0: 0, "0": 0, "false": 0, 1: 1, "1": 1, "true": 1} if self.binary else named


HEADS: Mapping[str, Head] = {
    head.name: head
    for head in (
        Head("sentiment", ("negative", "neutral", "positive")),
        Head("offence", ("not_offensive", "offensive")),
        Head("complaint", ("not_complaint", "complaint")),
    )
}
