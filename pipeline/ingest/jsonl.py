"""JSON lines to candidates: one RawPost a line, the default workspace filled in where a line states none.

Never here: validation of the post itself (the contract does that), Kafka.
"""

from collections.abc import Iterable, Iterator

import orjson

from pipeline.errors import Permanent
from pipeline.ingest.lines import LONGEST_LINE_BYTES, Candidate, Line
from schemas.topics import RAW


def candidates(lines: Iterable[Line], workspace: str | None) -> Iterator[Candidate]:
    """One candidate a line, in order; blank lines are passed over.

    Args:
        lines: the file's lines.
        workspace: for lines that state none; a stated one is never overridden.
    """
    for line in lines:
        if not line.raw.strip():
            continue
        yield Candidate(line.number, line.raw, _document(line.raw, workspace))


def _document(raw: bytes, workspace: str | None) -> bytes | Permanent:
    if len(raw) > RAW.max_message_bytes:
        size = f"{len(raw)}" if len(raw) < LONGEST_LINE_BYTES else f"{len(raw)} or more"
        return Permanent("too_large", f"the line has {size} bytes, {RAW.max_message_bytes} are allowed")
    if workspace is None:
        return raw
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return raw  # The contract's decoder explains what is wrong with it.
    if isinstance(document, dict) and document.get("workspace") is None:
        return orjson.dumps(document | {"workspace": workspace})
    return raw
