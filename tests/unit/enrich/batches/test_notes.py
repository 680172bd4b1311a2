"""What a worker notes of the batches that it begins, and what the next one makes of it."""

import json
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.batches.events import Place
from pipeline.enrich.batches.notes import MAX_LONE_ATTEMPTS, REPEATED_PART_RECORDS, AttemptNotes


def batch(first: int, end: int, partition: int = 0) -> list[Place]:
    return [(partition, offset) for offset in range(first, end)]


def successor(attempts: AttemptNotes) -> AttemptNotes:
    """What the worker knows that finds the notes of this one."""
    heir = AttemptNotes()
    heir.read(attempts.notes())
    return heir


def test_a_life_without_notes_takes_no_care() -> None:
    attempts = AttemptNotes()
    attempts.read({0: "", 1: "written by a tool", 2: '{"begun": 7}', 3: '{"begun": [[1, 2]]}', 4: "[]"})
    assert not attempts.careful
    assert attempts.part_size((0, 5)) is None


@pytest.mark.parametrize(
    "note",
    [
        '{"begun":[[1e400,2,1,0]]}', '{"begun":[[1e400,2]]}', "[" * 4000, '{"begun":[[0,1000000000000,1,9]]}',
        '{"begun":[[0,1000000000000,2,0]]}', '{"begun":[[0,1,1,4]]}', '{"begun":[[0,1,1,-1]]}',
        '{"begun":[[0,9,9,3]]}',
        '{"begun":[[-1,0,1,3]]}', '{"begun":[[5,5,1,3]]}', '{"begun":[[5,6,0,3]]}',
        '{"begun":[["5","6","1","3"]]}',
        '{"begun":[[true,2,1,3]]}', '{"begun":[[5.0,6,1,3]]}',
        '{"begun":[[9223372036854775807,9223372036854775808,1,3]]}',
        '{"begun":[[5,6,1,3],7]}', '{"begun":{"5":6}}', f'{{"begun":[[5,6,1,{"9" * 5000}]]}}',
    ],
)  # fmt: skip
def test_what_no_notebook_wrote_says_nothing(note: str) -> None:
    attempts = AttemptNotes()
    assert attempts.read({0: note}) == {}
    assert not attempts.careful


_NUMBERS = st.one_of(
    st.integers(0, 20), st.integers(), st.floats(), st.booleans(), st.sampled_from([2**63, 10**12])
)
_JSON = st.recursive(
    st.none() | _NUMBERS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
_ALMOST = st.lists(st.lists(_NUMBERS, min_size=3, max_size=5) | _JSON, max_size=3).map(
    lambda some: {"begun": some}
)


@given(st.text() | (_JSON | _ALMOST).map(json.dumps))
def test_any_note_is_read_and_condemns_at_most_single_records(note: str) -> None:
    attempts = AttemptNotes()
    for span in attempts.read({0: note}).get(0, []):
        assert 0 <= span.first < span.end <= span.first + 16_384
        assert 0 <= span.tries <= MAX_LONE_ATTEMPTS
        assert span.tries == 0 or (span.records, span.end - span.first) == (1, 1)
        assert attempts.part_size((0, span.first)) in (1, REPEATED_PART_RECORDS)
    attempts.begin(batch(0, 1))
    heir = AttemptNotes()
    assert heir.read(attempts.notes()), "it can be written again"


def test_the_note_of_a_batch_goes_with_its_scoring() -> None:
    attempts = AttemptNotes()
    attempts.begin(batch(0, 512))
    assert attempts.notes() == {0: '{"begun": [[0, 512, 512, 0]]}'}
    attempts.done(batch(0, 512))
    assert attempts.notes() == {}


def test_a_large_batch_is_repeated_in_parts_and_a_part_one_by_one() -> None:
    first = AttemptNotes()
    first.begin(batch(0, 512))
    second = successor(first)
    assert [second.part_size((0, offset)) for offset in (0, 511, 512)] == [
        REPEATED_PART_RECORDS,
        REPEATED_PART_RECORDS,
        None,
    ]
    second.begin(batch(0, REPEATED_PART_RECORDS))
    third = successor(second)
    # The rest of the first batch still needs its care.
    assert [
        third.part_size((0, offset)) for offset in (0, REPEATED_PART_RECORDS - 1, REPEATED_PART_RECORDS, 511)
    ] == [1, 1, REPEATED_PART_RECORDS, REPEATED_PART_RECORDS]


def test_a_record_that_was_alone_when_three_workers_ended_is_given_up_and_its_neighbours_are_not() -> None:
    attempts = AttemptNotes()
    attempts.begin(batch(0, 10))
    for life in range(MAX_LONE_ATTEMPTS):
        attempts = successor(attempts)
        for offset in range(4):
            assert attempts.verdict((0, offset)) is None, f"life {life}"
            attempts.begin(batch(offset, offset + 1))
            attempts.count_attempt((0, offset))
            if offset < 3:
                attempts.done(batch(offset, offset + 1))
    attempts = successor(attempts)
    verdict = attempts.verdict((0, 3))
    assert verdict is not None
    assert verdict.code == "stops_worker"
    assert [attempts.verdict((0, offset)) for offset in (2, 4, 9)] == [None] * 3


def test_a_record_beside_another_batch_is_not_alone() -> None:
    attempts = AttemptNotes()
    for _ in range(5):
        attempts = successor(attempts)
        attempts.begin(batch(7, 8))
        attempts.begin(batch(3, 4, partition=1))
    assert successor(attempts).verdict((0, 7)) is None
    assert successor(attempts).verdict((1, 3)) is None


def test_a_record_that_was_only_announced_is_never_given_up() -> None:
    attempts = AttemptNotes()
    for _ in range(10):
        attempts = successor(attempts)
        assert attempts.verdict((0, 7)) is None
        attempts.begin(batch(7, 8))


def test_a_record_that_was_scored_is_not_held_responsible_later() -> None:
    attempts = AttemptNotes()
    attempts.begin(batch(7, 8))
    attempts = successor(attempts)
    attempts.begin(batch(7, 8))
    attempts.count_attempt((0, 7))
    attempts.done(batch(7, 8))
    assert not successor(attempts).careful


def test_after_the_repeated_records_no_care_is_left() -> None:
    attempts = AttemptNotes()
    attempts.begin(batch(0, 100))
    heir = successor(attempts)
    heir.begin(batch(0, 100))
    assert not heir.careful


def lives(
    poison: set[int], kills: Sequence[int], total: int, size: int
) -> Iterator[tuple[AttemptNotes, int, set[int]]]:
    """One worker after another over the offsets of a partition; each ends by poison or by a kill at random."""
    committed, given_up = 0, set()
    notes: dict[int, str] = {}
    chances = iter(kills)
    while committed < total:
        attempts = AttemptNotes()
        attempts.read(notes)
        left = next(chances, 10**9)
        while committed < total:
            most = attempts.part_size((0, committed)) or size
            part = [(0, offset) for offset in range(committed, min(total, committed + most))]
            part = [place for place in part if (attempts.part_size(place) or size) == most]
            verdicts = {offset for _, offset in part if attempts.verdict((0, offset))}
            careful = attempts.part_size(part[0]) is not None
            attempts.begin(part)
            if careful and attempts.is_alone(part) and not verdicts:
                attempts.count_attempt(part[0])
            notes = attempts.notes()
            left -= 1
            if left == 0 or poison & {offset for _, offset in part} - verdicts:
                break
            attempts.done(part)
            given_up |= verdicts
            committed = part[-1][1] + 1
            notes = attempts.notes()
        yield attempts, committed, given_up


@given(
    poison=st.sets(st.integers(0, 299), max_size=4),
    kills=st.lists(st.integers(1, 12), max_size=4),
    size=st.sampled_from([1, 5, 32, 64, 512]),
)
def test_whatever_ends_the_lives_exactly_the_poison_is_given_up(
    poison: set[int], kills: list[int], size: int
) -> None:
    history = list(lives(poison, kills, 300, size))
    _, committed, given_up = history[-1]
    assert committed == 300
    assert given_up >= poison
    # A kill of the same record alone, three times in a row, is the one way for an innocent to be given up.
    assert len(given_up - poison) <= len(kills) // MAX_LONE_ATTEMPTS
    assert len(history) <= 1 + len(kills) + 5 * len(poison)


def test_one_poisonous_post_in_512_costs_five_lives() -> None:
    assert len(list(lives({300}, [], 512, 512))) == 6


def test_a_worker_killed_by_chance_costs_some_small_batches_and_no_post() -> None:
    history = list(lives(set(), [1], 2048, 512))
    assert len(history) == 2
    assert history[-1][2] == set()
