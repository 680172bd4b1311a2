"""One fault in a good file costs the row that has it, and it is named. Every other row comes in exactly."""

import csv
import random
import re
from collections.abc import Callable
from functools import cache
from io import BufferedReader, BytesIO, StringIO

import pytest

from pipeline.errors import Permanent
from pipeline.ingest.lines import Found
from pipeline.ingest.look.decision import Asked
from pipeline.ingest.reading import open_export

ROWS = 1000
PLACES = 14
"""There are three kinds of files, so that each fault is planted about 40 times. `tests/long` plants it 40 times in
each kind."""
NAMES = ["id", "user", "date", "text", "likes"]
TEXTS = (
    "fine",
    'they say "soon"',
    "no signal, again",
    "Größe\nzwei Zeilen",
    'a 24" screen',
    "",
    '"all" quoted',
    "a;b|c",
)
Fault = Callable[[bytes], bytes]

BROKEN: dict[str, Fault] = {
    "a quote before the text": lambda row: b'"'.join((row[: row.index(b"Z") + 2], row[row.index(b"Z") + 2 :])),
    "a quote before the row": lambda row: b'"' + row,
    "a quote before the user": lambda row: row.replace(b"ann", b'"ann', 1),
    "a word in quotes before the user": lambda row: row.replace(b"ann", b'"so" ann', 1),
    "a cell too many": lambda row: row[:-1] + _delimiter(row) + b"x\n",
    "a cell too few": lambda row: row[row.index(_delimiter(row)) + 1 :],
    "a cut row": lambda row: row[: len(row) // 3] + b"\n",
    "a NUL": lambda row: _in_text(row, b"\0"),
    "a byte of another encoding": lambda row: _in_text(row, b"\xff"),
    "half a character": lambda row: _in_text(row, b"\xc3"),
    "a surrogate": lambda row: _in_text(row, b"\xed\xa0\x80"),
    "a line end in a cell": lambda row: row.replace(_delimiter(row), _delimiter(row) + b"\n", 1),
    "a lost line end": lambda row: row[:-1],
    "a long cell": lambda row: _in_text(row, b"x" * 200_000),
    "a line of another program": lambda _row: b"<br>Error 500 in export.php on line 12\n",
    "a line of dashes": lambda _row: b"-" * 40 + b"\n",
    "a line of quotes": lambda _row: b'"""\n',
}  # fmt: skip
HARMLESS: dict[str, Fault] = {
    "a blank line": lambda row: b"\n" + row,
    "blank cells": lambda row: _delimiter(row) * 4 + b"\n" + row,
    "a mark": lambda row: b"\xef\xbb\xbf" + row,
    "the header again": lambda row: _delimiter(row).join(name.encode() for name in NAMES) + b"\n" + row,
    "an empty cell behind": lambda row: row[:-1] + _delimiter(row) + b"\n",
    "a carriage return": lambda row: row[:-1] + b"\r\n",
}  # fmt: skip


def _delimiter(row: bytes) -> bytes:
    times = re.search(rb'([;\t,])"?2026-', row)
    assert times is not None
    return times[1]


def _in_text(row: bytes, sign: bytes) -> bytes:
    at = row.index(b"ann") + 2
    return row[:at] + sign + row[at:]


def good_file(dice: random.Random, **options: object) -> list[bytes]:
    """Returns the rows of a file, the header first."""
    found = []
    for number in range(-1, ROWS):
        text = StringIO()
        row = [
            f"p{number}",
            f"ann{number}",
            "2026-11-01T12:00:00Z",
            f"{dice.choice(TEXTS)} {number}",
            dice.choice("037"),
        ]
        csv.writer(text, lineterminator="\n", **options).writerow(NAMES if number < 0 else row)  # type: ignore[arg-type]
        found.append(text.getvalue().encode())
    return found


def read(rows: list[bytes]) -> list[Found]:
    return list(open_export(BufferedReader(BytesIO(b"".join(rows))), "export.csv", Asked()).found)


KINDS: dict[str, dict[str, object]] = {
    "commas": {},
    "semicolons, all in quotes": {"delimiter": ";", "quoting": csv.QUOTE_ALL},
    "tabs": {"delimiter": "\t"},
}


@cache
def _file(kind: str) -> tuple[list[bytes], list[object]]:
    rows = good_file(random.Random(kind), **KINDS[kind])
    return rows, [found.record for found in read(rows)]


def plant(kind: str, fault: str, places: int) -> None:
    """Plants a fault at random places of a file, one at a time, and expects all other rows."""
    dice = random.Random(f"{kind} {fault}")
    rows, records = _file(kind)
    assert len(records) == ROWS
    for _ in range(places):
        at = dice.randrange(1, ROWS)
        planted = list(rows)
        planted[at] = (BROKEN | HARMLESS)[fault](rows[at])
        found = read(planted)
        came = [one.record for one in found if not isinstance(one.record, Permanent)]
        bad = [one.line for one in found if isinstance(one.record, Permanent)]
        if fault in HARMLESS:
            assert (came, bad) == (records, [])
            continue
        line = b"".join(rows[:at]).count(b"\n") + 1
        lost = 2 if fault == "a lost line end" else 1
        assert came == records[: at - 1] + records[at - 1 + lost :], (rows[at], planted[at])
        assert bad[:1] == [line]


@pytest.mark.parametrize("fault", [*BROKEN, *HARMLESS])
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_costs_the_row_that_has_it_and_is_named(kind: str, fault: str) -> None:
    plant(kind, fault, PLACES)
