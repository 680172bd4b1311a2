"""Batches of like length, in random order.

In: token counts. Out: lists of indices. Never here: tokens, a model.
"""

import random
from collections.abc import Iterator, Sequence


def bucketed_batches(
    lengths: Sequence[int], batch_size: int, shuffle: random.Random, *, bucket_batches: int = 50
) -> Iterator[list[int]]:
    """Yields each index once, in batches of like length and in random order.

    Args:
        lengths: tokens of each example.
        batch_size: indices a batch; the last one of a bucket may be smaller.
        shuffle: source of the order.
        bucket_batches: batches that are sorted together; more waste less padding and mix less.
    """
    order = list(range(len(lengths)))
    shuffle.shuffle(order)
    span = batch_size * bucket_batches
    batches = []
    for start in range(0, len(order), span):
        bucket = sorted(order[start : start + span], key=lambda index: lengths[index])
        batches += [bucket[at : at + batch_size] for at in range(0, len(bucket), batch_size)]
    shuffle.shuffle(batches)
    yield from batches
