"""Reads whole topics up to an end that was asked beforehand, committed records only, and leaves no trace in a
group.

`TopicReader` reads many topics with one client. `read_topic` is the short way to one topic.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from confluent_kafka import Consumer, IsolationLevel, KafkaException, TopicPartition
from confluent_kafka import Message as Message  # what a reader gives out: nobody else need know the client
from confluent_kafka.admin import OffsetSpec

from pipeline.adapters.kafka.config import reader_config
from pipeline.adapters.kafka.messages import Remainder, error_of
from pipeline.adapters.kafka.reach import reach
from pipeline.errors import ServiceMissing, Transient
from pipeline.settings import KafkaSettings

GROUP = "earshot-read"
"""The client needs a name, but never joins the group and never commits."""
TIMEOUT_S = 20.0
SILENCE_S = 60.0
"""Longest time that may pass without a record or an end of a partition."""
BATCH_RECORDS = 5_000
POLL_S = 0.02

T = TypeVar("T")


@dataclass(frozen=True)
class Window:
    """What can be read of one topic.

    Args:
        low: partition to its first offset.
        end: partition to the end of its committed records.
    """

    low: Mapping[int, int]
    end: Mapping[int, int]


class TopicReader:
    """Reads topics, one after another.

    Args:
        kafka: resolved.

    Raises:
        ServiceMissing: no broker answers.
        Misconfigured: the brokers refuse us.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        self._admin = reach(kafka, TIMEOUT_S)
        self._where = f"Kafka at {kafka.bootstrap_servers}"
        # What is prefetched lies in memory beside what the caller keeps; the default would be 64 MiB.
        config = reader_config(kafka, GROUP) | {"queued.max.messages.kbytes": 16_384}
        self._consumer = Consumer(config)
        topics = self._ask(lambda: self._consumer.list_topics(timeout=TIMEOUT_S).topics)
        self.partitions: Mapping[str, Sequence[int]] = {
            name: sorted(topic.partitions) for name, topic in topics.items()
        }
        """Topics that exist, with their partitions."""

    def window(self, topic: str) -> Window:
        """Returns where the topic begins and ends now, as a read_committed reader sees it, markers included.

        Raises:
            ServiceMissing: no broker answers.
        """
        low: dict[int, int] = {}
        end: dict[int, int] = {}
        for partition in self.partitions.get(topic, ()):
            low[partition], end[partition] = self._marks(TopicPartition(topic, partition))
        return Window(low, end)

    def since(self, topic: str, ends: Mapping[int, int]) -> Window:
        """Returns what was appended since the topic had those ends. A partition that is new is read whole.

        Raises:
            ServiceMissing: no broker answers.
        """
        now = self.window(topic)
        return Window({at: min(max(low, ends.get(at, 0)), now.end[at]) for at, low in now.low.items()}, now.end)

    def ends(self, topics: Iterable[str]) -> Mapping[str, Mapping[int, int]]:
        """Returns topic to partition to its end now, records of open transactions included.

        A window that ends there is read once these transactions are over. Kafka ends them after
        `transaction.timeout.ms`, which is 10 s for ours. Whatever was committed before lies below the end, also
        where its marker is still to come (KAFKA-10167).

        Raises:
            ServiceMissing: no broker answers.
        """
        places = {
            TopicPartition(topic, partition): OffsetSpec.latest()
            for topic in topics
            for partition in self.partitions.get(topic, ())
        }
        ends: dict[str, dict[int, int]] = {place.topic: {} for place in places}
        answers = self._admin.list_offsets(places, isolation_level=IsolationLevel.READ_UNCOMMITTED)
        for place, answer in answers.items():
            ends[place.topic][place.partition] = self._ask(partial(answer.result, TIMEOUT_S)).offset
        return ends

    def read(self, topic: str, window: Window) -> Iterator[Message]:
        """Yields the records of a window. Partitions are interleaved, and the offsets of each are in order.

        Raises:
            Transient: nothing came for `SILENCE_S`.
            ServiceMissing: a partition cannot be read.
        """
        remainder = Remainder(window.low, window.end)
        self._consumer.assign(
            [TopicPartition(topic, partition, window.low[partition]) for partition in remainder.partitions]
        )
        deadline = time.monotonic() + SILENCE_S
        while remainder:
            messages = self._consumer.consume(BATCH_RECORDS, POLL_S)
            if messages:
                deadline = time.monotonic() + SILENCE_S
            elif time.monotonic() > deadline:
                raise Transient(f"{self._where}: {topic}: nothing came for {SILENCE_S:.0f} s")
            for message in messages:
                error = error_of(message)
                if error is not None:
                    place = f"{message.topic()}/{message.partition()}"
                    raise ServiceMissing(f"{self._where}: {place}: {error.str()}")
                if remainder.pass_by(message):
                    yield message
        # Otherwise the client would go on fetching what is appended to the topic.
        self._consumer.unassign()

    def close(self) -> None:
        """Ends the reading."""
        self._consumer.close()

    def _marks(self, place: TopicPartition) -> tuple[int, int]:
        marks: tuple[int, int] = self._ask(lambda: self._consumer.get_watermark_offsets(place, timeout=TIMEOUT_S))
        return marks

    def _ask(self, question: Callable[[], T]) -> T:
        try:
            return question()
        except KafkaException as error:
            raise ServiceMissing(f"{self._where} does not answer: {error.args[0].str()}") from None


def read_topic(kafka: KafkaSettings, topic: str) -> Iterator[Message]:
    """Yields every record of a topic, up to the end that it has now, as `TopicReader.read` does.

    Raises:
        ServiceMissing: there is no such topic, or no broker answers.
        Transient: nothing came for `SILENCE_S`.
    """
    reader = TopicReader(kafka)
    try:
        if topic not in reader.partitions:
            raise ServiceMissing(f"topic {topic} does not exist: run `earshot topics apply`")
        yield from reader.read(topic, reader.window(topic))
    finally:
        reader.close()
