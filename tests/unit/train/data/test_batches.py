"""Cutting posts into batches."""

import random

from hypothesis import given
from hypothesis import strategies as st

from pipeline.train.data.batches import bucketed_batches


@given(st.lists(st.integers(1, 128), max_size=300), st.integers(1, 40), st.integers(0, 5))
def test_each_index_comes_once(lengths: list[int], size: int, seed: int) -> None:
    batches = list(bucketed_batches(lengths, size, random.Random(seed), bucket_batches=3))
    assert sorted(at for batch in batches for at in batch) == list(range(len(lengths)))
    assert all(len(batch) <= size for batch in batches)


def test_a_batch_holds_posts_of_like_length() -> None:
    draw = random.Random(1)
    lengths = [draw.randint(1, 100) for _ in range(1600)]
    spans = [
        max(lengths[at] for at in batch) - min(lengths[at] for at in batch)
        for batch in bucketed_batches(lengths, 16, random.Random(2))
    ]
    assert max(spans) < 20


def test_two_seeds_give_two_orders() -> None:
    first, second = (list(bucketed_batches([5] * 64, 8, random.Random(seed))) for seed in (1, 2))
    assert first != second
