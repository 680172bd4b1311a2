"""Turns JSON lines into candidates: each line is one RawPost, and a line without a workspace gets the default one.

The contract checks the post itself later.
"""

from collections.abc import Iterable, Iterator

import orjson

from pipeline.errors import Permanent
from pipeline.ingest.lines import LONGEST_LINE_BYTES, Candidate, Line
from schemas.topics import RAW


def candidates(lines: Iterable[Line], workspace: str | None) -> Iterator[Candidate]:
    """Yields one candidate for each line, in order. Blank lines are passed over.

    Args:
        lines: the file's lines.
        workspace: for lines that state none. A stated one is never overridden.
    """
    for line in lines:
        if not line.raw.strip():
            continue
        yield Candidate(line.number, line.raw, _document(line.raw, workspace))


def _document(raw: bytes, workspace: str | None) -> bytes | Permanent:
    if len(raw) > RAW.max_message_bytes:
        size = f"{len(raw)}" if len(raw) < LONGEST_LINE_BYTES else f"{len(raw)} or more"
        return Permanent("too_large", f"the line has {size} bytes, {RAW.max_message_bytes} are allowed")
    return raw if workspace is None else of_workspace(raw, workspace)


def of_workspace(raw: bytes, workspace: str) -> bytes:
    """Returns a line with that workspace if it states none, and any other line as it is."""
    try:
        document = orjson.loads(raw)
        if isinstance(document, dict) and document.get("workspace") is None:
            return orjson.dumps(document | {"workspace": workspace})
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        # The decoder of the contract explains what is wrong with the line. One that nests too deep is only read.
        pass
    return raw
