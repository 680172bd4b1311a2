"""Forces bytes to the disk, keeps other processes off a file, and holds the rejects file of a run."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from pipeline.errors import Misconfigured
from pipeline.ingest.manifest.format import FOLDER


def to_disk(file: BinaryIO) -> None:
    """Returns when what was written to the file is on the disk."""
    file.flush()
    os.fsync(file.fileno())


def lock(file: IO[bytes], sentence: str) -> None:
    """Locks an open file until it is closed.

    Raises:
        Misconfigured: another process holds it, with that sentence.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Misconfigured(sentence) from None


@contextmanager
def only_run(state_dir: Path, file: str) -> Iterator[None]:
    """Keeps a second run off a file while the block runs, whatever the options of either.

    The lock is an empty file beside the manifests. It stays, because a lock that is deleted can be held twice.

    Raises:
        Misconfigured: another process runs on that file.
    """
    name = hashlib.sha256(file.encode()).hexdigest()[:16]
    path = state_dir / FOLDER / f".{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as held:
        lock(held, f"another ingest of {file} is running: wait for its end, or stop it")
        yield


class RejectsFile:
    """Holds the lines of a run that were given up. They are posts of people, so only the operator may read them.

    Args:
        path: of the file, which is made with its first line.
        begin: bytes that stand before the first line.
        good_bytes: so much of the file counts. What follows is cut off.
    """

    def __init__(self, path: Path, begin: bytes, good_bytes: int) -> None:
        self.path = path
        self._begin = begin
        self._pending: list[bytes] = []
        self._size = good_bytes
        self._file: BinaryIO | None = None
        if path.exists():
            self._file = path.open("r+b")
            self._file.truncate(good_bytes)
            self._file.seek(0, os.SEEK_END)

    def add(self, entry: bytes) -> None:
        """Keeps a line for the next `write`."""
        if self._size == 0 and not self._pending:
            self._pending.append(_ended(self._begin))
        self._pending.append(_ended(entry))

    def write(self) -> int:
        """Writes what was added and returns the length of the file, which is on the disk by then."""
        if self._pending:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self.path.touch(mode=0o600)
                self._file = self.path.open("wb")
            self._file.write(b"".join(self._pending))
            to_disk(self._file)
            self._pending.clear()
            self._size = self._file.tell()
        return self._size

    def close(self) -> None:
        """Frees the file."""
        if self._file is not None:
            self._file.close()


def _ended(raw: bytes) -> bytes:
    return raw if raw.endswith(b"\n") or not raw else raw + b"\n"
