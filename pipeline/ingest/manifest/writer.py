"""Writes the manifest of a run and its rejects. Each confirmed batch is forced to the disk before the cursor
moves.

The caller says what Kafka has confirmed.
"""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol

from pipeline.clock import Clock
from pipeline.errors import Misconfigured
from pipeline.ingest.manifest.disk import RejectsFile, lock, to_disk
from pipeline.ingest.manifest.format import (
    FOLDER,
    Cursor,
    Delivered,
    Header,
    broken_off_line,
    cursor_line,
    delivered_line,
    footer_line,
    header_line,
    rejects_path,
    resumed_line,
)
from pipeline.ingest.manifest.runs import read_run


class Ledger(Protocol):
    """Keeps what was sent and what was given up."""

    @property
    def path(self) -> Path | None:
        """Names the manifest, if there is one."""
        ...

    @property
    def rejects_path(self) -> Path:
        """Names the file with the lines that were given up, which exists if there are any."""
        ...

    @property
    def cursor(self) -> Cursor:
        """Says how far everything is confirmed or rejected."""
        ...

    def reject(self, entry: bytes) -> None:
        """Keeps a line that is given up. It is on the disk after the next `confirm`."""
        ...

    def confirm(self, delivered: Sequence[Delivered], line: int, rejected: int) -> None:
        """Moves the cursor to `line`. Everything before it is in `delivered` batches or rejected.

        Args:
            delivered: what Kafka has confirmed since the last call.
            line: the last line that was read.
            rejected: lines given up since the last call.
        """
        ...

    def end(self, *, whole: bool) -> None:
        """Notes that the run came to its end by itself. `whole` means the end of the file."""
        ...

    def break_off(self, reason: str) -> None:
        """Notes that the run ends before its end, and that everything it has sent is confirmed."""
        ...

    def close(self) -> None:
        """Frees the files and the lock."""
        ...


def run_id(name: str, clock: Clock) -> str:
    """Returns the name of a run: when it started, to the millisecond, and what it reads."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "stdin"
    return f"{clock.now():%Y%m%dT%H%M%S.%f}"[:19] + f"-{slug}"


class ManifestWriter:
    """This is the open manifest of this process. A lock keeps a second process off the same run.

    Args:
        path: of a manifest that exists (`create` begins one).
        clock: stamps cursors, resumption and end.
        rejects_begin: bytes that begin a new rejects file, such as the header of a table.

    Raises:
        Misconfigured: another process is writing this run.
    """

    def __init__(self, path: Path, clock: Clock, rejects_begin: bytes = b"") -> None:
        self.path = path
        self._clock = clock
        self._file = path.open("r+b")
        try:
            lock(self._file, f"another ingest is writing run {path.stem}")
            # It is read under the lock, because another process may have written until now.
            run = read_run(path)
        except Misconfigured:
            self._file.close()
            raise
        self.cursor = run.cursor
        self._ends = dict(run.ends)
        # What follows the last whole line was torn by a crash.
        self._file.truncate(run.good_bytes)
        self._file.seek(0, os.SEEK_END)
        # Rejects after the cursor are read and given up again.
        self._rejects = RejectsFile(rejects_path(path), rejects_begin, run.cursor.rejects_bytes)

    @classmethod
    def create(
        cls,
        state_dir: Path,
        header: Header,
        clock: Clock,
        rejects_begin: bytes = b"",
        ends: Mapping[int, int] | None = None,
    ) -> "ManifestWriter":
        """Begins a new run.

        Args:
            state_dir: the state folder.
            header: of the run.
            clock: as for the class.
            rejects_begin: as for the class.
            ends: partition of the topic to its end now, where a run that is killed looks for what it had sent.

        Raises:
            Misconfigured: a run of that name exists.
        """
        path = state_dir / FOLDER / f"{header.run_id}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        # Whole or not at all: a manifest without its header would be an error to every reader.
        draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
        try:
            with draft.open("wb") as file:
                file.write(header_line(header) + cursor_line(Cursor(), ends or {}))
                to_disk(file)
            os.link(draft, path)
        except FileExistsError:
            raise Misconfigured(f"{path}: a run of that name exists; start again") from None
        finally:
            draft.unlink(missing_ok=True)
        return cls(path, clock, rejects_begin)

    @property
    def rejects_path(self) -> Path:
        """See `Ledger.rejects_path`."""
        return self._rejects.path

    def resume(self) -> Cursor:
        """Notes that the run goes on, and returns the cursor after which it does."""
        self._append([resumed_line(self.cursor, self._now())])
        return self.cursor

    def reject(self, entry: bytes) -> None:
        """See `Ledger.reject`."""
        self._rejects.add(entry)

    def confirm(self, delivered: Sequence[Delivered], line: int, rejected: int) -> None:
        """See `Ledger.confirm`."""
        # Rejects go to the disk first, because a cursor must not pass a line that is nowhere.
        size = self._rejects.write()
        old = self.cursor
        self.cursor = Cursor(line, old.sent + len(delivered), old.rejected + rejected, size)
        for sent in delivered:
            self._ends[sent.partition] = max(sent.offset + 1, self._ends.get(sent.partition, 0))
        self._append([*map(delivered_line, delivered), cursor_line(self.cursor, self._ends)])

    def end(self, *, whole: bool) -> None:
        """See `Ledger.end`."""
        self._append([footer_line(self.cursor, self._now(), whole=whole)])

    def break_off(self, reason: str) -> None:
        """See `Ledger.break_off`."""
        self._append([broken_off_line(self.cursor, self._now(), reason)])

    def close(self) -> None:
        """See `Ledger.close`."""
        self._file.close()
        self._rejects.close()

    def __enter__(self) -> "ManifestWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _append(self, lines: Sequence[bytes]) -> None:
        self._file.write(b"".join(lines))
        to_disk(self._file)

    def _now(self) -> str:
        return self._clock.now().isoformat()
