"""What a poll returns and a delivery report carries, with the methods of confluent's `Message`."""

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, KafkaError

from pipeline.adapters.in_memory.kafka.log import Entry


class SimulatedMessage:
    """A record, or the end of a partition with its error."""

    __slots__ = ("_entry", "_error", "_partition", "_topic")

    def __init__(self, topic: str, partition: int, entry: Entry, error: KafkaError | None = None) -> None:
        self._topic, self._partition, self._entry, self._error = topic, partition, entry, error

    def topic(self) -> str:
        """Returns the topic."""
        return self._topic

    def partition(self) -> int:
        """Returns the number of the partition."""
        return self._partition

    def offset(self) -> int:
        """Returns the offset; at the end of a partition the next one."""
        return self._entry.offset

    def key(self) -> bytes | None:
        """Returns the key."""
        return self._entry.key

    def value(self) -> bytes | None:
        """Returns the value."""
        return self._entry.value

    def headers(self) -> list[tuple[str, bytes]] | None:
        """Returns the headers, or None without any."""
        return list(self._entry.headers) or None

    def timestamp(self) -> tuple[int, int]:
        """Returns the kind of the time, which is the broker's, and the time in milliseconds since the epoch."""
        return TIMESTAMP_LOG_APPEND_TIME, self._entry.append_ms

    def error(self) -> KafkaError | None:
        """Returns None for a record."""
        return self._error


def end_of(topic: str, partition: int, offset: int) -> SimulatedMessage:
    """Returns the event that a reader has come to the end of a partition."""
    entry = Entry(offset, -1, None, None, (), None, 0, marker=False)
    return SimulatedMessage(topic, partition, entry, KafkaError(KafkaError._PARTITION_EOF))


def failed(error: KafkaError) -> SimulatedMessage:
    """Returns an error of the client as a poll returns it."""
    return SimulatedMessage("", -1, Entry(-1001, -1, None, None, (), None, 0, marker=False), error)
