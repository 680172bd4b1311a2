"""Reads one topic as a member of a group that commits by hand, for a reader that may read a record twice."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from pipeline.adapters.kafka.config import consumer_config
from pipeline.adapters.kafka.messages import is_fatal
from pipeline.errors import Misconfigured, MustRestart
from pipeline.logs import Log
from pipeline.settings import KafkaSettings

POLL_RECORDS = 1000


class Arrival(NamedTuple):
    """One record, or the news that a partition has no more of them."""

    partition: int
    offset: int
    value: bytes | None
    is_end: bool
    """No record: the partition is read to its end, which is at `offset`."""


class GroupReader:
    """A member of a consumer group. Not thread-safe.

    Args:
        kafka: resolved.
        group: its name.
        topic: what it reads.
        on_revoked: called with a partition that another member gets, during `poll` or `close`.
        log: takes errors that pass by themselves.
    """

    def __init__(
        self, kafka: KafkaSettings, group: str, topic: str, on_revoked: Callable[[int], None], log: Log
    ) -> None:
        self._topic = topic
        self._on_revoked = on_revoked
        self._log = log
        self._consumer = Consumer(consumer_config(kafka, group))
        self._consumer.subscribe([topic], on_revoke=self._revoked, on_lost=self._revoked)

    def poll(self, wait_s: float) -> Iterator[Arrival]:
        """What has come, after at most `wait_s` seconds.

        Raises:
            Misconfigured: the topic is missing.
            MustRestart: the client is broken for good.
        """
        for message in self._consumer.consume(POLL_RECORDS, wait_s):
            failure = message.error()
            if failure is None or failure.code() == KafkaError._PARTITION_EOF:
                yield _arrival(message, is_end=failure is not None)
            else:
                self._raise(failure)

    def commit(self, offsets: Mapping[int, int]) -> bool:
        """Commits partition to next offset; False while a rebalance is under way, which reads them again."""
        places = [TopicPartition(self._topic, number, offset) for number, offset in offsets.items()]
        try:
            self._consumer.commit(offsets=places, asynchronous=False)
        except KafkaException as error:
            self._log.info("commit_refused", code=error.args[0].name())
            return False
        return True

    def close(self) -> None:
        """Leaves the group."""
        self._consumer.close()

    def _revoked(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        for partition in partitions:
            self._on_revoked(partition.partition)

    def _raise(self, error: KafkaError) -> None:
        if error.code() in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC):
            raise Misconfigured(f"there is no topic {self._topic}: run `earshot topics apply`")
        if is_fatal(error):
            raise MustRestart(error.str())
        self._log.warning("kafka_error", code=error.name(), detail=error.str())


def _arrival(message: Message, *, is_end: bool) -> Arrival:
    partition, offset = message.partition(), message.offset()
    assert partition is not None
    assert offset is not None
    return Arrival(partition, offset, None if is_end else message.value(), is_end)
