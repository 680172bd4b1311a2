"""Names the heads that can be judged, with their labels, and gives their probabilities as one matrix.

Labels as a file writes them become class numbers, and a model's `TextScores` become probabilities.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.errors import Misconfigured
from pipeline.evaluation.measures import Floats
from pipeline.ports.models import TextScores


@dataclass(frozen=True)
class Head:
    """Describes one question to the model.

    Args:
        name: the field of `TextScores` for a yes-or-no head.
        labels: the names of the classes in the order of their numbers, which is no, yes for a yes-or-no head.
    """

    name: str
    labels: tuple[str, ...]

    @property
    def binary(self) -> bool:
        """Says whether it is a yes-or-no head."""
        return len(self.labels) == 2

    @property
    def expected(self) -> str:
        """Tells a person what a label may be."""
        plain = " | ".join(reversed(self.labels) if self.binary else self.labels)
        return f"{plain} | 1 | 0 | true | false" if self.binary else plain

    def number(self, label: object) -> int | None:
        """Returns the class of a label as JSON has it, or None for anything else."""
        if not isinstance(label, str | int | float):
            return None
        return self._numbers().get(label)

    def probabilities(self, scores: Sequence[TextScores]) -> Floats:
        """Returns probabilities of shape (posts, classes).

        A yes-or-no head is silent where there was nothing to read, and that counts as a no.
        """
        if not self.binary:
            return np.array([[getattr(answer, label) for label in self.labels] for answer in scores])
        # A silent head gives None, and 0 keeps the matrix free of gaps.
        yes = np.array([getattr(answer, self.name) or 0.0 for answer in scores])
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
        # In Python, true is 1 and 1.0 is 1, and pandas writes a column with gaps as 1.0.
        return named | {0: 0, "0": 0, "false": 0, 1: 1, "1": 1, "true": 1} if self.binary else named


URGENT = Head("urgent", ("not_urgent", "urgent"))
"""Whether somebody must act within about an hour. No head of the text model answers it, but triage does."""
HEADS: Mapping[str, Head] = {
    head.name: head
    for head in (
        Head("sentiment", ("negative", "neutral", "positive")),
        Head("offence", ("not_offensive", "offensive")),
        Head("complaint", ("not_complaint", "complaint")),
    )
}
