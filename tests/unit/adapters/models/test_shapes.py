"""Which lengths rows are padded to, and texts of each of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.models.check.phrases import TEXTS_A_LENGTH, texts_of_every_length
from pipeline.adapters.models.shapes import pad, padded_length, padded_lengths


@given(st.lists(st.lists(st.integers(1, 30_000), min_size=1, max_size=128), min_size=1, max_size=16))
def test_any_rows_are_padded_to_one_of_the_lengths_and_masked_beyond_their_own(rows: list[list[int]]) -> None:
    inputs = pad(rows)
    assert inputs["input_ids"].shape[1] == padded_length(max(map(len, rows)))
    assert inputs["input_ids"].shape[1] in padded_lengths(128)
    for at, row in enumerate(rows):
        assert inputs["input_ids"][at, : len(row)].tolist() == row
        assert inputs["attention_mask"][at].sum() == len(row)
        assert not inputs["input_ids"][at, len(row) :].any()


def words(texts: list[str]) -> list[list[int]]:
    return [[0, *(1 for _ in text.split()), 0] for text in texts]


def pieces(texts: list[str]) -> list[list[int]]:
    """A piece for each three characters of a word: the counts jump."""
    return [[0, *(1 for word in text.split() for _ in range(0, len(word), 3)), 0] for text in texts]


@pytest.mark.parametrize("encode", [words, pieces])
@pytest.mark.parametrize("max_tokens", [8, 9, 32, 128, 512])
def test_there_are_texts_of_every_padded_length_for_any_tokenizer(encode: type, max_tokens: int) -> None:
    texts = texts_of_every_length(encode, max_tokens)
    lengths = [padded_length(len(row)) for row in encode(texts)]
    assert lengths == [length for length in padded_lengths(max_tokens) for _ in range(TEXTS_A_LENGTH)]
    assert max(len(row) for row in encode(texts)) <= max_tokens
    assert texts == texts_of_every_length(encode, max_tokens)
