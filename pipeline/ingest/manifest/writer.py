"""Writes the manifest of a run and its rejects. Each confirmed batch is forced to the disk before the cursor
moves.

The caller says what Kafka has confirmed.
"""

import fcntl
import os
import re
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from pipeline.clock import Clock
from pipeline.errors import Misconfigured
from pipeline.ingest.manifest.format import (
    FOLDER,
    Cursor,
    Delivered,
    Header,
    Manifest,
    cursor_line,
    delivered_line,
    footer_line,
    header_line,
    read_manifest,
    resumed_line,
)


def run_id(name: str, clock: Clock) -> str:
    """Returns the name of a run: when it started, to the millisecond, and what it reads."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "stdin"
    return f"{clock.now():%Y%m%dT%H%M%S.%f}"[:19] + f"-{slug}"


class ManifestWriter:
    """This is the open manifest of this process. A lock keeps a second process off the same run.

    Args:
        manifest: the run as read from its file, or a new one (`create`).
        clock: stamps resumption and end.

    Raises:
        Misconfigured: another process is writing this run.
    """

    def __init__(self, manifest: Manifest, clock: Clock) -> None:
        self.path = manifest.path
        self.rejects_path = manifest.rejects_path
        self._clock = clock
        self._pending_rejects: list[bytes] = []
        self._file = manifest.path.open("r+b")
        _lock(self._file, manifest)
        # Read again under the lock: since it was read, another process may have written, and must not be cut off.
        manifest = read_manifest(manifest.path)
        self.cursor = manifest.cursor
        # What follows the last whole line was torn by a crash.
        self._file.truncate(manifest.good_bytes)
        self._file.seek(0, os.SEEK_END)
        self._rejects: BinaryIO | None = None
        if self.rejects_path.exists():
            self._cut_rejects()

    @classmethod
    def create(cls, state_dir: Path, header: Header, clock: Clock) -> "ManifestWriter":
        """Begins a new run.

        Raises:
            Misconfigured: a run of that name exists.
        """
        path = state_dir / FOLDER / f"{header.run_id}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        # Whole or not at all: a manifest without its header would be an error to every reader.
        draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
        try:
            with draft.open("wb") as file:
                file.write(header_line(header))
                _to_disk(file)
            os.link(draft, path)
        except FileExistsError:
            raise Misconfigured(f"{path}: a run of that name exists; start again") from None
        finally:
            draft.unlink(missing_ok=True)
        return cls(read_manifest(path), clock)

    def resume(self) -> Cursor:
        """Notes that the run goes on, and returns the cursor after which it does."""
        self._append([resumed_line(self.cursor, self._now())])
        return self.cursor

    def reject(self, raw: bytes, before: bytes = b"") -> None:
        """Keeps a line that is given up. It is on the disk after the next `confirm`.

        Args:
            raw: its original bytes.
            before: bytes that begin a new rejects file, which is the header of a table, so that the file can be
                mended and ingested.
        """
        if self.cursor.rejects_bytes == 0 and not self._pending_rejects and before:
            self._pending_rejects.append(_ended(before))
        self._pending_rejects.append(_ended(raw))

    def confirm(self, delivered: Sequence[Delivered], line: int, rejected: int) -> None:
        """Moves the cursor to `line`. Everything before it is in `delivered` batches or rejected.

        Args:
            delivered: what Kafka has confirmed since the last call.
            line: the last line that was read.
            rejected: lines given up since the last call.
        """
        # Rejects go to the disk first, because a cursor must not pass a line that is nowhere.
        self._write_rejects()
        old = self.cursor
        size = old.rejects_bytes if self._rejects is None else self._rejects.tell()
        self.cursor = Cursor(line, old.sent + len(delivered), old.rejected + rejected, size)
        self._append([*map(delivered_line, delivered), cursor_line(self.cursor)])

    def end(self, *, whole: bool) -> None:
        """Notes that the run came to its end by itself. `whole` means the end of the file."""
        self._append([footer_line(self.cursor, self._now(), whole=whole)])

    def close(self) -> None:
        """Frees the files and the lock."""
        self._file.close()
        if self._rejects is not None:
            self._rejects.close()

    def __enter__(self) -> "ManifestWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _append(self, lines: Sequence[bytes]) -> None:
        self._file.write(b"".join(lines))
        _to_disk(self._file)

    def _cut_rejects(self) -> None:
        # Rejects after the cursor are read and given up again.
        self._rejects = self.rejects_path.open("r+b")
        self._rejects.truncate(self.cursor.rejects_bytes)
        self._rejects.seek(0, os.SEEK_END)

    def _write_rejects(self) -> None:
        if not self._pending_rejects:
            return
        if self._rejects is None:
            # Rejects are plain posts of people, so only the operator may read them.
            self.rejects_path.touch(mode=0o600)
            self._rejects = self.rejects_path.open("wb")
        self._rejects.write(b"".join(self._pending_rejects))
        _to_disk(self._rejects)
        self._pending_rejects.clear()

    def _now(self) -> str:
        return self._clock.now().isoformat()


def _lock(file: BinaryIO, manifest: Manifest) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        source = "standard input" if manifest.header.source is None else manifest.header.source.path
        file.close()
        raise Misconfigured(f"another ingest of {source} is running (run {manifest.header.run_id})") from None


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _ended(raw: bytes) -> bytes:
    return raw if raw.endswith(b"\n") else raw + b"\n"
