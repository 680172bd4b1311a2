"""Dead letters: the original key and value bytes untouched, everything else in headers.

`encode_headers`, `decode_headers` and `replay_header` are the only places that know the header names.
"""

from collections.abc import Iterable, Sequence

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
    """The receipt of one letter that was sent back to its topic: topic `dlq.replays`, key `place_of(letter)`."""

    letter: SourcePosition = Field(description="where the letter lies")
    topic: str = Field(max_length=249, description="where it was sent")
    replayed_ms: EpochMs


class DeadLetterInfo(Part):
    """Why and where a record was given up."""

    stage: str = Field(max_length=32)
    code: str = Field(max_length=64, description="stable reason, snake_case")
    detail: str = Field(max_length=MAX_DETAIL_CHARS, description="for a person; never the record's text")
    field: str | None = Field(default=None, max_length=MAX_FIELD_CHARS)
    source: SourcePosition
    appended_ms: EpochMs
    failed_ms: EpochMs

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
        """With detail and field cut to what the contract allows: no long name keeps a letter from its topic."""
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
    """The Kafka headers of a dead letter."""
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
    if info.field is not None:
        flat["field"] = info.field
    return [(PREFIX + name, value.encode()) for name, value in flat.items()]


def decode_headers(headers: Sequence[tuple[str, bytes]] | Iterable[tuple[str, bytes]]) -> DeadLetterInfo:
    """The info that `encode_headers` wrote.

    Raises:
        ValueError: a header is missing or malformed.
    """
    flat = {name.removeprefix(PREFIX): value.decode() for name, value in headers if name.startswith(PREFIX)}
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
    """`topic/partition/offset`."""
    return f"{position.topic}/{position.partition}/{position.offset}"


def replay_header(letter: SourcePosition) -> tuple[str, bytes]:
    """The header of a record that was sent back: the letter that it comes from."""
    return f"{PREFIX}replay.of", place_of(letter).encode()
