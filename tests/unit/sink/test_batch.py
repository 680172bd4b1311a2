"""Cutting a partition into batches."""

from pipeline.ports.records import InputRecord
from pipeline.sink.batch import FlushLimits, PartitionBuffer

LIMITS = FlushLimits(rows=3, wait_s=1.0, size_bytes=100)


def buffer(start: int = 0, announced_end: int | None = None) -> PartitionBuffer:
    return PartitionBuffer(start, announced_end, LIMITS)


def rec(offset: int, value: bytes = b"v") -> InputRecord:
    return InputRecord("posts.scored", 0, offset, None, value, 0)


def fill(lane: PartitionBuffer, *offsets: int, now_s: float = 0.0) -> None:
    for offset in offsets:
        lane.add(rec(offset), now_s)


def test_nothing_is_due_without_records() -> None:
    lane = buffer()
    assert lane.due_in_s(100.0) is None
    assert lane.next_cut(100.0) is None


def test_a_full_batch_is_cut_at_once() -> None:
    lane = buffer()
    fill(lane, 0, 1, 2, 3)
    cut = lane.next_cut(0.0)
    assert cut is not None
    assert (cut.start, cut.end, [r.offset for r in cut.records]) == (0, 3, [0, 1, 2])


def test_a_small_batch_waits_for_company_no_longer_than_the_limit() -> None:
    lane = buffer()
    fill(lane, 0, now_s=10.0)
    assert lane.due_in_s(10.25) == 0.75
    assert lane.next_cut(10.25) is None
    cut = lane.next_cut(11.0)
    assert cut is not None
    assert cut.end == 1


def test_bytes_fill_a_batch_and_one_huge_record_is_a_batch() -> None:
    lane = buffer()
    lane.add(rec(0, b"x" * 60), 0.0)
    lane.add(rec(1, b"x" * 60), 0.0)
    first = lane.next_cut(0.0)
    assert first is not None
    assert first.end == 1
    lane.done(0.0)
    lane.add(rec(2, b"x" * 500), 0.0)
    second = lane.next_cut(0.0)
    assert second is not None
    assert second.end == 2


def test_a_chosen_cut_stays_the_same_until_done() -> None:
    lane = buffer()
    fill(lane, 0, now_s=0.0)
    first = lane.next_cut(1.0)
    fill(lane, 1, 2, 3, now_s=1.0)
    assert lane.next_cut(5.0) is first
    lane.done(5.0)
    assert lane.start == 1
    cut = lane.next_cut(5.0)
    assert cut is not None
    assert (cut.start, cut.end) == (1, 4)


def test_the_announced_end_is_kept_after_a_restart() -> None:
    lane = buffer(start=10, announced_end=15)
    fill(lane, 10, 11, 12, 13)
    assert lane.next_cut(100.0) is None, "neither size nor time may cut elsewhere"
    fill(lane, 14, 15)
    cut = lane.next_cut(100.0)
    assert cut is not None
    assert (cut.start, cut.end, [r.offset for r in cut.records]) == (10, 15, [10, 11, 12, 13, 14])
    lane.done(100.0)
    assert (lane.start, lane.waiting) == (15, 1)


def test_the_announced_end_is_reached_by_a_gap() -> None:
    lane = buffer(start=10, announced_end=15)
    fill(lane, 10)
    lane.passed(16)
    cut = lane.next_cut(0.0)
    assert cut is not None
    assert (cut.end, [r.offset for r in cut.records]) == (15, [10])


def test_an_announced_batch_whose_records_are_all_gone_is_empty() -> None:
    lane = buffer(start=10, announced_end=15)
    fill(lane, 20)
    cut = lane.next_cut(0.0)
    assert cut is not None
    assert (cut.end, cut.records) == (15, ())


def test_markers_between_records_do_not_disturb() -> None:
    lane = buffer()
    fill(lane, 0, 2, 5)
    cut = lane.next_cut(0.0)
    assert cut is not None
    assert (cut.start, cut.end, len(cut.records)) == (0, 6, 3)


def test_reading_stops_while_two_batches_wait() -> None:
    lane = buffer()
    fill(lane, *range(5))
    assert not lane.full
    fill(lane, 5)
    assert lane.full


def test_an_old_announcement_is_ignored() -> None:
    lane = buffer(start=10, announced_end=10)
    fill(lane, 10, now_s=0.0)
    assert lane.due_in_s(0.0) == 1.0


def test_an_announced_batch_that_is_larger_than_the_limits_is_read_whole() -> None:
    lane = buffer(announced_end=20)
    fill(lane, *range(10))
    assert not lane.full
    assert lane.due_in_s(0.0) is None
    fill(lane, *range(10, 20))
    assert lane.due_in_s(0.0) == 0.0


def test_transaction_markers_behind_the_last_record_are_known_to_be_read() -> None:
    lane = buffer(start=100)
    lane.passed(101)
    assert (lane.start, lane.read_to, lane.waiting) == (100, 101, 0), "a lag of 1 for ever would page somebody"
