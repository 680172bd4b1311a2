"""Packs and unpacks bodies in ClickHouse's own compressed frames (`compress=1`, `decompress=1`) and HTTP's content
encodings.

What is damaged, cut off or too large is `Refused`.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import lz4.block
import lz4.frame
import zstandard
from clickhouse_cityhash.cityhash import CityHash128

from pipeline.local.clickhouse.statement import Refused

MOST_BYTES = 256 * 1024 * 1024
"""Largest request when it is unpacked. The sink's inserts are a few MiB."""

FRAME_BYTES = 1024 * 1024
"""ClickHouse's `max_compress_block_size`, in bytes."""

NONE, LZ4, ZSTD = 0x02, 0x82, 0x90
"""ClickHouse's method bytes. Source: ClickHouse src/Compression/CompressionInfo.h."""

HEAD = struct.Struct("<BII")
"""Method, bytes of this head and the packed data, and bytes of the data. A hash of head and data stands before
it."""

HASH_BYTES = 16

CHECKSUM_DOESNT_MATCH, UNKNOWN_COMPRESSION_METHOD = 40, 89

ZSTD_STEP_BYTES = 1024
"""Bytes of input that are unpacked in one step. They grow to at most 32 MiB, which is 256 blocks of 4 bytes, each
of 128 KiB."""


def pack(data: bytes) -> bytes:
    """Returns the frames that clients expect after `compress=1`."""
    return b"".join(_frame(data[start : start + FRAME_BYTES]) for start in range(0, len(data), FRAME_BYTES))


def unpack(body: bytes) -> bytes:
    """Returns the data in the frames of a `decompress=1` request.

    Raises:
        Refused: damaged, cut off, too large, or of an unknown method.
    """
    return b"".join(_frames(body))


def decode(body: bytes, encoding: str) -> bytes:
    """Returns the body behind a Content-Encoding.

    Raises:
        Refused: as `unpack`.
    """
    try:
        if encoding in ("", "identity"):
            return body
        if encoding == "zstd":
            return _zstd(body)
        if encoding in ("gzip", "deflate"):
            stream: Any = zlib.decompressobj(31 if encoding == "gzip" else 15)
        elif encoding == "lz4":
            stream = lz4.frame.LZ4FrameDecompressor()
        else:
            raise _bad(f"Unknown Content-Encoding {encoding!r}: gzip, deflate, lz4 and zstd are known")
        plain: bytes = stream.decompress(body, MOST_BYTES + 1)
    except (RuntimeError, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise _bad(f"The body is no {encoding}: {error}") from None
    if len(plain) > MOST_BYTES or not stream.eof:
        raise _bad(f"The {encoding} body is cut off or too large")
    return plain


def _frame(data: bytes) -> bytes:
    packed: bytes = lz4.block.compress(data, store_size=False)
    frame = HEAD.pack(LZ4, HEAD.size + len(packed), len(data)) + packed
    return _hash(frame) + frame


def _frames(body: bytes) -> Iterator[bytes]:
    position = total = 0
    while position < len(body):
        start = position + HASH_BYTES
        if start + HEAD.size > len(body):
            raise _bad("The compressed body is cut off")
        method, packed_bytes, plain_bytes = HEAD.unpack_from(body, start)
        frame = body[start : start + packed_bytes]
        total += plain_bytes
        if packed_bytes < HEAD.size or len(frame) < packed_bytes or total > MOST_BYTES:
            raise _bad("The compressed body is damaged, cut off or too large")
        if _hash(frame) != body[position:start]:
            raise Refused(CHECKSUM_DOESNT_MATCH, "CHECKSUM_DOESNT_MATCH", "Checksum doesn't match: corrupted data")
        yield _unpacked(method, frame[HEAD.size :], plain_bytes)
        position = start + packed_bytes


def _unpacked(method: int, packed: bytes, plain_bytes: int) -> bytes:
    try:
        if method == LZ4:
            plain: bytes = lz4.block.decompress(packed, uncompressed_size=plain_bytes)
        elif method == ZSTD:
            plain = zstandard.ZstdDecompressor().decompress(packed, max_output_size=plain_bytes)
        elif method == NONE:
            plain = bytes(packed)
        else:
            raise _bad(f"Unknown compression method {method:#x}")
    except (lz4.block.LZ4BlockError, zstandard.ZstdError) as error:
        raise _bad(f"The compressed body is damaged: {error}") from None
    if len(plain) != plain_bytes:
        raise _bad("The compressed body is damaged: a block has another size than it says")
    return plain


def _zstd(body: bytes) -> bytes:
    """Unpacks in steps, because the library bounds its output by nothing but its input."""
    stream, parts, total = zstandard.ZstdDecompressor().decompressobj(), [], 0
    for start in range(0, len(body), ZSTD_STEP_BYTES):
        parts.append(stream.decompress(body[start : start + ZSTD_STEP_BYTES]))
        total += len(parts[-1])
        if total > MOST_BYTES:
            raise _bad("The zstd body is too large")
        if stream.eof:
            return b"".join(parts)
    raise _bad("The zstd body is cut off")


def _hash(frame: bytes) -> bytes:
    value: int = CityHash128(frame)
    return (value >> 64).to_bytes(8, "little") + (value & (1 << 64) - 1).to_bytes(8, "little")


def _bad(detail: str) -> Refused:
    return Refused(UNKNOWN_COMPRESSION_METHOD, "UNKNOWN_COMPRESSION_METHOD", detail)
