"""Exports of every kind are opened by what they are, and a decision that was kept opens them in the same way."""

import bz2
import csv
import gzip
import json
import zipfile
from collections.abc import Callable
from datetime import datetime
from io import BufferedReader, BytesIO, RawIOBase, StringIO
from itertools import islice
from typing import Any

import openpyxl
import orjson
import pytest

from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.look.decision import Asked, Decision
from pipeline.ingest.reading import Export, open_export

NAMES = ["id", "user", "date", "text"]
ROWS = [
    [str(number), "ann", "2026-11-01T12:00:00Z", f'Größe {number}, "so"\nsagt sie 😀'] for number in range(900)
]
RECORDS = [dict(zip(NAMES, row, strict=True)) for row in ROWS]


def written(**options: object) -> str:
    text = StringIO()
    csv.writer(text, **options).writerows([NAMES, *ROWS])  # type: ignore[arg-type]
    return text.getvalue()


WRITERS: dict[str, Callable[[], bytes]] = {
    "a table": lambda: written().encode(),
    "a German spreadsheet": lambda: b"\xef\xbb\xbf" + written(delimiter=";").encode(),
    "text in UTF-16": lambda: written(delimiter="\t").encode("utf-16"),
    "an old Mac": lambda: written(lineterminator="\r").replace("\n", "\r").encode(),
    "a report": lambda: ("Report:,Acme\n\n" + written()).encode(),
    "packed lines": lambda: gzip.compress("".join(json.dumps(one) + "\n" for one in RECORDS).encode()),
    "a packed archive": lambda: bz2.compress(b"window.YTD.tweets.part0 = " + json.dumps(RECORDS).encode()),
    "an archive in UTF-16": lambda: ("window.YTD.tweets.part0 = " + json.dumps(RECORDS)).encode("utf-16"),
    "lines in UTF-16": lambda: "".join(json.dumps(one) + "\n" for one in RECORDS).encode("utf-16"),
    "pretty values": lambda: "\n".join(json.dumps(one, indent=2) for one in RECORDS).encode(),
}  # fmt: skip


def opened(data: bytes, asked: Asked | None = None, decided: Decision | None = None) -> Export:
    return open_export(BufferedReader(BytesIO(data)), "f", asked or Asked(), decided)


@pytest.mark.parametrize("name", WRITERS)
def test_an_export_comes_in_whole_also_by_a_decision_that_was_kept(name: str) -> None:
    data = WRITERS[name]()
    first = opened(data)
    assert [one.record for one in first.found] == RECORDS
    kept = Decision.of(orjson.loads(orjson.dumps(first.decision.document())))
    assert kept == first.decision
    assert [one.record for one in opened(data, decided=kept).found] == RECORDS


def test_a_workbook_is_read_and_ids_that_it_cannot_hold_look_lost() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Report", None, None, None])
    sheet.append([*NAMES, "likes"])
    sheet.append([1593387213315784704, "ann", datetime(2026, 11, 1, 12), "Größe,\nzwei", 3])
    sheet.append(["1593387213315784705", 12.0, "2026-11-01", "hi", None])
    target = BytesIO()
    book.save(target)
    export = opened(target.getvalue())
    kept = Decision.of(export.decision.document())
    for found in (list(export.found), list(opened(target.getvalue(), decided=kept).found)):
        first, second = (one.record for one in found)
        assert first == {
            "id": "1.59338721331578E+18", "user": "ann", "date": "2026-11-01T12:00:00", "text": "Größe,\nzwei",
            "likes": "3",
        }  # fmt: skip
        assert isinstance(second, dict)
        assert (second["id"], second["user"]) == ("1593387213315784705", "12")
        assert [one.line for one in found] == [3, 4]


def test_a_header_that_stands_again_is_no_row() -> None:
    text = written().encode()
    assert len(list(opened(text + b"\xef\xbb\xbf" + text).found)) == 2 * len(ROWS)


def test_a_cut_file_gives_what_it_has_and_then_says_so() -> None:
    data = gzip.compress(written().encode())
    export = opened(data[: len(data) // 2])
    got = []
    with pytest.raises(Misconfigured, match=r"f: the gzip data is damaged after line \d+"):  # noqa: PT012
        for one in export.found:
            got.append(one.record)
    assert len(got) > 100
    assert got == RECORDS[: len(got)]


@pytest.mark.parametrize(
    ("data", "what"),
    [(b"", "is empty"), (b" \n\n", "is empty"), (b"<html><table>", "HTML or XML"), (b"hello\nworld\n", "neither")],
)
def test_what_is_no_export_says_what_it_needs(data: bytes, what: str) -> None:
    with pytest.raises(Misconfigured, match=what):
        opened(data)


def test_what_the_operator_says_is_never_doubted() -> None:
    data = "id|text\n1|gr\xfc\xdfe\n".encode("cp1252")
    assert next(opened(data, Asked(encoding="cp437")).found).record == {"id": "1", "text": "grⁿ▀e"}


class Endless(RawIOBase):
    """A table that never ends."""

    def __init__(self) -> None:
        self._rest = b"id,user,date,text\n"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if len(self._rest) < len(buffer):
            self._rest += b"1,ann,2026-11-01,hi\n" * 4000
        taken, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


def test_a_file_of_any_length_is_read_row_by_row() -> None:
    export = open_export(BufferedReader(Endless()), "f", Asked())
    found = list(islice(export.found, 50_000))
    assert found[-1].line == 50_001


def test_a_cell_beyond_the_header_is_never_dropped() -> None:
    found = list(opened(b"id,user,date,text\n1,ann,2026-11-01,Hello, thanks\n2,bob,2026-11-01,Well, no\n").found)
    assert [isinstance(one.record, Permanent) and one.record.code for one in found] == ["too_many_cells"] * 2
    found = list(opened(b"id,user,date,text\n1,ann,2026-11-01,Hello,\n2,bob,2026-11-01,Well,\n").found)
    assert [isinstance(one.record, dict) and one.record["text"] for one in found] == ["Hello", "Well"]


@pytest.mark.parametrize("layout", ["table", "lines"])
def test_a_part_in_utf_8_is_no_garbled_part_of_a_legacy_file(layout: str) -> None:
    def rows(first: int) -> str:
        if layout == "lines":
            return "".join(
                json.dumps({"id": at, "text": "schön süß"}, ensure_ascii=False) + "\n"
                for at in range(first, first + 9)
            )
        return "".join(f"{at},ann,2026-11-01,schön süß\n" for at in range(first, first + 9))

    header = "id,user,date,text\n" if layout == "table" else ""
    found = list(opened((header + rows(0)).encode("cp1252") + rows(9).encode() + rows(18).encode("cp1252")).found)
    refused = [isinstance(one.record, Permanent) and one.record.code for one in found]
    assert refused == [False] * 9 + ["mixed_encodings"] * 9 + [False] * 9


def test_values_that_nest_without_end_are_refused_by_line() -> None:
    for deep in (300, 990, 1010, 5000):
        text = (
            json.dumps({"id": 1, "text": "hi"})
            + '\n{"id": '
            + "[" * deep
            + "]" * deep
            + "}\n"
            + '{"id": 3, "text": "ho"}\n'
        )
        found = list(opened(text.encode()).found)
        assert [isinstance(one.record, Permanent) and one.record.code for one in found] == [
            False,
            "invalid_json",
            False,
        ]


def test_a_packed_file_whose_first_bytes_are_damaged_is_not_called_empty() -> None:
    small = BytesIO()
    with zipfile.ZipFile(small, "w") as archive:
        archive.writestr("posts.csv", "id,user,date,text\n1,ann,2026-11-01,hi\n")
    broken = small.getvalue().replace(b"id,user", b"id,uzer", 1)
    with pytest.raises(Misconfigured, match="the zip data is damaged after line 0"):
        opened(broken)
