"""Sends a few records while a person waits, and says which of them the brokers have.

With `KafkaRecordPublisher`, which is for stages, a batch counts only as a whole. Here a part that arrived counts,
because the person is told how far the command came.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, Producer

from pipeline.adapters.kafka.config import producer_config
from pipeline.ports.records import Record
from pipeline.settings import KafkaSettings

FULL_QUEUE_S = 0.1
"""Pause until a full queue of the client has let some records go."""


class Delivery(NamedTuple):
    """What became of some records."""

    arrived: frozenset[int]
    """Positions, among the records given, of those that the brokers confirmed."""
    whole: bool
    """All of them arrived."""
    refusal: str | None
    """The first reason that the brokers gave; None where they gave none."""

    @property
    def why(self) -> str:
        """Why not all arrived."""
        return self.refusal or "no answer"


class WaitingProducer:
    """Sends records and waits for the answer.

    Args:
        kafka: resolved.
        timeout_s: after which a record that the brokers have not taken is given up.
    """

    def __init__(self, kafka: KafkaSettings, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._producer = Producer(producer_config(kafka) | {"message.timeout.ms": int(timeout_s * 1000)})

    def deliver(self, records: Sequence[Record]) -> Delivery:
        """Sends the records in order and returns when each has arrived or was given up.

        A record that the client refuses at once ends the sending: those behind it are not tried.
        """
        arrived: set[int] = set()
        refusals: list[str] = []

        def reporter(number: int) -> Callable[[KafkaError | None, object], None]:
            def report(error: KafkaError | None, _message: object) -> None:
                if error is None:
                    arrived.add(number)
                else:
                    refusals.append(error.str())

            return report

        for number, record in enumerate(records):
            try:
                self._produce(record, reporter(number))
            except KafkaException as error:
                refusals.append(error.args[0].str())
                break
        # Each record ends within its own timeout; the second more is for the reports.
        self._producer.flush(self._timeout_s + 1)
        return Delivery(frozenset(arrived), len(arrived) == len(records), refusals[0] if refusals else None)

    def close(self) -> None:
        """Waits for what was sent."""
        self._producer.flush(self._timeout_s)

    def _produce(self, record: Record, report: Callable[[KafkaError | None, object], None]) -> None:
        headers = list(record.headers)
        while True:
            try:
                self._producer.produce(record.topic, record.value, record.key, headers=headers, on_delivery=report)
            except BufferError:
                self._producer.poll(FULL_QUEUE_S)
            else:
                return
