"""Tables: delimiter, quoting and the line with the names of the columns are found, or a sentence says why not."""

import csv
from io import StringIO

import pytest

from pipeline.errors import Misconfigured
from pipeline.ingest.lines import Line
from pipeline.ingest.look.decision import Asked, Table
from pipeline.ingest.look.dialect import distinct, table

ROWS = [
    ["id", "user", "date", "text"],
    ["1", "ann", "2026-11-01T12:00:00Z", "no signal, again; why | ever\there"],
    ["2", "bob", "2026-11-01T12:01:00Z", 'they say "soon"'],
    ["3", "cat", "2026-11-01T12:02:00Z", "two\nlines"],
]


def found(text: str, **asked: object) -> Table:
    lines = [Line(number, raw) for number, raw in enumerate(text.encode().splitlines(keepends=True), 1)]
    return table(lines, Asked(**asked), "export.csv")  # type: ignore[arg-type]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_the_delimiter_is_the_one_that_parts_all_rows_alike(delimiter: str, quoting: int) -> None:
    text = StringIO()
    csv.writer(text, delimiter=delimiter, quoting=quoting).writerows(ROWS)  # type: ignore[arg-type]
    table = found(text.getvalue())
    assert (table.dialect.delimiter, table.dialect.quoting) == (delimiter, "double")
    assert (table.header_line, table.names, table.width) == (1, tuple(ROWS[0]), 4)


@pytest.mark.parametrize("above", ["sep=;\n", '"sep=;"\r\n'])
def test_a_line_that_names_the_delimiter_is_obeyed(above: str) -> None:
    table = found(above + "id;a,b\n1;2,3\n")
    assert (table.dialect.delimiter, table.names, table.header_line) == (";", ("id", "a,b"), 2)


def test_backslashes_before_quotes_are_seen() -> None:
    text = 'id,text,user\n"1","they said \\"soon\\", then nothing","ann"\n"2","C:\\\\","bob"\n'
    assert found(text).dialect.quoting == "backslash"


def test_a_lone_backslash_is_no_escape() -> None:
    dialect = found('id,text\n1,"C:\\dir, here"\n').dialect
    assert (dialect.quoting, dialect.doubt) == ("double", "")


def test_backslashes_that_may_be_escapes_or_not_are_in_doubt() -> None:
    assert found('id,text\n1,"C:\\\\dir, here"\n').dialect.doubt == "backslashes"
    assert found('id,text\n1,"C:\\\\dir, ""here"" "\n').dialect.doubt == ""
    assert found('id,text\n1,"C:\\\\dir, here"\n', quoting="double").dialect.doubt == ""


def test_quotes_that_never_close_a_cell_are_text() -> None:
    assert found('id\ttext\n1\t"worst" ever\n2\t"still\n').dialect.quoting == "none"
    assert found('id\ttext\n1\t"worst" ever\n2\t"still\n3\t"well"\n').dialect.quoting == "double"


@pytest.mark.parametrize(
    "above",
    ["Report:,Mentions of Acme\nFrom:,2026-11-01\n\n", "Acme\n", "Report:,Acme,,\nFrom:,2026-11-01,,\n,,,\n",
     '"Report created by acme","2026-11-28"\n', "Page Type,Sentiment\n" * 6],
)  # fmt: skip
def test_lines_above_the_header_are_passed_over(above: str) -> None:
    table = found(above + "id,user,date,text\n1,ann,2026-11-01,hi\n")
    assert table.names == ("id", "user", "date", "text")
    assert table.header_line == above.count("\n") + 1


def test_the_header_is_the_first_line_with_the_columns_of_a_map() -> None:
    text = "kind,of,report,here\nid,user,date,text\n1,ann,2026-11-01,hi\n"
    assert found(text).header_line == 1
    assert found(text, columns=frozenset({"id", "date"})).header_line == 2
    assert found(text, header="2").header_line == 2


def test_a_file_without_a_header_says_what_to_do_and_takes_names() -> None:
    text = "1,ann,2026-11-28T10:00:00Z,hi\n2,bob,2026-11-28T10:00:00Z,ho\n"
    with pytest.raises(Misconfigured, match=r"export\.csv: no line holds the names of the columns.*4 in all"):
        found(text)
    table = found(text, header="id,user,date,text")
    assert (table.header_line, table.names) == (0, ("id", "user", "date", "text"))


def test_a_text_without_a_delimiter_is_no_table() -> None:
    with pytest.raises(Misconfigured, match="neither a table nor JSON"):
        found("hello\nworld\n")


def test_blanks_after_each_delimiter_belong_to_no_cell() -> None:
    table = found('id, user, text\n1, ann, "hello, world"\n')
    assert (table.dialect.spaced, table.names) == (True, ("id", "user", "text"))


def test_a_second_column_of_one_name_gets_a_number() -> None:
    assert distinct(["text", " id ", "text", "text"]) == ("text", "id", "text#2", "text#3")


@pytest.mark.parametrize(
    ("text", "width"),
    [("id,text,like,place\n1,a,3\n2,b,4\n", 3), ("id,text,like\n1,a,3,\n2,b,4,\n", 4),
     ("id,text,like\n1,a\n2,b,4\n", 3)],
)  # fmt: skip
def test_rows_that_are_all_short_or_long_in_the_same_way_are_taken_so(text: str, width: int) -> None:
    assert found(text).width == width


def test_absent_cells_tell_the_dump_of_a_database() -> None:
    lines = [b"id\tuser\tdate\ttext\n", b"1\tann\t2026-11-29\t\\N\n", b"2\tbob\t2026-11-29\tC:\\\\new\n"]
    found = table([Line(number, raw) for number, raw in enumerate(lines, 1)], Asked(), "x")
    assert (found.dialect.quoting, found.dialect.delimiter) == ("dump", "\t")
