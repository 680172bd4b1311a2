"""Packed files: each packer is known by its bytes, and what cannot be read says what it is."""

import bz2
import gzip
import lzma
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from functools import partial
from io import BufferedReader, BytesIO
from pathlib import Path

import pytest
import zstandard

from pipeline.errors import Misconfigured
from pipeline.ingest.look.container import DamagedError, Packing, contents, packing, unpacked

TEXT = b"".join(b"line %d of an export\n" % number for number in range(40_000))


def zipped(**members: bytes) -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return target.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "gzip": lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:]),
    "bzip2": lambda data: bz2.compress(data[:9]) + bz2.compress(data[9:]),
    "xz": lzma.compress,
    "zstd": lambda data: zstandard.compress(data[:9]) + zstandard.compress(data[9:]),
    "zip": lambda data: zipped(posts=data),
}


@pytest.mark.parametrize("name", PACKERS)
def test_a_packed_file_is_known_by_its_bytes_and_read_whole(name: str) -> None:
    stream: BufferedReader = BufferedReader(BytesIO(PACKERS[name](TEXT)))
    assert packing(stream, stream.peek(512), "f").name == name
    assert contents(stream, "f").read() == TEXT


@pytest.mark.parametrize("name", sorted(PACKERS.keys() - {"plain"}))
def test_damage_is_met_where_it_is(name: str) -> None:
    data = PACKERS[name](TEXT)
    packed = Packing(name, "posts" if name == "zip" else None)
    broken = bytearray(data)
    if name == "zip":
        broken[len(data) // 2] ^= 0xFF
    else:
        del broken[-len(data) // 3 :]
    reader = unpacked(BufferedReader(BytesIO(broken)), packed, "f")
    got = b""
    with pytest.raises(DamagedError, match=name):  # noqa: PT012 - what comes before the damage counts
        while part := reader.read1(4096):
            got += part
    assert TEXT.startswith(got[:9])


def test_an_archive_of_several_files_lists_them_and_takes_the_one_that_is_named() -> None:
    data = zipped(a=b"1", b=b"2", **{"__MACOSX/a": b"3"})
    with pytest.raises(Misconfigured, match="2 files: say which one with --member; there are: a, b"):
        packing(BytesIO(data), data[:512], "f.zip")
    packed = packing(BytesIO(data), data[:512], "f.zip", "b")
    assert unpacked(BufferedReader(BytesIO(data)), packed, "f.zip").read() == b"2"
    with pytest.raises(Misconfigured, match="no member 'c'"):
        packing(BytesIO(data), data[:512], "f.zip", "c")


def test_a_workbook_is_told_from_an_archive() -> None:
    data = zipped(**{"xl/workbook.xml": b"", "[Content_Types].xml": b""})
    assert packing(BytesIO(data), data[:512], "f.xlsx") == Packing("workbook")


@pytest.mark.parametrize(
    ("head", "what"),
    [(b"%PDF-1.7", "a PDF"), (b"PAR1", "Parquet"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
     (b"x" * 257 + b"ustar", "tar archive")],
)  # fmt: skip
def test_a_file_of_another_kind_says_what_it_is(head: bytes, what: str) -> None:
    with pytest.raises(Misconfigured, match=what):
        packing(BytesIO(head), head, "f")


@pytest.mark.parametrize("name", ["gzip", "bzip2", "xz", "zstd"])
def test_what_follows_a_packed_stream_and_is_none_is_damage(name: str) -> None:
    stream: BufferedReader = BufferedReader(BytesIO(PACKERS[name](TEXT) + b"XX" + PACKERS[name](TEXT)[2:]))
    pieces = iter(partial(contents(stream, "f").read1, 9999), b"")
    found: list[bytes] = []
    with pytest.raises(DamagedError):
        found.extend(pieces)
    assert b"".join(found) == TEXT


@pytest.mark.parametrize("name", ["bzip2", "xz"])
def test_zeros_that_fill_a_block_and_a_cut_stream_are_told_apart(name: str) -> None:
    packed = PACKERS[name](TEXT)
    assert contents(BufferedReader(BytesIO(packed + bytes(512) + packed)), "f").read() == TEXT + TEXT
    with pytest.raises(DamagedError):
        contents(BufferedReader(BytesIO(packed[:-40])), "f").read()


def test_little_that_holds_much_is_unpacked_in_small_pieces() -> None:
    packer = zstandard.ZstdCompressor().compressobj()
    packed = b"".join(packer.compress(bytes(2**20)) for _ in range(200)) + packer.flush()
    tracemalloc.start()
    stream = contents(BufferedReader(BytesIO(packed)), "f")
    size = 0
    while piece := stream.read1(65_536):
        size += len(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == 200 * 2**20
    assert peak < 100 * 2**20


@pytest.mark.parametrize("how", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_archive_in_a_packing_of_unbounded_steps_is_refused(how: int) -> None:
    target = BytesIO()
    with zipfile.ZipFile(target, "w", how) as archive:
        archive.writestr("posts.csv", TEXT)
    with pytest.raises(Misconfigured, match="unpack it first"):
        contents(BufferedReader(BytesIO(target.getvalue())), "f")


def test_a_member_whose_name_stands_twice_is_not_taken_by_chance(tmp_path: Path) -> None:
    path = tmp_path / "twins.zip"
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("a.csv", "one")
        archive.writestr("a.csv", "two")
    with path.open("rb") as stream, pytest.raises(Misconfigured, match=r"several files named 'a\.csv'"):
        packing(stream, b"PK\x03\x04", "twins.zip", "a.csv")


def test_a_member_that_is_packed_itself_is_named(tmp_path: Path) -> None:
    path = tmp_path / "outer.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv.gz", gzip.compress(b"id,text"))
    with path.open("rb") as stream, pytest.raises(Misconfigured, match=r"a\.csv\.gz in it is packed itself"):
        contents(stream, "outer.zip")
