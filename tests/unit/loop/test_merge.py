"""The merge of a partition number's inputs: order, waiting, putting back."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.loop.inputs.merge import InputBuffers
from pipeline.ports.records import InputRecord

ALL = 10**9


def record(topic: str, offset: int, time_ms: int) -> InputRecord:
    return InputRecord(topic, 0, offset, b"k", b"v", time_ms)


def buffers() -> InputBuffers:
    made = InputBuffers(("a", "b"), lambda r: r.append_ms)
    for topic in ("a", "b"):
        made.start(topic, 0)
    return made


def test_records_are_taken_by_time_then_topic_then_offset() -> None:
    merged = buffers()
    for item in (record("b", 0, 5), record("a", 0, 5), record("a", 1, 7), record("b", 1, 6)):
        merged.add(item)
    merged.reached_end("a", 2)
    merged.reached_end("b", 2)
    assert [(r.topic, r.offset) for r in merged.take(10, ALL)] == [("a", 0), ("b", 0), ("b", 1), ("a", 1)]


def test_an_input_that_is_not_read_to_its_end_is_awaited() -> None:
    merged = buffers()
    merged.add(record("a", 0, 5))
    assert merged.take(10, ALL) == []
    merged.reached_end("b", 0)
    assert len(merged.take(10, ALL)) == 1


def test_a_new_record_means_that_the_end_is_not_known_any_more() -> None:
    merged = buffers()
    merged.reached_end("a", 0)
    merged.reached_end("b", 0)
    merged.add(record("b", 0, 1))
    assert not merged.drained
    assert len(merged.take(10, ALL)) == 1
    assert not merged.drained, "b had more after its end: its end must be seen again"


def test_positions_are_those_of_the_next_record_to_decide() -> None:
    merged = buffers()
    merged.start("b", 40)
    merged.add(record("a", 3, 1))
    merged.add(record("a", 7, 2))
    merged.reached_end("a", 9)
    merged.reached_end("b", 41)
    assert merged.positions() == {"a": 3, "b": 41}
    merged.take(1, ALL)
    assert merged.positions() == {"a": 7, "b": 41}
    merged.take(1, ALL)
    assert merged.positions() == {"a": 9, "b": 41}, "the end lies behind a transaction marker"


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 50)), max_size=60), st.integers(1, 7))
def test_taking_and_putting_back_loses_doubles_and_reorders_nothing(
    items: list[tuple[str, int]], size: int
) -> None:
    merged = buffers()
    offsets = {"a": 0, "b": 0}
    for topic, time_ms in items:
        merged.add(record(topic, offsets[topic], time_ms))
        offsets[topic] += 1
    for topic in "ab":
        merged.reached_end(topic, offsets[topic])
    seen: list[InputRecord] = []
    while batch := merged.take(size, ALL):
        merged.put_back(batch)
        assert merged.take(size, ALL) == batch
        seen += batch
    assert len(seen) == len(items)
    for topic in "ab":
        assert [r.offset for r in seen if r.topic == topic] == list(range(offsets[topic]))


def test_the_bytes_of_what_is_buffered_are_counted() -> None:
    merged = buffers()
    for offset in range(3):
        merged.add(replace(record("a", offset, 5), value=b"four"))
    merged.add(replace(record("b", 0, 9), value=None))
    assert (merged.size_bytes("a"), merged.size_bytes("b")) == (12, 0)
    taken = merged.take(2, ALL)
    assert merged.size_bytes("a") == 4
    merged.put_back(taken)
    assert merged.size_bytes("a") == 12
    merged.start("a", 0)
    assert merged.size_bytes("a") == 0
