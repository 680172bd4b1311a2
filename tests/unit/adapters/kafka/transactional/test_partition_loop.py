"""What a transaction hands out is not committed long after it was decided, and brokers say when it was written."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import Mock

import pytest
from confluent_kafka import KafkaError, KafkaException

from pipeline.adapters.kafka.transactional.partition_loop import PartitionLoop
from pipeline.errors import MustRestart
from pipeline.loop.broker_time import Receipt
from pipeline.loop.live_edge import LIVE_MS
from pipeline.loop.now import NOW_KEY
from pipeline.loop.spec import Moment, StageSpec
from pipeline.ports.decider import Decisions
from pipeline.ports.records import Record

SPEC = StageSpec("test", ("a",), "state", "journal")
BEGAN = Moment(0, 10_000)


class FakeProducer:
    """A client that sends what it was given when it is told to deliver, for which it takes a while."""

    def __init__(self, delivery_ms: int) -> None:
        self.at = BEGAN
        self.done: list[str] = []
        self._delivery_ms = delivery_ms
        self._reports: list[Callable[[], None]] = []

    def in_doubt(self) -> bool:
        return False

    def begin(self) -> None:
        self.at = Moment(0, self.at.monotonic_ms + 1)

    def produce(self, record: Record, _: int = -1, on_fate: Callable[[None, Any], None] | None = None) -> None:
        # After a transaction was undone the fate of each record is asked for.
        if on_fate is not None and record.key == NOW_KEY:
            message = Mock(offset=lambda: 7, timestamp=lambda: (2, 500))
            self._reports.append(lambda: on_fate(None, message))

    def send_positions(self, *_: object) -> None:
        pass

    def deliver(self) -> None:
        self.at = Moment(0, self.at.monotonic_ms + self._delivery_ms)
        for report in self._reports:
            report()

    def commit(self) -> None:
        self.done.append("commit")

    def abort(self) -> None:
        self.done.append("abort")


class BrokenProducer(FakeProducer):
    """A client that takes records of one topic with an error."""

    def __init__(self, topic: str, code: int, *, can_abort: bool = True) -> None:
        super().__init__(0)
        self._topic, self._error, self._can_abort = topic, KafkaException(KafkaError(code)), can_abort

    def produce(self, record: Record, _: int = -1, on_fate: Callable[[None, Any], None] | None = None) -> None:
        if record.topic == self._topic:
            raise self._error

    def abort(self) -> None:
        if not self._can_abort:
            raise self._error
        super().abort()


def run(producer: FakeProducer, *, suspicious: bool = False, live: bool = True) -> Mock:
    """Runs a transaction that hands one record out. Returns the driver, which remembers its calls."""
    decisions = Decisions([Record("out", b"k", b"v")])
    journal = Mock(outputs=1, live=live, edge_limit=None)
    journal.model_dump_json.return_value = "{}"
    driver = Mock(setbacks=Mock(suspicious=suspicious))
    driver.buffers.positions.return_value = {"a": 3}
    driver.decide.return_value = SimpleNamespace(
        decisions=decisions, policies=(), dead_letters=(), now_value=b"1 1 processing", journal=journal,
        records=(), timers=0, now_ms=1,
    )  # fmt: skip
    loop = PartitionLoop(SPEC, 0, cast(Any, producer), driver, Mock(), lambda: producer.at)
    loop.restored = True
    loop.run(None)
    return driver


def test_what_the_brokers_get_too_late_is_undone_and_decided_again() -> None:
    """Where the process stands still before its client has sent it, for longer than offers may lie."""
    producer = FakeProducer(LIVE_MS + 1)
    driver = run(producer)
    assert producer.done == ["abort"]
    assert not driver.commit.called
    assert driver.abort.called


@pytest.mark.parametrize("case", [{"suspicious": True}, {"live": False}])
def test_a_second_try_and_what_hands_nothing_out_are_committed_whatever_they_take(case: dict[str, bool]) -> None:
    producer = FakeProducer(LIVE_MS + 1)
    run(producer, **case)
    assert producer.done == ["commit"]


def test_the_driver_is_told_when_the_client_got_the_record_and_when_it_said_that_it_was_written() -> None:
    driver = run(FakeProducer(1_000))
    [(_, receipt)] = [call.args for call in driver.commit.call_args_list]
    assert receipt == Receipt(500, Moment(0, 10_001), Moment(0, 11_001))


@pytest.mark.parametrize("topic", ["out", "state", "journal"])
def test_a_refusal_that_comes_while_records_are_handed_over_undoes_the_transaction(topic: str) -> None:
    producer = BrokenProducer(topic, KafkaError._STATE)
    driver = run(producer)
    assert producer.done == ["abort"]
    assert driver.abort.called


@pytest.mark.parametrize(("code", "can_abort"), [(KafkaError._STATE, False), (KafkaError._FENCED, True)])
def test_a_client_that_is_broken_or_fenced_ends_the_process(code: int, can_abort: bool) -> None:
    with pytest.raises(MustRestart):
        run(BrokenProducer("out", code, can_abort=can_abort))
