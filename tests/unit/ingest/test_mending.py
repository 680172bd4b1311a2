"""A rejects file has the format of the file that it comes from, says what is wrong, and can be read again."""

import csv
import io

import orjson
import pytest

from pipeline.ingest.mending import REASON_KEY, JsonForm, TableForm, Why

WHY = Why(7, 'invalid_field: text: "," is not text', "Text; body")
AGAIN = Why(3, "too_large: the row has 9 bytes", "")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_row_of_a_table_stands_untouched_behind_its_reason(delimiter: str, encoding: str) -> None:
    header, row = (delimiter.join(cells).encode(encoding) for cells in (["id", "né"], ["1", '"a\nb"']))
    form = TableForm(header, delimiter, encoding)
    entry = form.entry(row, WHY)
    assert entry.endswith(row)
    text = (form.begin + b"\n" + entry).decode(encoding)
    names, cells = csv.reader(io.StringIO(text), delimiter=delimiter)
    assert dict(zip(names, cells, strict=True)) == {
        "earshot_reason": WHY.reason,
        "earshot_column": WHY.column,
        "earshot_line": "7",
        "id": "1",
        "né": "a\nb",
    }


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_row_that_is_rejected_again_has_its_new_reason_only(delimiter: str) -> None:
    once = TableForm(f"id{delimiter}text".encode(), delimiter)
    row = f'1{delimiter}"a lone " quote'.encode()
    kept = once.entry(row, WHY)
    twice = TableForm(once.begin, delimiter)
    assert twice.begin == once.begin
    assert twice.entry(kept, AGAIN) == once.entry(row, AGAIN)


def test_an_entry_of_json_keeps_its_bytes_and_gets_a_key() -> None:
    raw = b' {"text": "h\xc3\xa9", "n": 1.0}\r\n'
    entry = JsonForm().entry(raw, WHY)
    assert entry.endswith(b'"text": "h\xc3\xa9", "n": 1.0}')
    assert orjson.loads(entry) == orjson.loads(raw) | {REASON_KEY: WHY._asdict()}
    assert orjson.loads(JsonForm().entry(b"{}", WHY)) == {REASON_KEY: WHY._asdict()}


def test_an_entry_of_several_lines_comes_on_one() -> None:
    entry = JsonForm().entry(b'{\n  "text": "a"\n}', WHY)
    assert b"\n" not in entry
    assert orjson.loads(entry) == {"text": "a", REASON_KEY: WHY._asdict()}


def test_an_entry_that_is_rejected_again_has_its_new_reason_only() -> None:
    once = JsonForm().entry(b'{"text": 5}', WHY)
    assert orjson.loads(JsonForm().entry(once, AGAIN)) == {"text": 5, REASON_KEY: AGAIN._asdict()}


def test_a_broken_entry_stays_as_broken_as_it_is() -> None:
    entry = JsonForm().entry(b'{"text": "a\n', WHY)
    assert entry.endswith(b',"text": "a')
    assert not entry.count(b"\n")


@pytest.mark.parametrize("raw", [b"[1, 2]\n", b"garbage \xff\n", b"null", b'"{"'])
def test_what_is_no_object_is_wrapped(raw: bytes) -> None:
    wrapped = orjson.loads(JsonForm().entry(raw, WHY))[REASON_KEY]
    assert wrapped == WHY._asdict() | {"text": raw.strip().decode(errors="backslashreplace")}
