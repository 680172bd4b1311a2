"""Batches: nothing lost, similar lengths together, tokenised as they are taken."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.models.batches import FIRST_CHUNK, LATER_CHUNKS, cut, head_and_tail


def words(texts: list[str]) -> list[list[int]]:
    return [[1, *(len(word) + 2 for word in text.split()), 2] for text in texts]


@given(st.lists(st.integers(0, 60), max_size=300), st.integers(1, 9))
def test_every_text_is_in_one_batch_with_its_own_row(lengths: list[int], size: int) -> None:
    texts = [" ".join(["x" * (at % 7 + 1)] * length) for at, length in enumerate(lengths)]
    batches = list(cut(texts, words, max_tokens=20, size=size))
    assert sorted(place for batch in batches for place in batch.places) == list(range(len(texts)))
    for batch in batches:
        assert 1 <= len(batch.rows) <= size
        assert batch.rows == [head_and_tail(words([texts[place]])[0], 20) for place in batch.places]
        assert len(batch.rows[0]) == max(map(len, batch.rows))


def test_what_is_left_goes_in_halves_so_that_there_are_few_shapes() -> None:
    batches = list(cut(["x y"] * 45, words, max_tokens=9, size=16))
    assert [len(batch.rows) for batch in batches] == [16, 16, 8, 4, 1]


def test_lengths_within_a_chunk_fall() -> None:
    texts = ["x " * (at * 37 % 50) for at in range(FIRST_CHUNK * 4)]
    lengths = [len(row) for batch in cut(texts, words, max_tokens=100, size=4) for row in batch.rows]
    assert lengths == sorted(lengths, reverse=True)


def test_a_chunk_is_tokenised_only_when_it_is_asked_for() -> None:
    asked: list[int] = []

    def encode(texts: list[str]) -> list[list[int]]:
        asked.append(len(texts))
        return words(texts)

    batches = cut(["x y"] * 100, encode, max_tokens=9, size=2)
    assert asked == []
    for _ in range(FIRST_CHUNK):
        next(batches)
    assert asked == [2 * FIRST_CHUNK]
    next(batches)
    assert asked == [2 * FIRST_CHUNK, 2 * LATER_CHUNKS]
    assert sum(len(batch.rows) for batch in batches) == 100 - 2 * FIRST_CHUNK - 2
    assert sum(asked) == 100


@given(st.lists(st.integers(), min_size=2, max_size=50), st.integers(3, 20))
def test_a_row_keeps_its_ends(row: list[int], limit: int) -> None:
    kept = head_and_tail(row, limit)
    assert len(kept) == min(len(row), limit)
    head = min(len(row), limit // 2)
    assert kept[:head] == row[:head]
    assert kept[head:] == row[len(row) - (len(kept) - head) :]
