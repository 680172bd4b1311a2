"""What the readers of Kafka do with a message: turn it into a record, and notice the end of its partition."""

from collections.abc import Mapping

from confluent_kafka import KafkaError, Message

from pipeline.ports.records import InputRecord


def input_record(message: Message) -> InputRecord:
    """Returns a message without an error as a record."""
    return InputRecord(
        message.topic(),
        message.partition(),
        message.offset(),
        message.key(),
        message.value(),
        message.timestamp()[1],
    )


def error_of(message: Message) -> KafkaError | None:
    """Returns the error that a message stands for; None for a record and for the end of a partition."""
    error = message.error()
    return None if error is None or error.code() == KafkaError._PARTITION_EOF else error


_FATAL = (KafkaError._FATAL, KafkaError.FENCED_INSTANCE_ID)


def is_fatal(error: KafkaError) -> bool:
    """Whether the client will never work again, so that only a new process can go on.

    The flag of librdkafka is not enough, because an error loses it on its way into a message or a delivery report,
    and only the code is left. A broker that restarts while a static member joins may fence that very member, which
    then reads nothing for ever and sees the code alone.
    """
    return bool(error.fatal()) or error.code() in _FATAL


class Remainder:
    """The part of one topic that is still to be read, up to ends that were asked beforehand.

    It is true while there is such a part.

    Args:
        low: partition to the offset that reading begins at.
        ends: partition to its end, markers of transactions included. None: the end that the brokers report first.
    """

    def __init__(self, low: Mapping[int, int], ends: Mapping[int, int | None]) -> None:
        self._ends = ends
        self.partitions = {number for number, end in ends.items() if end is None or low[number] < end}

    def __bool__(self) -> bool:
        return bool(self.partitions)

    def pass_by(self, message: Message) -> bool:
        """Notes how far a message without an error brings its partition; True for a record below the end."""
        partition, end = message.partition(), self._ends[message.partition()]
        is_record = message.error() is None
        if end is None:
            if not is_record:
                self.partitions.discard(partition)
            return is_record
        # Markers and aborted records never arrive as messages, so the last offset below the end may never come.
        # The end-of-partition event tells then: it stands at the next offset, behind them. Where that offset is
        # below the end, a transaction is still open and reading must go on.
        if message.offset() + is_record >= end:
            self.partitions.discard(partition)
        return is_record and message.offset() < end
