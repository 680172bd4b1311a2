"""Finds out how a file is packed from its first bytes, and unpacks it as a stream."""

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable
from io import BufferedReader, RawIOBase
from typing import Any, BinaryIO, NamedTuple

import zstandard

from pipeline.errors import Misconfigured

MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
}
"""Maps the first bytes of each packer to its name (RFC 1952, RFC 8878, bzip2, the xz format, APPNOTE.TXT)."""
FOREIGN = {
    b"%PDF-": "a PDF", b"PAR1": "a Parquet file",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Excel workbook (.xls)",
    b"SQLite format 3\x00": "a SQLite database", b"7z\xbc\xaf\x27\x1c": "a 7z archive", b"Rar!": "a RAR archive",
}  # fmt: skip
"""Maps the first bytes of files that cannot be read to what they are."""
HEAD_BYTES = 512
"""So many first bytes tell what a file is."""
_TAR_AT = 257
"""The word `ustar` stands here in the first block of a tar archive (POSIX.1-1988)."""
_WORKBOOK = "xl/workbook.xml"
_LONGEST_ZSTD_WINDOW_BYTES = 2**31
"""Dumps of Reddit are packed with `--long=31`, which readers must allow."""
_ZSTD_STEP_BYTES = 1024
"""The library unpacks all that it is given at once. A block of 4 bytes can hold 128 KiB (RFC 8878, 3.1.1.2)."""
_BOUNDED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Members of zip archives in other packings are unpacked in steps of any size."""
_DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, zstandard.ZstdError)


class DamagedError(Exception):
    """The packed data is damaged or ends early. What came before that place has been read.

    Args:
        packer: name of the packing.
        detail: what is wrong, in the words of the library.
    """

    def __init__(self, packer: str, detail: str) -> None:
        super().__init__(packer, detail)
        self.packer = packer
        self.detail = detail

    def at(self, file: str, line: int) -> str:
        """Returns what to tell the operator, by the last line that was read."""
        return f"{file}: the {self.packer} data is damaged after line {line}: {self.detail}"


class Packing(NamedTuple):
    """Says how a file is packed."""

    name: str
    """This is `plain`, a name of `MAGIC`, or `workbook`."""
    member: str | None = None
    """This names the file within a zip archive."""


def packing(stream: BinaryIO, head: bytes, file: str, member: str | None = None) -> Packing:
    """Returns how a file is packed.

    Args:
        stream: the file. It is read only if it is a zip archive, and then it can seek.
        head: its first bytes, 512 of them if it has so many.
        file: its name, for messages.
        member: the file within an archive that the operator has named.

    Raises:
        Misconfigured: it is an archive of several files, or a kind of file that cannot be read.
    """
    for magic, kind in FOREIGN.items():
        if head.startswith(magic):
            raise Misconfigured(f"{file} is {kind}: export it as CSV, XLSX or JSON, or unpack it first")
    if head[_TAR_AT : _TAR_AT + 5] == b"ustar":
        raise Misconfigured(f"{file} is a tar archive: unpack it, and give the file with the posts")
    name = next((name for magic, name in MAGIC.items() if head.startswith(magic)), "plain")
    return _archived(stream, file, member) if name == "zip" else Packing(name)


def _archived(stream: BinaryIO, file: str, member: str | None) -> Packing:
    if not stream.seekable():
        raise Misconfigured(
            f"{file} is a zip archive or a workbook, which cannot come through a pipe: name the file"
        )
    try:
        with zipfile.ZipFile(stream) as archive:
            names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    except _DAMAGE as error:
        raise Misconfigured(f"{file}: the zip archive is damaged: {error}") from None
    finally:
        stream.seek(0)
    if _WORKBOOK in names:
        return Packing("workbook")
    if "content.xml" in names or "word/document.xml" in names:
        raise Misconfigured(f"{file} is an office document that is no XLSX: save it as XLSX or CSV")
    # A Mac adds a twin with attributes to each file that it packs.
    files = [name for name in names if not name.startswith("__MACOSX/")]
    if member is not None and member not in files:
        raise Misconfigured(f"{file} has no member {member!r}; there are: {_listed(files)}")
    if member is None and len(files) != 1:
        raise Misconfigured(
            f"{file} holds {len(files)} files: say which one with --member; there are: {_listed(files)}"
        )
    if member is not None and files.count(member) > 1:
        raise Misconfigured(
            f"{file} holds several files named {member!r}: unpack it, and give the one that is meant"
        )
    return Packing("zip", files[0] if member is None else member)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:20]) + (", ..." if len(names) > 20 else "") or "none"


def contents(stream: BufferedReader, file: str) -> BufferedReader:
    """Returns what a file holds, packed or not.

    Raises:
        Misconfigured: as `packing` and `unpacked`.
    """
    return unpacked(stream, packing(stream, stream.peek(HEAD_BYTES), file), file)


def unpacked(stream: BufferedReader, packed: Packing, file: str) -> BufferedReader:
    """Returns the contents of a file. Damage in it raises `DamagedError` when it is reached.

    Raises:
        Misconfigured: the member of a zip archive is locked by a password.
    """
    inner: Any = stream
    if packed.name == "gzip":
        inner = gzip.GzipFile(fileobj=stream, mode="rb")
    elif packed.name == "bzip2":
        inner = _Streams(stream, bz2.BZ2Decompressor)
    elif packed.name == "xz":
        inner = _Streams(stream, lzma.LZMADecompressor)
    elif packed.name == "zstd":
        inner = _Zstd(stream)
    elif packed.name == "zip":
        try:
            archive = zipfile.ZipFile(stream)
            if archive.getinfo(str(packed.member)).compress_type not in _BOUNDED:
                raise Misconfigured(f"{file}: {packed.member} is packed in no usual way, so unpack it first")
            inner = archive.open(str(packed.member))
            if any(_first_bytes(archive, packed).startswith(magic) for magic in MAGIC):
                raise Misconfigured(f"{file}: {packed.member} in it is packed itself: unpack {file} first")
        except (RuntimeError, NotImplementedError) as error:
            raise Misconfigured(f"{file}: {packed.member} cannot be unpacked: {error}") from None
        except _DAMAGE as error:
            raise Misconfigured(f"{file}: the zip archive is damaged: {error}") from None
    return inner if inner is stream else BufferedReader(_Guarded(inner, packed.name))


def _first_bytes(archive: zipfile.ZipFile, packed: Packing) -> bytes:
    try:
        with archive.open(str(packed.member)) as member:
            return member.read(HEAD_BYTES)
    except _DAMAGE:
        return b""  # The damage is met again at its place.


class _Streams:
    """Reads packed streams that follow each other. What follows and is none is damage, which the library hides."""

    def __init__(self, stream: BinaryIO, fresh: Callable[[], Any]) -> None:
        self._stream = stream
        self._fresh = fresh
        self._unpacker = fresh()
        self._begun = False

    def read1(self, size: int) -> bytes:
        while True:
            packed = b""
            if self._unpacker.eof:
                # Zeros may fill a file up to the end of a block.
                packed = self._unpacker.unused_data.lstrip(b"\0")
                self._unpacker, self._begun = self._fresh(), bool(packed)
            if not packed and self._unpacker.needs_input:
                packed = self._stream.read(size)
                if not packed and self._begun:
                    raise EOFError("the data ends before its end mark")
                if not self._begun:
                    packed = packed.lstrip(b"\0")
                    if not packed:
                        return b""
            self._begun = True
            found: bytes = self._unpacker.decompress(packed, size)
            if found:
                return found


class _Zstd:
    """Reads all frames of a zstd stream, and notices when the last one is cut off, which the library does not."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._unpacker = self._fresh()
        self._packed = b""
        self._begun = False

    @staticmethod
    def _fresh() -> Any:
        return zstandard.ZstdDecompressor(max_window_size=_LONGEST_ZSTD_WINDOW_BYTES).decompressobj()

    def read1(self, size: int) -> bytes:
        while True:
            if not self._packed:
                self._packed = self._stream.read(min(size, _ZSTD_STEP_BYTES))
            if not self._packed:
                if self._begun:
                    raise EOFError("the data ends before its end mark")
                return b""
            found: bytes = self._unpacker.decompress(self._packed)
            self._begun, self._packed = not self._unpacker.eof, b""
            if self._unpacker.eof:
                self._packed, self._unpacker = self._unpacker.unused_data, self._fresh()
            if found:
                return found


class _Guarded(RawIOBase):
    """Reads an unpacker of any kind, whose errors become one kind.

    It reads in single steps, because what a longer read had gathered would be lost with the error.
    """

    def __init__(self, inner: Any, name: str) -> None:
        self._inner = inner
        self._name = name
        # A view, because to cut a copy off a long piece costs its length each time.
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            try:
                self._rest = memoryview(self._inner.read1(len(buffer)))
            except InterruptedError:
                raise
            except _DAMAGE as error:
                raise DamagedError(self._name, str(error)) from None
        taken = self._rest[: len(buffer)]
        self._rest = self._rest[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)
