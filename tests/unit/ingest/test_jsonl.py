"""JSON lines: what each kind of bad line is called, and that the stream goes on."""

from collections.abc import Iterable
from io import BufferedReader, BytesIO

import orjson
import pytest

from pipeline.codec import decode
from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.jsonl import candidates, of_workspace
from pipeline.ingest.lines import Candidate, Line, not_empty, numbered
from pipeline.ingest.look.container import contents
from schemas.posts.raw import RawPost

GOOD: dict[str, object] = {
    "workspace": "acme",
    "post_id": "chirp:1",
    "platform": "chirp",
    "author": {"author_id": "chirp:ann"},
    "text": "no internet since noon",
    "created_at": "2026-11-01T12:00:00Z",
}


def read(*raws: bytes, workspace: str | None = None) -> list[Candidate]:
    return list(candidates((Line(i, raw) for i, raw in enumerate(raws, 1)), workspace))


def outcome(candidate: Candidate) -> RawPost | Permanent:
    try:
        return candidate.found if isinstance(candidate.found, Permanent) else decode(RawPost, candidate.found)
    except Permanent as error:
        return error


def line(**changes: object) -> bytes:
    return orjson.dumps(GOOD | changes) + b"\n"


@pytest.mark.parametrize(
    ("raw", "code", "field"),
    [
        (line()[:40], "invalid_json", None),
        (line().replace(b"noon", b"n\xff\xfen"), "invalid_utf8", None),
        (line(text="x" * 900_000), "invalid_field", "text"),
        (line(created_at="9999-01-01T00:00:00Z"), "invalid_field", "created_at"),
        (line(schema_version=2), "unknown_schema_version", "schema_version"),
        (line(revision="many"), "invalid_field", "revision"),
        (line(post_id="1"), "invalid_field", "post_id"),
        (b"[1, 2]\n", "invalid_field", None),
        (line(text="x" * 1_100_000), "too_large", None),
    ],
)
def test_a_bad_line_is_named_and_the_next_one_is_read(raw: bytes, code: str, field: str | None) -> None:
    bad, good = read(raw, line())
    error = outcome(bad)
    assert isinstance(error, Permanent)
    assert (error.code, error.field) == (code, field)
    assert (bad.line, bad.raw) == (1, raw)
    assert isinstance(outcome(good), RawPost)


def test_the_default_workspace_fills_only_what_lacks() -> None:
    lacking = {name: value for name, value in GOOD.items() if name != "workspace"}
    found = [outcome(c) for c in read(orjson.dumps(lacking), line(), workspace="other")]
    assert [post.workspace for post in found if isinstance(post, RawPost)] == ["other", "acme"]


def test_without_a_default_a_missing_workspace_is_an_invalid_field() -> None:
    lacking = {name: value for name, value in GOOD.items() if name != "workspace"}
    error = outcome(read(orjson.dumps(lacking))[0])
    assert isinstance(error, Permanent)
    assert error.field == "workspace"


def test_broken_json_keeps_its_error_with_a_default_workspace() -> None:
    error = outcome(read(b'{"post_id": ', workspace="acme")[0])
    assert isinstance(error, Permanent)
    assert error.code == "invalid_json"


def test_blank_lines_are_passed_over_and_counted() -> None:
    assert [candidate.line for candidate in read(b"\n", line(), b"  \r\n", line())] == [2, 4]


def lines_of(data: bytes) -> Iterable[Line]:
    return numbered(contents(BufferedReader(BytesIO(data)), "posts.jsonl"), "posts.jsonl")


def test_gzip_is_known_by_its_bytes_and_a_byte_order_mark_is_dropped() -> None:
    import gzip

    data = b"\xef\xbb\xbf" + line() + line()
    assert list(lines_of(gzip.compress(data))) == list(lines_of(data)) == [Line(1, line()), Line(2, line())]


def test_a_cut_gzip_file_gives_its_whole_lines_first() -> None:
    import gzip
    import random

    noise = random.Random(1)
    data = b"".join(line(text=noise.randbytes(60).hex()) for _ in range(500))
    got: list[Line] = []
    with pytest.raises(Misconfigured, match=r"posts\.jsonl: the gzip data is damaged after line \d+"):
        got.extend(lines_of(gzip.compress(data)[:-2000]))
    assert len(got) > 100


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(Misconfigured, match=r"posts\.jsonl is empty"):
        not_empty(iter(lines_of(b"")), "posts.jsonl")


@pytest.mark.parametrize("depth", [300, 900])
def test_a_line_that_nests_too_deep_to_be_written_stays_as_it_is(depth: int) -> None:
    raw = b'{"a":' + b"[" * depth + b"]" * depth + b"}"
    assert of_workspace(raw, "acme") == raw
