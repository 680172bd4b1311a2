"""SQL that comes inside a string reaches the embedded ClickHouse engine after the statement was checked."""

import uuid
from pathlib import Path
from urllib.parse import urlencode

import pytest
import urllib3

from pipeline.local.clickhouse.closed_names import TEXT_SETTINGS
from pipeline.local.endpoints import Endpoints

pytestmark = pytest.mark.integration

SECRET = "do-not-read-me"

DATA_OR_STRUCTURE = [
    "SELECT * FROM format('Values', 'x String', $$({call})$$)",
    "SELECT * FROM format(Values, $$({call})$$)",
    "SELECT * FROM format('Values', 'x String', {{d:String}})",
    "SELECT * FROM format('Values', 'x String', concat('(fi', 'le(\\'{secret}\\'))'))",
    "SELECT x FROM format(JSONEachRow, 'y Int8, x String DEFAULT {quoted}', '{{\"y\":1}}')",
    "SELECT * FROM format('Values', 'x String', $$((SELECT * FROM executable('id', TSV, 'a String')))$$)",
    "SELECT * FROM `format`('Values', 'x String', $$({call})$$)",
    "DESCRIBE TABLE format(Values, $$({call})$$)",
    "SELECT x FROM values('y Int8, x String ALIAS {quoted}', 1)",
    "SELECT x FROM generateRandom('y Int8, x String ALIAS {quoted}') LIMIT 1",
    "SELECT x FROM null('y Int8, x String ALIAS {quoted}')",
    "SELECT x FROM fuzzJSON('{{}}', 'y Int8, x String ALIAS {quoted}') LIMIT 1",
    "SELECT x FROM input('y Int8, x String ALIAS {quoted}')",
    "SELECT * FROM viewIfPermitted(SELECT 1 AS x ELSE null('x String'))",
    "SELECT * FROM format('AvroConfluent', 'x String', 'x') "
    "SETTINGS format_avro_schema_registry_url = 'http://127.0.0.1:1/'",
]

IN_SETTINGS = {
    "additional_result_filter": "throwIf(1, {call}) = 0",
    "additional_table_filters": "{{'system.one': 'throwIf(1, {quoted}) = 0'}}",
    "parallel_replicas_custom_key": "throwIf(1, {call})",
    "format_avro_schema_registry_url": "http://127.0.0.1:1/",
    "format_schema_source": "query",
    "format_schema": "SELECT {call}",
    "schema_inference_hints": "x String DEFAULT {call}",
    "filter": "throwIf(1, {call}) = 0",
    "select": "{call}",
    "input_format_record_errors_file_path": "{secret}",
    "http_response_headers": "{{'X-Seen': '{secret}'}}",
    "profile": "default",
}
"""Settings that hold SQL, a path or an address."""

USERS = pytest.mark.parametrize("reader", [False, True], ids=["writer", "reader"])


@pytest.fixture
def words(tmp_path: Path) -> dict[str, str]:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    call = f"file('{secret}')"
    return {"secret": str(secret), "call": call, "quoted": call.replace("'", "\\'")}


def ask(stack: Endpoints, sql: str, reader: bool = False, **url: str) -> urllib3.BaseHTTPResponse:
    user, key = stack.clickhouse_user, stack.clickhouse_password
    if reader:
        user, key = stack.clickhouse_reader_user, stack.clickhouse_reader_password
    sent = {"X-ClickHouse-User": user, "X-ClickHouse-Key": key}
    address = f"{stack.clickhouse_url}/?{urlencode(url)}"
    return urllib3.request("POST", address, body=sql.encode(), headers=sent, retries=False)


def assert_closed(response: urllib3.BaseHTTPResponse) -> None:
    assert response.headers.get("X-ClickHouse-Exception-Code") in ("452", "497"), response.data
    assert SECRET.encode() not in response.data


@USERS
@pytest.mark.parametrize("sql", DATA_OR_STRUCTURE)
def test_data_and_structures_in_strings_open_no_door(
    stack: Endpoints, words: dict[str, str], sql: str, reader: bool
) -> None:
    statement = sql.format(**words)
    assert_closed(ask(stack, statement, reader, param_d=f"({words['call']})"))
    if sql.startswith("SELECT"):
        assert_closed(ask(stack, f"EXPLAIN {statement}", reader, param_d="x"))
    if sql.startswith("SELECT") and not reader:
        assert_closed(ask(stack, f"CREATE VIEW default.{uuid.uuid4().hex} AS {statement}"))


@USERS
@pytest.mark.parametrize("name", IN_SETTINGS)
def test_settings_that_hold_sql_a_path_or_an_address_are_closed(
    stack: Endpoints, words: dict[str, str], name: str, reader: bool
) -> None:
    value = IN_SETTINGS[name].format(**words)
    literal = value if value.startswith("{") else "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    session = uuid.uuid4().hex
    for sql in (
        f"SELECT 1 AS x FROM system.one SETTINGS {name} = {literal}",
        f"SELECT 1 AS x FROM system.one SETTINGS max_threads = 1, `{name}` = {literal}",
        f"SELECT * FROM (SELECT 1 AS x FROM system.one SETTINGS max_threads = 1.5e0, {name} = {literal})",
        f"SELECT 1 AS x FROM system.one FORMAT CSV SETTINGS {name} = {literal}",
        f"WITH (SELECT 1 SETTINGS {name} = {literal}) AS x SELECT x",
        f"SELECT * FROM view(SELECT 1 AS x FROM system.one SETTINGS {name} = {literal})",
        f"SET {name} = {literal}",
        f"SET max_threads = 1, {name} = {literal}",
        f"EXPLAIN SELECT 1 SETTINGS max_threads = 1, {name} = {literal}",
        f"SELECT 1 SETTINGS {name} = {{d:String}}",
    ):
        assert_closed(ask(stack, sql, reader, session_id=session, param_d=value))
    assert_closed(ask(stack, "SELECT 1 AS x FROM system.one", reader, **{name: value}))
    assert ask(stack, "SELECT 1 FROM system.one", reader, session_id=session).data == b"1\n"


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO {table} FORMAT values ({call})",
        "INSERT INTO {table} FORMAT vAlUeS\n({call})",
        "INSERT INTO {table} VALUES ((SELECT 1 SETTINGS additional_result_filter = 'throwIf(1, {quoted}) = 0'))",
        "INSERT INTO {table} VALUES ((SELECT * FROM format('Values', 'x String', concat('(fi', 'le(1))'))))",
        "INSERT INTO {table} SETTINGS schema_inference_hints = '{quoted}' VALUES ('x')",
        "INSERT INTO FUNCTION null('y Int8, x String DEFAULT {quoted}') (y) VALUES (1)",
        "CREATE VIEW {table}_view AS SELECT 1 FROM system.one SETTINGS additional_result_filter = '{quoted}'",
        "ALTER TABLE {table} MODIFY SETTING storage_policy = 'x'",
        "CREATE TABLE {table}_2 (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS index_granularity = 8, disk = 'x'",
    ],
)
def test_writing_statements_read_no_sql_out_of_strings(stack: Endpoints, words: dict[str, str], sql: str) -> None:
    table = f"default.strings_{uuid.uuid4().hex}"
    assert ask(stack, f"CREATE TABLE {table} (x String) ENGINE = MergeTree ORDER BY x").status == 200
    try:
        assert_closed(ask(stack, sql.format(table=table, **words)))
        assert SECRET.encode() not in ask(stack, f"SELECT * FROM {table}").data
    finally:
        ask(stack, f"DROP TABLE {table} SYNC")


def test_every_setting_that_takes_any_text_is_closed_or_listed_as_harmless(stack: Endpoints) -> None:
    """Whatever a newer engine adds: what takes this text must be no SQL, no path and no address."""
    numbers = "Bool|U?Int|Seconds|Milliseconds|MaxThreads|Float|NonZero|Double"
    names = ask(stack, f"SELECT name FROM system.settings WHERE NOT match(type, '^({numbers})')").data.decode()
    assert "additional_result_filter" in names.split()
    taken = {name for name in names.split() if ask(stack, f"SET {name} = 'throwIf(1)'").status == 200}
    assert taken <= TEXT_SETTINGS


@USERS
def test_ordinary_settings_and_columns_of_their_names_stay_usable(stack: Endpoints, reader: bool) -> None:
    inner = "SELECT 1 AS settings, 2 AS SETTINGS, 'x' AS filter, 3 AS format SETTINGS max_memory_usage = '10G'"
    sql = f"SELECT settings, SETTINGS, format FROM ({inner}) WHERE filter = 'x' ORDER BY settings, SETTINGS"
    ordinary = (
        "max_threads = 1, join_algorithm = 'hash', totals_auto_threshold = 1e-3, bool_true_representation = ''"
    )
    assert ask(stack, f"{sql} SETTINGS {ordinary}", reader, session_timezone="UTC").data == b"1\t2\t3\n"
    assert ask(stack, "SELECT * FROM (VALUES (1, 'a'))", reader).data == b"1\ta\n"
