"""Turns records that a stage gives up into records of their dead-letter topic."""

from typing import NamedTuple

from pipeline.errors import Permanent
from pipeline.ports.records import InputRecord, Record
from schemas.base import SourcePosition
from schemas.dead_letter import DeadLetterInfo, dead_letters_of, encode_headers


class DeadLetter(NamedTuple):
    """One record that a stage gives up, and the reason why it does."""

    record: InputRecord
    reason: Permanent

    def told(self) -> dict[str, str | int | None]:
        """Returns what a log says of it: its place and the reason, and nothing of its content."""
        record, reason = self
        return {
            "topic": record.topic, "partition": record.partition, "offset": record.offset,
            "code": reason.code, "detail": reason.detail, "field": reason.field,
        }  # fmt: skip

    def to_send(self, stage: str, failed_ms: int) -> Record:
        """Returns the record for the dead-letter topic.

        Key and value stay byte for byte, and the reason is in the headers.

        Args:
            stage: name of the stage that gives the record up.
            failed_ms: time at which it did, in milliseconds since the epoch.
        """
        record, reason = self
        # Shortened, because a detail beyond the contract's limit would make the letter itself invalid.
        info = DeadLetterInfo.shortened(
            stage=stage,
            code=reason.code,
            detail=reason.detail,
            field=reason.field,
            source=SourcePosition(topic=record.topic, partition=record.partition, offset=record.offset),
            appended_ms=record.append_ms,
            failed_ms=failed_ms,
        )
        return Record(dead_letters_of(record.topic), record.key, record.value, encode_headers(info))
