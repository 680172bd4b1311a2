"""`HashIndex` tells by all 64 bits whether a hash was added, and when."""

import numpy as np
import pytest

from pipeline.route.state.dedupe.hashes import MINUTES, HashIndex

NOW = 29_453_760
OLDEST = NOW - 20


def test_a_hash_is_held_from_its_minute_on_for_as_long_as_is_asked() -> None:
    index = HashIndex()
    index.add(7, NOW - 5, OLDEST)
    assert index.holds(7, NOW - 5, NOW)
    assert not index.holds(7, NOW - 4, NOW)


@pytest.mark.parametrize("bit", range(64))
def test_hashes_that_differ_in_one_bit_are_different(bit: int) -> None:
    index = HashIndex()
    index.add(0x0123_4567_89AB_CDEF, NOW, OLDEST)
    assert not index.holds(0x0123_4567_89AB_CDEF ^ (1 << bit), OLDEST, NOW)


def test_bytes_across_two_rows_are_no_hash() -> None:
    # The first row ends with the five bytes with which the row of the other hash would begin.
    index, minute = HashIndex(), MINUTES - 1
    index.add(0x1F_FFFF, minute, 0)
    index.add(0, minute, 0)
    rows = index._buckets[0]
    for at in range(1, 8):
        across = int.from_bytes(rows[at : at + 8], "big") >> 19
        assert not index.holds(across, 0, minute)


def test_the_youngest_of_several_rows_of_a_hash_counts() -> None:
    index = HashIndex()
    index.add(7, OLDEST - 30, OLDEST - 40)
    index.add(7, NOW, OLDEST - 40)
    assert index.holds(7, OLDEST, NOW)


def test_rows_too_old_leave_a_bucket_with_its_next_row() -> None:
    index = HashIndex()
    for minute in range(NOW - 40, NOW):
        index.add(minute % 7, minute, minute - 20)
    assert len(index._buckets[0]) == 21 * 8


def test_hashes_added_together_are_held_like_those_added_one_by_one() -> None:
    hashes = np.random.default_rng(7).integers(0, 2**64, 5000, dtype=np.uint64)
    minutes = np.sort(np.random.default_rng(8).integers(OLDEST, NOW, 5000, dtype=np.uint64))
    together, single = HashIndex(), HashIndex()
    together.add_many(hashes, minutes)
    for hash_, minute in zip(hashes.tolist(), minutes.tolist(), strict=True):
        single.add(hash_, minute, OLDEST)
    assert together._buckets == single._buckets


def test_minutes_are_told_apart_across_the_place_where_they_wrap() -> None:
    index, wrap = HashIndex(), MINUTES * 56
    index.add(7, wrap - 1, wrap - 20)
    assert index.holds(7, wrap - 10, wrap + 5)
    assert not index.holds(7, wrap, wrap + 5)
