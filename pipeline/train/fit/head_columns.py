"""Says which outputs of the one linear layer belong to which head.

Names of heads (`pipeline.evaluation.heads.HEADS`) become names and columns of outputs. Sentiment has one output
for each class (softmax). Offence and complaint have one output each (sigmoid), which is named after the yes.
"""

from collections.abc import Sequence

from pipeline.evaluation.heads import HEADS


def output_names(heads: Sequence[str]) -> tuple[str, ...]:
    """Returns the names of the outputs of a model with these heads."""
    return tuple(name for head in heads for name in _outputs(head))


def columns_of(heads: Sequence[str]) -> dict[str, slice]:
    """Maps each head to its columns among the outputs of a model with these heads."""
    columns, start = {}, 0
    for head in heads:
        end = start + len(_outputs(head))
        columns[head], start = slice(start, end), end
    return columns


def _outputs(head: str) -> tuple[str, ...]:
    labels = HEADS[head].labels
    return labels[1:] if HEADS[head].binary else labels
