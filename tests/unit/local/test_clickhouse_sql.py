"""What the embedded server reads of a statement before the engine does."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.local.clickhouse_sql import Refused, Statement, lex, read_statement


def refused(sql: str) -> int:
    with pytest.raises(Refused) as error:
        read_statement(sql.encode())
    return error.value.code


def test_query_keeps_its_text_and_names_its_format() -> None:
    assert read_statement(b"SELECT 1 FORMAT JSON ;; ") == Statement("SELECT 1 FORMAT JSON", result_format="JSON")
    assert read_statement(b"SELECT 'FORMAT x'").result_format is None


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b" \n", b" "])
def test_insert_data_begins_after_the_line_of_the_format(line_end: bytes) -> None:
    statement = read_statement(b"INSERT INTO t (a, b) FORMAT CSV" + line_end + b"1,'; DROP\n\xff")
    assert statement == Statement("INSERT INTO t (a, b) ", b"1,'; DROP\n\xff", "CSV")


def test_insert_values_are_data() -> None:
    assert read_statement(b"INSERT INTO t VALUES (1, ';')") == Statement("INSERT INTO t ", b" (1, ';')", "Values")


def test_insert_select_is_a_query() -> None:
    sql = "INSERT INTO t SELECT format, 'FORMAT CSV' FROM x"
    assert read_statement(sql.encode()) == Statement(sql)


def test_columns_may_be_named_like_keywords() -> None:
    statement = read_statement(b"INSERT INTO t (format, values) FORMAT Native\n\x01")
    assert (statement.data, statement.data_format) == (b"\x01", "Native")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; SELECT 2",
        "SELECT 1; -- x\n DROP TABLE t",
        "; SELECT 1",
        "INSERT INTO t; DROP TABLE t; INSERT INTO t FORMAT CSV\n1",
        "INSERT INTO t VALUES (1); DROP TABLE t",
    ],
)
def test_second_statement_is_a_syntax_error(sql: str) -> None:
    assert refused(sql) == 62


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT $a$ ' $a$",
        "SELECT ‘a’",
        "SELECT 'a",
        "SELECT /* /* */ */ 1",
        "SELECT 1 // x",
        'SELECT "a\\x62"',
        "SELECT `",
        "#x",
    ],
)
def test_what_the_engine_might_read_differently_is_refused(sql: str) -> None:
    assert refused(sql) == 62


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT file('x')",
        "SELECT File ( 'x')",
        "SELECT `file`\n('x')",
        "SELECT map(file, x)",
        "SELECT a.file('x')",
        "SELECT * FROM python(x)",
        "CREATE TABLE t (a Int8) ENGINE = Executable",
        "CREATE TABLE t (a Int8) ENGINE EmbeddedRocksDB",
        "SELECT 1 INTO -- x\n OUTFILE 'x'",
        "INSERT INTO t FROM INFILE 'x' FORMAT CSV",
        "INSERT INTO t VALUES (file('x'))",
        "INSERT INTO t FORMAT Values (file('x'))",
    ],
)
def test_closed_door_is_access_denied(sql: str) -> None:
    assert refused(sql) == 497


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'file(1)'",
        "SELECT t.file, python, disk FROM t",
        "SELECT 1 -- file(1)",
        "SELECT 1 /* file(1) */",
        "SELECT 'it''s \\' file('",
    ],
)
def test_harmless_look_alikes_pass(sql: str) -> None:
    assert read_statement(sql.encode()).sql.startswith("SELECT")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(request_bytes: bytes) -> None:
    try:
        statement = read_statement(request_bytes)
    except Refused:
        return
    assert statement.data is None or request_bytes.endswith(statement.data)


@given(st.text(alphabet="ab'\"`\\;-/*#$ \n", max_size=30))
def test_tokens_never_overlap(sql: str) -> None:
    try:
        tokens = list(lex(sql.encode()))
    except Refused:
        return
    for one, two in pairwise(tokens):
        assert one.end <= two.start
