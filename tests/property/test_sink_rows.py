"""However the records are cut, repeated and interrupted, a reader sees the same rows."""

from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.adapters.in_memory.publisher import MemoryPublisher
from pipeline.adapters.in_memory.store import MemoryRows
from pipeline.clock import ManualClock
from pipeline.logs import get_log
from pipeline.metrics import Metrics
from pipeline.ports.records import InputRecord
from pipeline.sink.agent import SinkAgent
from pipeline.sink.batch import FlushLimits, PartitionBuffer
from tests.builders import START_MS, at, scored
from tests.unit.sink.memory import memory_rows
from tests.unit.sink.records import record

Versions = list[tuple[int, int, bool]]
"""Lists post number, revision and deletion. Each entry is one scored record, in log order."""


def log_of(versions: Versions) -> list[InputRecord]:
    """Makes offsets with gaps, as a log with transaction markers has. Append times grow."""
    return [
        record(
            scored(f"p{number}", revision=revision, deleted=deleted, appended_ms=START_MS + index),
            offset=index * 2,
        )
        for index, (number, revision, deleted) in enumerate(versions)
    ]


def expected(versions: Versions) -> set[tuple[str, int]]:
    latest: dict[int, tuple[int, int, bool]] = {}
    for index, (number, revision, deleted) in enumerate(versions):
        latest[number] = max(latest.get(number, (-1, -1, False)), (revision, index, deleted))
    return {(f"x:p{number}", revision) for number, (revision, _, deleted) in latest.items() if not deleted}


def agent_over(rows: MemoryRows) -> SinkAgent:
    return SinkAgent(
        rows, MemoryPublisher(), clock=ManualClock(at()), metrics=Metrics(), log=get_log("sink"), ttl_days=None
    )


def seen(rows: MemoryRows) -> set[tuple[object, object]]:
    final = [(row["post_id"], row["revision"]) for row in rows.final("posts")]
    assert len(final) == len(set(final)), "a post counts once"
    return set(final)


versions_lists = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2), st.booleans()), min_size=1, max_size=25)


steps_lists = st.lists(st.tuples(st.integers(0, 10), st.integers(1, 10)), max_size=12)
"""Draws, for each step, how far a crash throws the reader back and how many records the next batch has."""


@settings(deadline=None)  # a shared core may stall for longer than hypothesis likes
@given(versions_lists, steps_lists)
def test_any_cut_and_any_redelivery_give_the_same_rows(versions: Versions, steps: list[tuple[int, int]]) -> None:
    """Nothing is announced, so batches are cut anew after each crash, and only the row's key and version help."""
    log, rows, token = log_of(versions), memory_rows(), count()
    agent, done = agent_over(rows), 0
    for back, ahead in [*steps, (0, len(log))]:
        start = max(0, done - back)
        done = min(len(log), start + ahead)
        agent.handle(log[start:done], f"cut-{next(token)}")
    assert seen(rows) == expected(versions)


@settings(deadline=None)  # a shared core may stall for longer than hypothesis likes
@given(versions_lists, st.data())
def test_announced_cuts_insert_each_record_once(versions: Versions, data: st.DataObject) -> None:
    """With the announcement, a crash at any point repeats the same batch, so not even a physical double is
    stored.
    """
    log, rows = log_of(versions), memory_rows()
    agent = agent_over(rows)
    committed, announced = 0, None
    while committed < log[-1].offset + 1:
        limits = FlushLimits(rows=data.draw(st.integers(1, 6)), wait_s=1.0)
        lane = PartitionBuffer(committed, announced, limits)
        for item in log:
            if item.offset >= committed:
                lane.add(item, 0.0)
        for _ in range(data.draw(st.integers(1, 4))):
            cut = lane.next_cut(10.0)
            if cut is None:
                break
            committed, announced = cut.start, cut.end
            if data.draw(st.booleans()):
                break  # died before the insert
            agent.handle(cut.records, f"{cut.start}-{cut.end}")
            if data.draw(st.booleans()):
                break  # died after it
            lane.done(10.0)
        else:
            committed, announced = lane.start, None
    stored = rows.stored("posts")
    assert len(stored) == len(log)
    assert seen(rows) == expected(versions)
