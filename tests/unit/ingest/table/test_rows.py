"""Rows are read strictly: a broken one costs its own line, and a quote never takes other rows with it."""

from collections.abc import Iterator

import pytest

from pipeline.errors import Permanent
from pipeline.ingest.lines import Line
from pipeline.ingest.look.decision import Dialect
from pipeline.ingest.table.rows import Row, rows

TIME = "2026-11-01T12:00:00Z"
COMMAS = Dialect()
BACKSLASH = Dialect(quoting="backslash")


def read(text: str | bytes, dialect: Dialect = COMMAS, width: int | None = 4) -> list[Row]:
    data = text if isinstance(text, bytes) else text.encode()
    return list(rows((Line(n, raw) for n, raw in enumerate(data.splitlines(keepends=True), 1)), dialect, width))


def codes(found: list[Row]) -> Iterator[tuple[int, str]]:
    return ((row.line, row.cells.code) for row in found if isinstance(row.cells, Permanent))


def good(found: list[Row]) -> list[list[str]]:
    return [row.cells for row in found if not isinstance(row.cells, Permanent)]


@pytest.mark.parametrize(
    "second",
    [
        f'2,bob,{TIME},"no signal',
        f'"2,bob,{TIME},no signal',
        f'2,"bob,{TIME},no signal',
        f'2,bob,{TIME},"no" signal',
    ],
)
@pytest.mark.parametrize(
    "third",
    [f"3,cat,{TIME},fine", f'3,cat,{TIME},"fine, thanks"', f'3,cat,{TIME},24"', f'"3","cat","{TIME}",""""'],
)
def test_a_lone_quote_costs_its_own_line_only(second: str, third: str) -> None:
    first, fourth = f"1,ann,{TIME},hi", f'4,dan,{TIME},"two\nlines"'
    expected = good(read(f"{first}\n{third}\n{fourth}\n"))
    assert len(expected) == 3
    found = read(f"{first}\n{second}\n{third}\n{fourth}\n")
    assert good(found) == expected
    assert [line for line, _ in codes(found)] == [2]


def test_rows_that_a_cell_has_swallowed_are_read_and_both_lines_are_named() -> None:
    found = read(f'2,bob,{TIME},"cut off\n3,cat,{TIME},a screen of 24"\n4,dan,{TIME},fine\n')
    bad, *others = found
    assert isinstance(bad.cells, Permanent)
    assert bad.cells.code == "swallowed_rows"
    assert "in line 1 and line 2 looks like a row" in bad.cells.detail
    assert good(others) == [["3", "cat", TIME, 'a screen of 24"'], ["4", "dan", TIME, "fine"]]


def test_a_text_of_many_lines_and_commas_is_one_cell() -> None:
    text = "first, second, third, fourth\nat noon, it, broke, down\n2026-11-01"
    assert good(read(f'1,ann,{TIME},"{text}"\n')) == [["1", "ann", TIME, text]]


@pytest.mark.parametrize(
    ("row", "dialect", "code"),
    [
        ("1,ann,hi", COMMAS, "too_few_cells"),
        (f"1,ann,{TIME},hi, there", COMMAS, "too_many_cells"),
        (f"1,ann,{TIME},a\0b", COMMAS, "nul"),
        (f'1,ann,{TIME},"C:\\new"', BACKSLASH, "invalid_csv"),
        (f'1,ann,{TIME},"hi"', Dialect(quoting="none", doubt="quotes"), "invalid_csv"),
        (f'1,ann,{TIME},"hi, there"', Dialect(quoting="none", doubt="quotes"), "invalid_csv"),
        (f"1,ann,{TIME},{'x' * 140_000}", COMMAS, "too_large"),
        (f'1,ann,{TIME},"{"x" * 140_000}"', COMMAS, "too_large"),
    ],
)
def test_an_odd_row_is_named_and_the_next_one_is_read(row: str, dialect: Dialect, code: str) -> None:
    found = read(f"{row}\n2,bob,{TIME},fine\n", dialect)
    assert list(codes(found)) == [(1, code)]
    assert good(found) == [["2", "bob", TIME, "fine"]]


def test_bytes_outside_the_encoding_are_refused_in_quotes_too() -> None:
    found = read(b'1,ann,t,"\xff\nmore"\n2,bob,\xfe,x\n3,cat,t,fine\n')
    assert next(codes(found)) == (1, "invalid_utf8")
    assert good(found) == [["3", "cat", "t", "fine"]]


def test_what_holds_nothing_is_passed_over() -> None:
    assert good(read(f"\n,,,\n   \n1,ann,{TIME},\n")) == [["1", "ann", TIME, ""]]


def test_cells_beyond_the_width_may_be_empty() -> None:
    assert len(good(read(f"1,ann,{TIME},hi,,\n"))) == 1


def test_a_mark_in_front_of_a_row_is_no_part_of_its_first_cell() -> None:
    assert good(read(f"\ufeff1,ann,{TIME},hi\n"))[0][0] == "1"


@pytest.mark.parametrize(
    ("row", "text"),
    [('"they said \\"soon\\""', 'they said "soon"'), ('"C:\\\\new"', "C:\\new"), ("one\\, two", "one, two")],
)
def test_backslashes_are_read_where_the_dialect_has_them(row: str, text: str) -> None:
    assert good(read(f"1,ann,{TIME},{row}\n", BACKSLASH))[0][3] == text


def test_quotes_are_text_where_the_operator_says_so() -> None:
    assert good(read(f'1,ann,{TIME},"hi"\n', Dialect(quoting="none")))[0][3] == '"hi"'


@pytest.mark.parametrize(
    "time",
    [
        "29-Nov-2026 17:14", "29. November 2026 17:14", "29 novembre 2026", "17:14 29 Nov 2026",
        "2026.11.29 17:14", "2026年11月29日 17:14", "29/Nov/2026:17:14:01 +0000", "46355.7181",
        "Sonntag 29. November 2026", "29 de noviembre de 2026",
    ],
)  # fmt: skip
def test_a_swallowed_row_is_known_by_a_time_of_any_kind(time: str) -> None:
    found = read(f'1,ann,{time},"no signal\n2,bob,{time},hi\n3,cid,{time},gone"\n4,dan,{time},ho\n')
    assert list(codes(found)) == [(1, "swallowed_rows")]
    assert [cells[0] for cells in good(found)] == ["2", "3", "4"]


def test_rows_of_a_database_dump_have_their_signs_back() -> None:
    dump = Dialect("\t", "dump")
    text = f'1\tann\t{TIME}\tno\\tsignal\\nnow \\\\ "here\n2\tbob\t{TIME}\t\\N\n3\tcy\t{TIME}\t"plain"\n'
    assert [cells[3] for cells in good(read(text, dump))] == ['no\tsignal\nnow \\ "here', "", '"plain"']
