"""Compressed bodies, against frames that an official client made and a decoder that shares no code with ours."""

import gzip
import zlib

import lz4.frame
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pipeline.local.clickhouse.frames import FRAME_BYTES, HASH_BYTES, HEAD, LZ4, decode, pack, unpack
from pipeline.local.clickhouse.statement import Refused

PLAIN = b"one\ttwo\n" + b"x" * 40 + b"\n"
FROM_CH_GO = {
    "lz4": "44a2d3d3be154cb2aabfb003e62f2d968228000000310000009f6f6e650974776f0a78010002000200000200b0"
    + "78" * 10
    + "0a",
    "zstd": "16bba8413dff459e29de6ba5a6702d1690270000003100000028b52ffd04008d0000506f6e650974776f0a780a0154090222"
    "081892f7b6",
    "none": "cfcffbc5a75c754dac2e04238f282637023a000000310000006f6e650974776f0a" + "78" * 40 + "0a",
}
"""`PLAIN` as clickhouse-go's own library (ch-go, compress.NewWriter) packs it."""

ENCODERS = {"gzip": gzip.compress, "deflate": zlib.compress, "lz4": lz4.frame.compress, "zstd": zstandard.compress}


def lz4_block(packed: bytes) -> bytes:
    """The LZ4 block format, read as its specification says."""
    plain, position = bytearray(), 0
    while position < len(packed):
        token = packed[position]
        position, literals = length(packed, position + 1, token >> 4)
        plain += packed[position : position + literals]
        position += literals
        if position == len(packed):
            break
        offset = int.from_bytes(packed[position : position + 2], "little")
        position, matched = length(packed, position + 2, token & 15)
        for _ in range(matched + 4):
            plain.append(plain[-offset])
    return bytes(plain)


def length(packed: bytes, position: int, value: int) -> tuple[int, int]:
    if value == 15:
        while packed[position] == 255:
            value, position = value + 255, position + 1
        value, position = value + packed[position], position + 1
    return position, value


@pytest.mark.parametrize("method", FROM_CH_GO)
def test_frames_of_an_official_client_are_read(method: str) -> None:
    frame = bytes.fromhex(FROM_CH_GO[method])
    assert unpack(frame + frame) == PLAIN + PLAIN


@given(st.binary(max_size=3000) | st.builds(lambda unit, n: unit * n, st.binary(max_size=9), st.integers(0, 3000)))
def test_packed_data_is_read_by_another_decoder(data: bytes) -> None:
    packed, found = pack(data), b""
    while packed:
        method, size, plain_size = HEAD.unpack_from(packed, HASH_BYTES)
        assert method == LZ4
        plain = lz4_block(packed[HASH_BYTES + HEAD.size : HASH_BYTES + size])
        assert len(plain) == plain_size
        found, packed = found + plain, packed[HASH_BYTES + size :]
    assert found == data


@pytest.mark.parametrize("size", [0, 1, FRAME_BYTES, FRAME_BYTES + 1, 3 * FRAME_BYTES])
def test_data_of_any_size_comes_back(size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    assert unpack(pack(data[:size])) == data[:size]


@pytest.mark.parametrize("method", FROM_CH_GO)
@given(st.data())
def test_a_frame_with_any_damage_is_refused(method: str, data: st.DataObject) -> None:
    frame = bytes.fromhex(FROM_CH_GO[method])
    place = data.draw(st.integers(0, len(frame) - 1))
    flipped = bytes([frame[place] ^ data.draw(st.integers(1, 255))])
    with pytest.raises(Refused):
        unpack(frame[:place] + flipped + frame[place + 1 :])
    with pytest.raises(Refused):
        unpack(frame + frame[: max(place, 1)])


@pytest.mark.parametrize("encoding", ENCODERS)
@given(st.data())
def test_a_body_that_is_cut_off_is_refused(encoding: str, data: st.DataObject) -> None:
    whole = ENCODERS[encoding](b"SELECT 1 -- " + data.draw(st.binary(max_size=200)))
    assert decode(whole, encoding).startswith(b"SELECT 1")
    with pytest.raises(Refused):
        decode(whole[: data.draw(st.integers(0, len(whole) - 1))], encoding)
