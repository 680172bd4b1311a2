"""Cuts examples into batches of like length, in random order.

Token counts become lists of indexes. Tokens and models are not needed.
"""

import random
from collections.abc import Iterator, Sequence


def bucketed_batches(
    lengths: Sequence[int], batch_size: int, shuffle: random.Random, *, bucket_batches: int = 50
) -> Iterator[list[int]]:
    """Yields each index once, in batches of like length and in random order.

    Args:
        lengths: the number of tokens of each example.
        batch_size: indexes in a batch; the last batch of a bucket may be smaller.
        shuffle: the source of the order.
        bucket_batches: batches that are sorted together. More of them waste less padding and mix less.
    """
    order = list(range(len(lengths)))
    shuffle.shuffle(order)
    span = batch_size * bucket_batches
    batches = []
    for start in range(0, len(order), span):
        # Sorting all examples at once would put the same ones together in each epoch, so only buckets are sorted.
        bucket = sorted(order[start : start + span], key=lambda index: lengths[index])
        batches += [bucket[first : first + batch_size] for first in range(0, len(bucket), batch_size)]
    shuffle.shuffle(batches)
    yield from batches
