"""Dead letters on Kafka: `<topic>.dlq` with the original bytes, the reason in headers.

In: records that were given up. Out: delivered copies. Never here: a changed byte, a lost letter.
"""

from collections.abc import Callable, Sequence

from confluent_kafka import KafkaException, Producer

from pipeline.adapters.kafka_config import producer_config
from pipeline.clock import Clock, to_ms
from pipeline.errors import Transient
from pipeline.ports import DeadLetter
from pipeline.settings import KafkaSettings
from schemas.dead_letter import MAX_DETAIL_CHARS, DeadLetterInfo, encode_headers
from schemas.message import SourcePosition

DELIVERY_TIMEOUT_S = 30.0
"""Below the consumer's max.poll.interval.ms with room for an insert before it."""


class DeadLetterProducer:
    """`ports.DeadLetters` on Kafka.

    Args:
        kafka: resolved.
        stage: who gives up.
        clock: stamps `failed_ms`.
    """

    def __init__(self, kafka: KafkaSettings, stage: str, clock: Clock) -> None:
        self._stage = stage
        self._clock = clock
        config = producer_config(kafka) | {"delivery.timeout.ms": int(DELIVERY_TIMEOUT_S * 1000)}
        self._producer = Producer(config)

    def send(self, letters: Sequence[DeadLetter]) -> None:
        """See `ports.DeadLetters.send`."""
        failed: list[str] = []
        delivered: list[int] = []

        def on_delivery(error: object, _message: object) -> None:
            if error is None:
                delivered.append(1)
            else:
                failed.append(str(error))

        for letter in letters:
            self._produce(letter, on_delivery)
        self._producer.flush(DELIVERY_TIMEOUT_S + 5)
        if len(delivered) != len(letters):
            reason = failed[0] if failed else "no answer"
            raise Transient(f"{len(letters) - len(delivered)} dead letters were not delivered: {reason}")

    def _produce(self, letter: DeadLetter, on_delivery: Callable[[object, object], None]) -> None:
        record, reason = letter
        info = DeadLetterInfo(
            stage=self._stage,
            code=reason.code,
            detail=reason.detail[:MAX_DETAIL_CHARS],
            field=reason.field,
            source=SourcePosition(topic=record.topic, partition=record.partition, offset=record.offset),
            appended_ms=record.append_ms,
            failed_ms=to_ms(self._clock.now()),
        )
        while True:
            try:
                self._producer.produce(
                    f"{record.topic}.dlq",
                    key=record.key,
                    value=record.value,
                    headers=encode_headers(info),
                    on_delivery=on_delivery,
                )
                return
            except BufferError:
                # Thousands of bad records at once: let some go first.
                self._producer.poll(0.1)
            except KafkaException as error:
                raise Transient(f"a dead letter was not accepted: {error.args[0].str()}") from None
