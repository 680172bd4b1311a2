"""CSV exports: the column map, and rows that are broken in the ways that exports break."""

from pathlib import Path

import orjson
import pytest
from pydantic import BaseModel

from pipeline.app.source_maps import load_map
from pipeline.codec import decode
from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.lines import Line
from pipeline.ingest.sources.source_map import TARGETS
from pipeline.ingest.sources.spelling import parse_columns
from pipeline.ingest.table.columns import Table, open_table
from schemas.posts.raw import Author, PostMetrics, RawPost, Reply

SPEC = "post_id=id,author.author_id=user,author.followers=followers,metrics.likes=likes,text=text,created_at=at"
HEADER = "id,user,followers,likes,text,at\n"
ROW = "7,ann,120,3.0,hello,2026-11-01T12:00:00Z\n"


def table(text: str | bytes, spec: str = SPEC, **changes: object) -> Table:
    data = text if isinstance(text, bytes) else text.encode()
    lines = (Line(number, raw) for number, raw in enumerate(data.splitlines(keepends=True), 1))
    return open_table(lines, parse_columns(spec).with_defaults("acme", "chirp"), "export.csv")


def posts(text: str | bytes, spec: str = SPEC) -> list[RawPost]:
    found = [candidate.found for candidate in table(text, spec).candidates]
    assert not [error for error in found if isinstance(error, Permanent)]
    return [decode(RawPost, value) for value in found if isinstance(value, bytes)]


def test_every_field_of_the_contract_can_be_mapped() -> None:
    def leaves(model: type[BaseModel], prefix: str = "") -> set[str]:
        parts: dict[str, type[BaseModel]] = {"author": Author, "metrics": PostMetrics, "reply": Reply}
        return {
            leaf
            for name in model.model_fields
            for leaf in (leaves(parts[name], f"{name}.") if name in parts else {prefix + name})
        }

    assert leaves(RawPost) - {"schema_version"} == TARGETS


def test_a_row_becomes_a_post_with_nested_fields() -> None:
    (post,) = posts(HEADER + ROW)
    assert post.post_id == "chirp:7"
    assert (post.author.author_id, post.author.followers) == ("chirp:ann", 120)
    assert post.metrics == PostMetrics(likes=3)
    assert post.workspace == "acme"


def test_an_empty_cell_is_absent_not_zero() -> None:
    (post,) = posts(HEADER + "7,ann,,,hello,2026-11-01T12:00:00Z\n")
    assert (post.author.followers, post.metrics) == (None, None)


def test_constants_hold_for_every_row_and_columns_win_over_defaults() -> None:
    spec = "post_id=id,author.author_id=user,text=text,created_at=at,platform=net"
    spec += ",visibility==direct,author.verified==true"
    (post,) = posts("id,user,net,text,at\n7,ann,forum,hi,1793534400\n", spec)
    assert (post.platform, post.post_id, post.visibility) == ("forum", "forum:7", "direct")
    assert post.author.verified is True


def test_a_missing_column_names_the_file_the_column_and_what_exists() -> None:
    with pytest.raises(Misconfigured, match=r"export\.csv: there is no column 'at' \(for created_at\).*id, user"):
        table("id,user,followers,likes,text\n")


@pytest.mark.parametrize(("sign", "typed"), [(";", "';'"), ("\t", r"$'\t'")])
def test_a_header_of_another_delimiter_names_that_delimiter(sign: str, typed: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        table(HEADER.replace(",", sign))
    assert str(caught.value).endswith(f"; try --delimiter {typed}")
    with pytest.raises(Misconfigured) as caught:
        table("id;user,followers,likes,text\n")
    assert "--delimiter" not in str(caught.value)


def test_a_column_that_is_there_twice_is_refused() -> None:
    with pytest.raises(Misconfigured, match="several columns 'id'"):
        table("id," + HEADER)


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(Misconfigured, match=r"export\.csv is empty"):
        table("")


def test_a_map_without_a_needed_field_says_which() -> None:
    with pytest.raises(Misconfigured, match=r"no source for created_at, workspace"):
        parse_columns("post_id=id,author.author_id=user,platform==chirp").with_defaults(None, None)


@pytest.mark.parametrize("spec", ["post_id", "post_id=", "post_id=a,post_id=b", "nonsense=a", "author=a", "=a"])
def test_a_wrong_map_is_refused(spec: str) -> None:
    with pytest.raises(Misconfigured):
        parse_columns(spec)


@pytest.mark.parametrize(
    "document",
    ["3", "[]", "columns: 3", "columns: {}\nspeed: 1", "columns: {}\ntimes: ['%Q']",
     'columns: {}\ndelimiter: ";;"',
     "columns: {nonsense: a}", "columns: {post_id: hash()}", "zone: Europe/Nowhere", "decimal: '·'",
     "columns: {post_id: {of: id, part: '('}}"],
)  # fmt: skip
def test_a_wrong_map_file_is_refused_with_its_line(tmp_path: Path, document: str) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(document)
    with pytest.raises(Misconfigured, match=r"map\.yaml:\d+: "):
        load_map(path)


def test_a_map_file_says_the_same_as_the_option(tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text('columns: {post_id: id, text: text}\nconstants: {author.verified: true}\ndelimiter: ";"\n')
    expected = parse_columns("post_id=id,text=text,author.verified==true")
    assert load_map(path) == expected.with_options({"delimiter": ";"})


def test_a_broken_map_file_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text("columns:\n  post_id: [id\n")
    with pytest.raises(Misconfigured, match=r"map\.yaml:3: expected"):
        load_map(path)


@pytest.mark.parametrize(
    "text", ["columns: " + "[" * 3000, "columns: {post_id: 2026-02-30}", "columns: {post_id: " + "9" * 5000 + "}"]
)
def test_a_map_file_with_anything_in_it_is_refused_in_words(tmp_path: Path, text: str) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(text)
    with pytest.raises(Misconfigured):
        load_map(path).with_defaults(None, None)


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        (b"7,ann,120,3,hello,9999-01-01T00:00:00Z\n", "invalid_field", "created_at"),
        (b"7,ann,120,3,hello,yesterday\n", "invalid_time", "created_at"),
        (b"7,ann,120,3,h\xffi,2026-11-01T12:00:00Z\n", "invalid_utf8", None),
        (b"7,ann,120,3,one, two,2026-11-01T12:00:00Z\n", "too_many_cells", None),
        (b"7,ann\n", "invalid_field", "created_at"),
        (b"7,ann,1,1," + b"x" * 900_000 + b",2026-11-01T12:00:00Z\n", "too_large", None),
        (b"7,ann,1,1," + b"x" * 70_000 + b",2026-11-01T12:00:00Z\n", "invalid_field", "text"),
        (b'7,ann,1,1,"never closed,2026-11-01T12:00:00Z\n', "invalid_csv", None),
    ],
)
def test_a_bad_row_is_named_and_the_next_one_is_read(row: bytes, code: str, field: str | None) -> None:
    bad, good = table(HEADER.encode() + row + ROW.encode()).candidates
    error = bad.found
    if isinstance(error, bytes):
        with pytest.raises(Permanent) as caught:
            decode(RawPost, error)
        error = caught.value
    assert (error.code, error.field) == (code, field)
    assert (bad.line, bad.raw) == (2, row)
    assert good.line == 3
    assert isinstance(good.found, bytes)


def test_a_text_with_line_ends_keeps_the_line_where_its_row_begins() -> None:
    text = HEADER + '7,ann,1,1,"two\r\nlines, ""quoted""",2026-11-01T12:00:00Z\n' + ROW
    first, second = table(text).candidates
    assert isinstance(first.found, bytes)
    assert orjson.loads(first.found)["text"] == 'two\r\nlines, "quoted"'
    assert (first.line, second.line) == (2, 4)
    assert first.raw.count(b"\n") == 2


def test_a_quote_never_closed_far_from_the_end_costs_only_its_own_line() -> None:
    rows = [f"{n},ann,1,1,{'hello ' * 30},2026-11-01T12:00:00Z\n" for n in range(2000)]
    rows[3] = '3,ann,1,1,"never closed,2026-11-01T12:00:00Z\n'
    found = list(table(HEADER + "".join(rows)).candidates)
    assert [candidate.line for candidate in found] == list(range(2, 2002))
    assert [c.line for c in found if isinstance(c.found, Permanent)] == [5]


def test_the_shipped_map_reads_the_twcs_columns() -> None:
    columns = load_map(Path("deploy/maps/twcs.yaml")).with_defaults("acme", None)
    text = (
        "tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id\n"
        '12,acmecare,False,Tue Oct 31 22:10:47 +0000 2017,"@7 hello, there","13,14",11.0\n'
    )
    lines = (Line(n, raw) for n, raw in enumerate(text.encode().splitlines(keepends=True), 1))
    (candidate,) = open_table(lines, columns, "twcs.csv").candidates
    assert isinstance(candidate.found, bytes)
    post = decode(RawPost, candidate.found)
    assert (post.post_id, post.in_reply_to) == ("twitter:12", "twitter:11")
    assert post.author.handle == "acmecare"
    assert post.created_at.isoformat() == "2017-10-31T22:10:47+00:00"
