"""Dead letters on Kafka: `<topic>.dlq` with the original bytes, the reason in headers.

In: records that were given up. Out: delivered copies. Never here: a changed byte, a lost letter.
"""

from collections.abc import Sequence

from pipeline.adapters.kafka.publisher import KafkaRecordPublisher
from pipeline.clock import Clock, to_ms
from pipeline.ports.records import DeadLetter, Record
from pipeline.settings import KafkaSettings
from schemas.base import SourcePosition
from schemas.dead_letter import DeadLetterInfo, encode_headers

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
        self._publisher = KafkaRecordPublisher(kafka, DELIVERY_TIMEOUT_S)

    def send(self, letters: Sequence[DeadLetter]) -> None:
        """See `ports.DeadLetters.send`."""
        self._publisher.publish([self._record(letter) for letter in letters])

    def _record(self, letter: DeadLetter) -> Record:
        record, reason = letter
        info = DeadLetterInfo.shortened(
            stage=self._stage,
            code=reason.code,
            detail=reason.detail,
            field=reason.field,
            source=SourcePosition(topic=record.topic, partition=record.partition, offset=record.offset),
            appended_ms=record.append_ms,
            failed_ms=to_ms(self._clock.now()),
        )
        return Record(f"{record.topic}.dlq", record.key, record.value, encode_headers(info))
