"""The shapes that a model is asked in: rows of token ids, padded to few different lengths.

In: rows of token ids. Out: inputs of one inference. Never here: texts, a tokenizer, an engine.
"""

from collections.abc import Sequence

import numpy as np

from pipeline.adapters.models.runner import Inputs

_SHORT_STEP, _LONG_STEP, _LONG = 4, 8, 64
"""Rows are padded to multiples of these, from `_LONG` tokens on of the second. OpenVINO prepares itself for each
shape that it has not seen: 10-15 ms each, and some MB for good. Without the steps a worker took 1.3 GB and spent a
third of its time on small batches with that; with them .75 GB, for 4 % of the rate in large ones (measured)."""


def padded_length(tokens: int) -> int:
    """The length that a row of `tokens` >= 1 is padded to."""
    step = _SHORT_STEP if tokens <= _LONG else _LONG_STEP
    return -(-tokens // step) * step


def padded_lengths(max_tokens: int) -> list[int]:
    """Every length that rows of at most `max_tokens` are padded to, ascending: 24 for 128 tokens."""
    return sorted({padded_length(tokens) for tokens in range(1, max_tokens + 1)})


def pad(rows: Sequence[Sequence[int]]) -> Inputs:
    """The rows as inputs of one inference, padded to the length of the longest."""
    ids = np.zeros((len(rows), padded_length(max(map(len, rows)))), dtype=np.int64)
    mask = np.zeros_like(ids)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = row
        mask[at, : len(row)] = 1
    return {"input_ids": ids, "attention_mask": mask}
