"""Dead letters keep the original bytes of key and value, and say everything else in headers.

`encode_headers`, `decode_headers` and `replay_header` are the only places that know the names of the headers.
"""

from collections.abc import Iterable

from pydantic import Field

from schemas.base import EpochMs, Part, SourcePosition

PREFIX = "earshot."
SUFFIX = ".dlq"
MAX_DETAIL_CHARS = 500
MAX_FIELD_CHARS = 200


def dead_letters_of(topic: str) -> str:
    """Returns the name of the topic that keeps the dead letters of `topic`."""
    return f"{topic}{SUFFIX}"


class Replay(Part):
    """The receipt of a letter that was sent back to its topic. Topic `dlq.replays`, key `place_of(letter)`."""

    letter: SourcePosition = Field(description="where the letter lies")
    topic: str = Field(max_length=249, description="topic to which it was sent")
    replayed_ms: EpochMs = Field(description="when it was sent, in milliseconds since 1970-01-01 UTC")


class DeadLetterInfo(Part):
    """Why and where a record was given up."""

    stage: str = Field(max_length=32, description="stage that gave the record up")
    code: str = Field(max_length=64, description="stable code of the reason, in snake_case")
    detail: str = Field(
        max_length=MAX_DETAIL_CHARS, description="the reason for a person; never the record's text"
    )
    field: str | None = Field(
        default=None, max_length=MAX_FIELD_CHARS, description="dotted path of the field at fault; absent for none"
    )
    source: SourcePosition = Field(description="where the record lies")
    appended_ms: EpochMs = Field(description="append time of the record, in milliseconds since 1970-01-01 UTC")
    failed_ms: EpochMs = Field(description="when it was given up, in milliseconds since 1970-01-01 UTC")

    @classmethod
    def shortened(
        cls,
        *,
        stage: str,
        code: str,
        detail: str,
        field: str | None,
        source: SourcePosition,
        appended_ms: int,
        failed_ms: int,
    ) -> "DeadLetterInfo":
        """Returns the info with detail and field cut to what the contract allows."""
        # Otherwise a long name in a record would make the letter itself invalid, and the record could not be given
        # up.
        return cls(
            stage=stage,
            code=code,
            detail=detail[:MAX_DETAIL_CHARS],
            field=None if field is None else field[:MAX_FIELD_CHARS],
            source=source,
            appended_ms=appended_ms,
            failed_ms=failed_ms,
        )


def encode_headers(info: DeadLetterInfo) -> list[tuple[str, bytes]]:
    """Returns the Kafka headers of a dead letter."""
    flat = {
        "stage": info.stage,
        "code": info.code,
        "detail": info.detail,
        "source.topic": info.source.topic,
        "source.partition": str(info.source.partition),
        "source.offset": str(info.source.offset),
        "appended_ms": str(info.appended_ms),
        "failed_ms": str(info.failed_ms),
    }
    # Left out and not sent empty, because a header without a value would read as a field with an empty name.
    if info.field is not None:
        flat["field"] = info.field
    return [(PREFIX + name, value.encode()) for name, value in flat.items()]


def decode_headers(headers: Iterable[tuple[str, bytes | None]]) -> DeadLetterInfo:
    """Returns the info that `encode_headers` wrote.

    Raises:
        ValueError: a header is missing or malformed.
    """
    # Kafka knows headers without a value, which are as good as missing.
    flat = {
        name.removeprefix(PREFIX): value.decode()
        for name, value in headers
        if name.startswith(PREFIX) and value is not None
    }
    try:
        source = SourcePosition(
            topic=flat["source.topic"],
            partition=int(flat["source.partition"]),
            offset=int(flat["source.offset"]),
        )
        return DeadLetterInfo(
            stage=flat["stage"],
            code=flat["code"],
            detail=flat["detail"],
            field=flat.get("field"),
            source=source,
            appended_ms=int(flat["appended_ms"]),
            failed_ms=int(flat["failed_ms"]),
        )
    except KeyError as missing:
        raise ValueError(f"dead letter header missing: {PREFIX}{missing.args[0]}") from missing


def place_of(position: SourcePosition) -> str:
    """Returns the position as `topic/partition/offset`."""
    return f"{position.topic}/{position.partition}/{position.offset}"


def replay_header(letter: SourcePosition) -> tuple[str, bytes]:
    """Returns the header of a record that was sent back, which names the letter that it comes from."""
    return f"{PREFIX}replay.of", place_of(letter).encode()
