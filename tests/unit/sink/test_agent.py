"""The sink's work on one batch, over in-memory twins."""

from collections.abc import Mapping, Sequence

import pytest

from pipeline.adapters.in_memory.publisher import MemoryPublisher
from pipeline.adapters.in_memory.store import MemoryRows
from pipeline.clock import ManualClock
from pipeline.errors import Permanent, Transient
from pipeline.logs import get_log
from pipeline.metrics import Metrics
from pipeline.ports.records import InputRecord
from pipeline.sink.agent import SinkAgent
from schemas.dead_letter import decode_headers
from tests.builders import START_MS, at, scored
from tests.unit.sink.memory import memory_rows
from tests.unit.sink.records import assignment, case_event, record

BAD = InputRecord("posts.scored", 0, 5, b"k", b'{"workspace": "acme", "post', START_MS)

NOW_MS = 6000


class Bench:
    """An agent and everything that it touches."""

    def __init__(self, ttl_days: int | None = None) -> None:
        self.rows: MemoryRows = memory_rows()
        self.publisher = MemoryPublisher()
        self.metrics = Metrics()
        self.agent = SinkAgent(
            self.rows,
            self.publisher,
            clock=ManualClock(at(NOW_MS)),
            metrics=self.metrics,
            log=get_log("sink"),
            ttl_days=ttl_days,
        )

    def sample(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"earshot_{name}", labels)


def test_each_topic_goes_to_its_table() -> None:
    bench = Bench()
    for message in (scored(), case_event(), assignment()):
        bench.agent.handle([record(message)], f"t-{type(message).__name__}")
    assert [len(bench.rows.final(name)) for name in ("posts", "case_events", "assignments")] == [1, 1, 1]
    assert bench.sample("rows_inserted_total", table="posts") == 1
    assert bench.sample("hop_latency_seconds_count", stage="sink") == 3


def test_the_time_in_which_a_case_waits_for_people_is_not_counted_as_the_machine_s() -> None:
    bench = Bench()
    bench.agent.handle([record(scored())], "t0")
    assert bench.sample("end_to_end_latency_seconds_sum", stage="sink") == 6.0
    waited = {"queued_at": at(1000), "decided_at": at(5000)}
    for state in ("offered", "assigned", "released", "closed"):
        bench.agent.handle([record(assignment(state, **waited))], state)
    assert bench.sample("end_to_end_latency_seconds_sum", stage="sink") == 6.0 + 4 * 2.0
    assert bench.sample("case_wait_seconds_sum", until="offered") == 4.0
    assert bench.sample("case_wait_seconds_sum", until="assigned") == 4.0
    assert bench.sample("case_wait_seconds_count", until="released") is None


def test_on_the_event_clock_no_latency_is_negative() -> None:
    bench = Bench()
    bench.agent.handle([record(assignment(queued_at=at(0), decided_at=at(3_600_000)))], "t")
    assert bench.sample("end_to_end_latency_seconds_sum", stage="sink") == 0.0


def test_an_unreadable_record_becomes_a_dead_letter_and_the_rest_is_stored() -> None:
    bench = Bench()
    bench.agent.handle([record(scored("p1"), 4), BAD, record(scored("p2"), 6)], "t")
    assert [row["post_id"] for row in bench.rows.final("posts")] == ["x:p1", "x:p2"]
    [letter] = bench.publisher.delivered
    assert (letter.topic, letter.key, letter.value) == ("posts.scored.dlq", BAD.key, BAD.value)
    info = decode_headers(letter.headers)
    assert (info.stage, info.code, info.source.offset) == ("sink", "invalid_json", BAD.offset)
    assert (info.appended_ms, info.failed_ms) == (BAD.append_ms, START_MS + NOW_MS)
    assert bench.sample("dead_letters_total", stage="sink", code="invalid_json") == 1


def test_a_batch_of_only_unreadable_records_inserts_nothing() -> None:
    bench = Bench()
    bench.agent.handle([BAD], "t")
    assert bench.rows.stored("posts") == []
    assert len(bench.publisher.delivered) == 1


def test_an_unstored_dead_letter_brings_the_whole_batch_back() -> None:
    bench = Bench()
    agent = SinkAgent(
        bench.rows,
        MemoryPublisher(fail_after=0),
        clock=ManualClock(at()),
        metrics=bench.metrics,
        log=get_log("sink"),
        ttl_days=None,
    )
    batch = [record(scored("p1"), 4), BAD]
    with pytest.raises(Transient):
        agent.handle(batch, "t")
    bench.agent.handle(batch, "t")
    assert len(bench.rows.stored("posts")) == 1, "the same token: the rows of the first try are not repeated"


def test_a_store_that_does_not_answer_leaves_no_dead_letter_behind() -> None:
    class Down:
        def insert(
            self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, token: str,
            settings: Mapping[str, object] | None = None,
        ) -> None:  # fmt: skip
            raise Transient("down")

    bench = Bench()
    agent = SinkAgent(
        Down(), bench.publisher, clock=ManualClock(at()), metrics=bench.metrics, log=get_log("sink"), ttl_days=None
    )
    with pytest.raises(Transient):
        agent.handle([record(scored()), BAD], "t")
    assert bench.publisher.delivered == []


def test_posts_older_than_the_keeping_time_are_refused_and_named() -> None:
    bench = Bench(ttl_days=30)
    late_ms = START_MS + 31 * 86_400_000
    bench.agent.handle(
        [record(scored("old"), append_ms=late_ms), record(scored("new", ms=2 * 86_400_000), append_ms=late_ms)],
        "t",
    )
    assert [row["post_id"] for row in bench.rows.final("posts")] == ["x:new"]
    assert [(row["post_id"], row["reason"]) for row in bench.rows.final("refused_posts")] == [("x:old", "ttl")]
    assert bench.sample("posts_refused_total", reason="ttl") == 1


def test_an_unexpected_error_of_the_store_is_not_swallowed() -> None:
    bench = Bench()
    agent = SinkAgent(
        MemoryRows({}),
        bench.publisher,
        clock=ManualClock(at()),
        metrics=bench.metrics,
        log=get_log("sink"),
        ttl_days=None,
    )
    with pytest.raises(Permanent, match="no such table"):
        agent.handle([record(scored())], "t")
