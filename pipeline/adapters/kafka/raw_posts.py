"""Publishes posts to `posts.raw` with an idempotent producer; every delivery is awaited and reported.

Never here: what a post is, files, manifests.
"""

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from pipeline.adapters.kafka.config import producer_config
from pipeline.adapters.kafka.reach import reach
from pipeline.errors import Misconfigured, Permanent, ServiceMissing
from pipeline.ports.records import Published
from pipeline.settings import KafkaSettings
from schemas.topics import RAW

METADATA_TIMEOUT_S = 15.0
DELIVERY_TIMEOUT_MS = 120_000
"""A cluster that takes nothing for two minutes is missing; the run stops and can be resumed."""
_NEVER_TAKEN = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG_SIZE, KafkaError.INVALID_RECORD})


class KafkaPostPublisher:
    """`PostPublisher` on a real cluster.

    Args:
        kafka: resolved settings.

    Raises:
        ServiceMissing: no broker answers.
        Misconfigured: the topic does not exist.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        reach(kafka, METADATA_TIMEOUT_S)
        self._producer = Producer(producer_config(kafka) | {"message.timeout.ms": DELIVERY_TIMEOUT_MS})
        self._published: list[Published] = []
        self._failed: KafkaError | None = None
        _check_topic(self._producer, kafka)

    def send(self, key: bytes, value: bytes, tag: int) -> None:
        """See `PostPublisher.send`."""
        while True:
            try:
                self._producer.produce(RAW.name, value, key, on_delivery=self._reporter(tag))
                break
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                self._not_taken(error.args[0], tag)
                break
        self._producer.poll(0)
        self._check()

    def settle(self) -> list[Published]:
        """See `PostPublisher.settle`."""
        # Each record ends within its own timeout, delivered or failed; one second more for the callbacks.
        left = self._producer.flush(DELIVERY_TIMEOUT_MS / 1000 + 1)
        self._check()
        if left:
            raise ServiceMissing(f"Kafka did not confirm {left} records")
        published, self._published = self._published, []
        return published

    def _reporter(self, tag: int) -> object:
        def report(error: KafkaError | None, message: Message) -> None:
            if error is None:
                self._published.append(Published(tag, message.partition(), message.offset()))
            else:
                self._not_taken(error, tag)

        return report

    def _not_taken(self, error: KafkaError, tag: int) -> None:
        if error.code() in _NEVER_TAKEN:
            reason = Permanent("too_large", f"{RAW.name} does not take the record: {error.str()}")
            self._published.append(Published(tag, -1, -1, reason))
        else:
            self._failed = self._failed or error

    def _check(self) -> None:
        if self._failed is not None:
            raise ServiceMissing(f"Kafka does not take records of {RAW.name}: {self._failed.str()}")


def _check_topic(producer: Producer, kafka: KafkaSettings) -> None:
    try:
        topics = producer.list_topics(RAW.name, METADATA_TIMEOUT_S).topics
    except KafkaException as error:
        raise ServiceMissing(
            f"Kafka at {kafka.bootstrap_servers} does not answer: {error.args[0].str()}"
        ) from None
    found = topics.get(RAW.name)
    if found is None or found.error is not None:
        raise Misconfigured(f"there is no topic {RAW.name}: run `earshot topics apply`")
