"""Finds earlier runs and says where each stands, from the two ends of its manifest, so that a manifest of any size
costs no memory.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from pipeline.errors import Misconfigured
from pipeline.ingest.manifest.format import (
    NOT_ASKED,
    Cursor,
    Header,
    Source,
    list_manifests,
    read_header,
    rejects_path,
)

BLOCK_BYTES = 2**18
"""A manifest is read from its end in blocks of this size. One confirmed batch has about half as many bytes."""


@dataclass(frozen=True)
class Run:
    """Says where a run stands."""

    path: Path
    header: Header
    cursor: Cursor
    ends: Mapping[int, int]
    """Maps a partition to the first offset that may hold a record of the run behind its cursor."""
    ended: bool
    whole: bool
    broke_off: str | None
    """These three are those of `Manifest`."""
    good_bytes: int
    """This is the length of the manifest up to its last whole line."""


def read_run(path: Path) -> Run:
    """Reads both ends of a manifest. A torn last line is passed over.

    Raises:
        Misconfigured: the file is no manifest, is of another format, or is damaged at its end.
    """
    header = read_header(path)
    if header is None:
        raise Misconfigured(f"{path}: the manifest has no header")
    resumed, entry, good_bytes = False, dict[str, Any](), 0
    with path.open("rb") as file:
        for end, raw in _backwards(file):
            good_bytes = good_bytes or end
            try:
                entry = orjson.loads(raw)
            except orjson.JSONDecodeError:
                raise Misconfigured(f"{path}: not a manifest in the {end} bytes before its end") from None
            # A run that was taken up again goes on in the same file, so how it once ended counts no more.
            resumed = resumed or "resumed_after" in entry
            if "cursor" in entry:
                break
    return Run(
        path,
        header,
        Cursor(**entry["cursor"]) if "cursor" in entry else Cursor(),
        {int(partition): end for partition, end in entry.get("ends", {}).items()},
        ended="ended_at" in entry and not resumed,
        whole=bool(entry.get("whole")) and not resumed,
        broke_off=None if resumed else entry.get("broke_off"),
        good_bytes=good_bytes,
    )


def newest_run(state_dir: Path, source: Source, asked: Mapping[str, Any]) -> Run | None:
    """Returns the last run that read this very file, and for which the operator asked the same.

    Args:
        state_dir: the state folder.
        source: the file as it is now.
        asked: the options without those of `NOT_ASKED`.
    """
    for path in reversed(list_manifests(state_dir)):
        header = read_header(path)
        if header is None or header.source != source:
            continue
        if {name: value for name, value in header.options.items() if name not in NOT_ASKED} == asked:
            return read_run(path)
    return None


def runs_of(state_dir: Path, file: str) -> list[Path]:
    """Returns the manifests of all runs that have read a file, whatever it held then, or what those runs rejected.

    The rejects file of a run belongs to what that run had read, so a file, its mended rejects and the rejects of
    these are one family.

    Args:
        state_dir: the state folder.
        file: resolved path of any of the family.
    """
    links = list(_links(list_manifests(state_dir)))
    files, size = {file}, 0
    while size < len(files):
        size = len(files)
        for _, link in links:
            if link & files:
                files |= link
    return [path for path, link in links if link & files]


def _links(paths: Iterable[Path]) -> Iterator[tuple[Path, set[str]]]:
    for path in paths:
        header = read_header(path)
        if header is not None and header.source is not None:
            yield path, {header.source.path, str(rejects_path(path).resolve())}


def _backwards(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yields (place of its end, line) from the last whole line to the first."""
    start, held = file.seek(0, 2), b""
    torn = True
    while start > 0:
        size = min(BLOCK_BYTES, start)
        start = file.seek(start - size)
        held = file.read(size) + held
        lines = held.splitlines(keepends=True)
        # The first line of a block may begin in the block before.
        held = lines.pop(0) if start > 0 else b""
        end = start + len(held) + sum(map(len, lines))
        for line in reversed(lines):
            if not torn or line.endswith(b"\n"):
                yield end, line
            torn = False
            end -= len(line)
