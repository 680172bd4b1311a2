"""Opens what an import reads: a file or standard input."""

import os
import stat
import sys
from contextlib import ExitStack
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from pipeline.app.importing.request import STDIN
from pipeline.clock import Clock
from pipeline.errors import Misconfigured
from pipeline.ingest.lines import shown
from pipeline.ingest.manifest.format import Source
from pipeline.ingest.manifest.writer import run_id


class Place(NamedTuple):
    """Holds the bytes of the input and what names them."""

    name: str
    stream: BufferedReader
    source: Source | None
    """This is None for standard input, which nobody can read twice."""
    size_bytes: int | None
    """This is None for a pipe."""

    def read_bytes(self) -> int | None:
        """Returns how many bytes of the file were read, or None where it has no size."""
        if self.size_bytes is None:
            return None
        return min(os.lseek(self.stream.fileno(), 0, os.SEEK_CUR), self.size_bytes)

    def run_id(self, clock: Clock) -> str:
        """Returns the name of a new run that reads it."""
        return run_id("stdin" if self.source is None else Path(self.source.path).name, clock)


def open_place(file: str, stack: ExitStack) -> Place:
    """Opens a file, or standard input for `-`, until the stack closes.

    Raises:
        Misconfigured: the file cannot be read.
    """
    if file == STDIN:
        stream = stack.enter_context(_standard_input())
        return Place("standard input", stream, None, _size_bytes(os.fstat(stream.fileno())))
    path = Path(file)
    try:
        stream = stack.enter_context(path.open("rb"))
        facts = path.stat()
    except OSError as error:
        raise Misconfigured(f"{file}: {error.strerror}") from None
    source = Source(shown(str(path.resolve())), facts.st_size, facts.st_mtime_ns)
    return Place(shown(file), stream, source, _size_bytes(facts))


def _standard_input() -> BufferedReader:
    # This opens a reader of our own on the same descriptor, because `sys.stdin.buffer` is not always one that can
    # peek.
    return open(sys.stdin.fileno(), "rb", closefd=False)


def _size_bytes(facts: os.stat_result) -> int | None:
    return facts.st_size if stat.S_ISREG(facts.st_mode) else None
