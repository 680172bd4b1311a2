"""Where the reading of a partition ends: at its last record, or at the event that stands behind markers."""

from dataclasses import dataclass

import pytest
from confluent_kafka import KafkaError

from pipeline.adapters.kafka.messages import Remainder, error_of, input_record, is_fatal
from pipeline.ports.records import InputRecord


@dataclass
class FakeMessage:
    """A record, or with an error code what stands in its place."""

    at: int
    number: int = 0
    code: int | None = None

    def topic(self) -> str:
        return "posts.raw"

    def partition(self) -> int:
        return self.number

    def offset(self) -> int:
        return self.at

    def error(self) -> KafkaError | None:
        return None if self.code is None else KafkaError(self.code)

    def key(self) -> bytes:
        return b"k"

    def value(self) -> bytes | None:
        return None

    def timestamp(self) -> tuple[int, int]:
        return 2, 1000


def end(at: int, number: int = 0) -> FakeMessage:
    return FakeMessage(at, number, KafkaError._PARTITION_EOF)


def test_the_last_record_ends_a_partition_and_what_comes_after_it_does_not_count() -> None:
    remainder = Remainder({0: 0, 1: 4}, {0: 2, 1: 4})
    assert remainder.partitions == {0}, "partition 1 is empty"
    assert [remainder.pass_by(FakeMessage(at)) for at in (0, 1, 2)] == [True, True, False]
    assert not remainder


def test_behind_a_marker_the_end_of_partition_event_ends_it_unless_a_transaction_is_open() -> None:
    remainder = Remainder({0: 0}, {0: 5})
    assert remainder.pass_by(FakeMessage(2))
    assert not remainder.pass_by(end(3))
    assert remainder, "a transaction is open at 3: its records are still to come"
    assert not remainder.pass_by(end(5))
    assert not remainder


def test_an_end_that_was_not_asked_is_where_the_brokers_have_no_more() -> None:
    remainder = Remainder({}, {0: None, 1: None})
    assert remainder.pass_by(FakeMessage(7))
    remainder.pass_by(end(8))
    assert remainder.partitions == {1}
    remainder.pass_by(end(0, 1))
    assert not remainder
    assert remainder.pass_by(FakeMessage(8)), "what comes later is a record all the same"


@pytest.mark.parametrize(
    ("message", "code"),
    [(FakeMessage(1), None), (end(1), None), (FakeMessage(1, 0, KafkaError._TRANSPORT), KafkaError._TRANSPORT)],
)
def test_the_end_of_a_partition_is_no_error(message: FakeMessage, code: int | None) -> None:
    error = error_of(message)
    assert (None if error is None else error.code()) == code


def test_a_message_becomes_a_record() -> None:
    assert input_record(FakeMessage(3, 1)) == InputRecord("posts.raw", 1, 3, b"k", None, 1000)


@pytest.mark.parametrize(
    ("code", "fatal"),
    [
        (KafkaError._FATAL, True),
        (KafkaError.FENCED_INSTANCE_ID, True),
        (KafkaError._TRANSPORT, False),
        (KafkaError._ALL_BROKERS_DOWN, False),
        (KafkaError.UNKNOWN_MEMBER_ID, False),
    ],
)
def test_a_fatal_error_is_known_by_its_code_where_its_flag_was_lost(code: int, fatal: bool) -> None:
    error = KafkaError(code)
    assert not error.fatal(), "the flag is lost"
    assert is_fatal(error) == fatal
