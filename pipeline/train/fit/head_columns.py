"""Which outputs of the one linear layer belong to which head.

In: names of heads (`pipeline.evaluation.heads.HEADS`). Out: names and columns of the outputs. Never here: torch.

Sentiment has one output a class (softmax); offence and complaint one output each (sigmoid), named after the yes.
"""

from collections.abc import Sequence

from pipeline.evaluation.heads import HEADS


def output_names(heads: Sequence[str]) -> tuple[str, ...]:
    """Names of the outputs of a model with these heads."""
    return tuple(name for head in heads for name in _outputs(head))


def columns_of(heads: Sequence[str]) -> dict[str, slice]:
    """Head to its columns among the outputs of a model with these heads."""
    columns, start = {}, 0
    for head in heads:
        end = start + len(_outputs(head))
        columns[head], start = slice(start, end), end
    return columns


def _outputs(head: str) -> tuple[str, ...]:
    labels = HEADS[head].labels
    return labels[1:] if HEADS[head].binary else labels
