"""Defines and reads the manifest, which says what one ingest run has sent and Kafka has confirmed, in JSON lines.

It begins with a header. For each confirmed batch its deliveries and a cursor follow, and at the end comes a
footer. A crash can tear the last line and can leave deliveries without a cursor. Both are read. `writer` writes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from pipeline.errors import Misconfigured

FORMAT = 1
DECIDED = "decided"
"""This option holds what a look at the file has decided."""
AGAIN = "again"
"""This option says that a run sends what earlier runs have sent, also after it was taken up itself."""
NOT_ASKED = frozenset({DECIDED, AGAIN})
"""These options do not tell what a line becomes, so runs that differ in them only are runs of the same kind."""
DELIVERED = b'{"line":'
"""The line of a delivery begins with these bytes, and no other line does."""
FOLDER = "manifests"
"""Manifests lie in this folder under the state folder."""


class Source(NamedTuple):
    """Names a file in a state. Another size or time of change makes another source."""

    path: str
    size_bytes: int
    mtime_ns: int


class Delivered(NamedTuple):
    """Describes one post that Kafka has confirmed."""

    line: int
    post_id: str
    revision: int
    workspace: str
    partition: int
    offset: int


class Cursor(NamedTuple):
    """Says that everything up to and with `line` is confirmed or rejected."""

    line: int = 0
    sent: int = 0
    rejected: int = 0
    rejects_bytes: int = 0
    """This is the length of the rejects file at that moment."""


@dataclass(frozen=True)
class Header:
    """Says what the run reads and how. A run with other options is another run."""

    run_id: str
    topic: str
    source: Source | None
    """This is None for standard input."""
    options: Mapping[str, Any]
    """Holds everything that decides what a line becomes: format, workspace, platform and column map. What was
    found out by a look at the file stands under `DECIDED`, and a resumed run takes it from there.
    """
    started_at: str
    """This is a time by RFC 3339."""


@dataclass
class Manifest:
    """Describes one run as its file tells it."""

    path: Path
    header: Header
    cursor: Cursor = field(default_factory=Cursor)
    deliveries: list[Delivered] = field(default_factory=list)
    """Lists deliveries in file order. A line that was sent again after a crash appears again."""
    ended: bool = False
    """This is true if the run came to its end by itself (end of file, `--limit`). Otherwise it crashed, was
    stopped, or still runs.
    """
    whole: bool = False
    """This is true if the run came to the end of the file."""
    broke_off: str | None = None
    """Says why the run ended before its end, such as damaged data or a stop by the operator, where everything that
    it had sent was confirmed. It is None after a crash.
    """
    resumed_after: list[int] = field(default_factory=list)
    """Lists the cursor at each resumption. The batch after it may have been sent twice."""
    good_bytes: int = 0
    """This is the length of the file up to its last whole line."""

    @property
    def ids(self) -> Iterator[tuple[str, str, int]]:
        """Yields (workspace, post_id, revision) of each delivery."""
        return ((sent.workspace, sent.post_id, sent.revision) for sent in self.deliveries)


def rejects_path(manifest: Path) -> Path:
    """Names the file beside a manifest with the lines that were given up."""
    return manifest.with_suffix(".rejects")


def read_manifest(path: Path) -> Manifest:
    """Reads one manifest. A torn last line is passed over.

    Raises:
        Misconfigured: the file is no manifest, is of another format, or is damaged before its last line.
    """
    manifest: Manifest | None = None
    good_bytes = 0
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            # A crash tore this line, so it was never confirmed.
            if not raw.endswith(b"\n"):
                break
            try:
                entry = orjson.loads(raw)
                if manifest is None:
                    manifest = Manifest(path, _header(entry))
                else:
                    _take(manifest, entry)
            except (orjson.JSONDecodeError, KeyError, TypeError) as error:
                raise Misconfigured(f"{path}:{number}: not a line of a manifest: {type(error).__name__}") from None
            good_bytes += len(raw)
    if manifest is None:
        raise Misconfigured(f"{path}: the manifest has no header")
    manifest.good_bytes = good_bytes
    return manifest


def list_manifests(state_dir: Path) -> list[Path]:
    """Returns the manifests under a state folder, oldest first, since their names begin with the start time."""
    return sorted((state_dir / FOLDER).glob("*.jsonl"))


def read_header(path: Path) -> Header | None:
    """Returns who began a run and how, or None if that was never written whole or is of another format."""
    with path.open("rb") as file:
        try:
            return _header(orjson.loads(file.readline()))
        except (orjson.JSONDecodeError, KeyError, TypeError, Misconfigured):
            return None


def header_line(header: Header) -> bytes:
    """Returns the first line of a manifest."""
    source = None if header.source is None else header.source._asdict()
    return _line(
        {"earshot_manifest": FORMAT, **header.__dict__, "source": source, "options": dict(header.options)}
    )


def delivered_line(sent: Delivered) -> bytes:
    """Returns the line of one delivery."""
    return _line(sent._asdict())


def cursor_line(cursor: Cursor, ends: Mapping[int, int]) -> bytes:
    """Returns the line that ends a confirmed batch.

    Args:
        cursor: where the run stands.
        ends: partition to the first offset that may hold a record of the run that is not confirmed.
    """
    return _line({"cursor": cursor._asdict(), "ends": {str(partition): end for partition, end in ends.items()}})


def resumed_line(after: Cursor, at: str) -> bytes:
    """Returns the line that says from where a run was taken up again."""
    return _line({"resumed_after": after.line, "at": at})


def footer_line(cursor: Cursor, at: str, *, whole: bool) -> bytes:
    """Returns the last line of a run that came to its end by itself."""
    return _line({"ended_at": at, "whole": whole, "cursor": cursor._asdict()})


def broken_off_line(cursor: Cursor, at: str, reason: str) -> bytes:
    """Returns the last line of a run that ended before its end, with everything confirmed."""
    return _line({"broke_off": reason, "at": at, "cursor": cursor._asdict()})


def _line(entry: Mapping[str, object]) -> bytes:
    return orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)


def _header(entry: dict[str, Any]) -> Header:
    if entry["earshot_manifest"] != FORMAT:
        raise Misconfigured(f"manifest format {entry['earshot_manifest']} is not {FORMAT}: use that version")
    source = entry["source"]
    return Header(
        entry["run_id"],
        entry["topic"],
        None if source is None else Source(**source),
        entry["options"],
        entry["started_at"],
    )


def _take(manifest: Manifest, entry: dict[str, Any]) -> None:
    if "post_id" in entry:
        manifest.deliveries.append(Delivered(**entry))
    # A resumed run goes on in the same file, so an earlier footer does not end it any more.
    elif "resumed_after" in entry:
        manifest.resumed_after.append(entry["resumed_after"])
        manifest.ended = manifest.whole = False
        manifest.broke_off = None
    else:
        manifest.cursor = Cursor(**entry["cursor"])
        manifest.broke_off = entry.get("broke_off")
        if "ended_at" in entry:
            manifest.ended, manifest.whole = True, entry["whole"]
