"""The embedded ClickHouse server as its real clients see it, and as an attacker does."""

import gzip
import selectors
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

import clickhouse_connect
import lz4.frame
import psutil
import pytest
import urllib3
import zstandard
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError

from pipeline.local.clickhouse import frames
from pipeline.local.clickhouse.answer import MOST_READS_IN_SIGHT
from pipeline.local.clickhouse.server import READS, STATEMENTS
from pipeline.local.clickhouse.sessions import MOST_SESSIONS
from pipeline.local.endpoints import Endpoints
from pipeline.local.processes import search

pytestmark = pytest.mark.integration

DATABASE = "server_tests"


@pytest.fixture(scope="module")
def client(stack: Endpoints) -> Iterator[Client]:
    connected = connect(stack)
    connected.command(f"CREATE DATABASE {DATABASE}")
    yield connected
    connected.command(f"DROP DATABASE {DATABASE}")


@pytest.fixture
def table(client: Client, request: pytest.FixtureRequest) -> str:
    name = f"{DATABASE}.t_{request.node.name.split('[')[0]}"
    client.command(
        f"CREATE OR REPLACE TABLE {name} (id UInt32, text String, at DateTime64(3, 'UTC'), tags Array(String)) "
        "ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100"
    )
    return name


def connect(stack: Endpoints, **options: object) -> Client:
    return clickhouse_connect.get_client(
        dsn=stack.clickhouse_url, username=stack.clickhouse_user, password=stack.clickhouse_password, **options
    )


def ask(
    stack: Endpoints, sql: str | bytes, method: str = "POST", url: str = "", headers: dict[str, str] | None = None
) -> urllib3.BaseHTTPResponse:
    """One statement as curl sends it: in the body of a POST, or in the URL of a GET."""
    known = {"X-ClickHouse-User": stack.clickhouse_user, "X-ClickHouse-Key": stack.clickhouse_password}
    sent = known | (headers or {})
    if method == "GET":
        return urllib3.request("GET", stack.clickhouse_url, fields={"query": sql}, headers=sent, retries=False)
    return urllib3.request("POST", f"{stack.clickhouse_url}/{url}", body=sql, headers=sent, retries=False)


def ask_as_reader(stack: Endpoints, sql: str, url: str = "") -> urllib3.BaseHTTPResponse:
    reader = {
        "X-ClickHouse-User": stack.clickhouse_reader_user,
        "X-ClickHouse-Key": stack.clickhouse_reader_password,
    }
    return ask(stack, sql, url=url, headers=reader)


def code(response: urllib3.BaseHTTPResponse) -> str | None:
    return response.headers.get("X-ClickHouse-Exception-Code")


ROW = (7, "it's; DROP TABLE t -- \\ 'x'", datetime(2026, 1, 2, 3, 4, 5, 678000, UTC), ["a", "b'c"])
COLUMNS = ["id", "text", "at", "tags"]


def test_native_insert_comes_back_unchanged(client: Client, table: str) -> None:
    summary = client.insert(table, [ROW], column_names=COLUMNS)
    assert summary.written_rows == 1
    result = client.query(f"SELECT * FROM {table}")
    assert result.result_rows[0][:2] == ROW[:2]
    assert result.result_rows[0][3] == ROW[3]


def test_parameters_are_values_never_sql(client: Client, table: str) -> None:
    client.insert(table, [ROW], column_names=COLUMNS)
    query = (
        f"SELECT id FROM {table} "
        "WHERE text = {text:String} AND has({ids:Array(UInt32)}, id) AND at = {at:DateTime64(3, 'UTC')}"
    )
    found = client.query(query, parameters={"text": ROW[1], "ids": [1, 7], "at": ROW[2]})
    assert found.result_rows == [(7,)]


def test_errors_carry_clickhouse_codes(client: Client, stack: Endpoints) -> None:
    with pytest.raises(DatabaseError) as error:
        client.query("SELECT nope FROM system.one")
    assert error.value.code == 47
    assert code(ask(stack, "SELECT * FROM nowhere")) == "60"
    assert code(ask(stack, "SELEC 1")) == "62"
    assert code(ask(stack, "SELECT 1", url="?no_such_setting=1")) == "115"


def test_deduplication_token_is_honoured(client: Client, table: str) -> None:
    settings = {"insert_deduplication_token": "c/t/0/1-2", "async_insert": 0, "deduplicate_insert": "enable"}
    for row in (ROW, (8, *ROW[1:])):
        client.insert(table, [row], column_names=COLUMNS, settings=settings)
    assert client.command(f"SELECT count() FROM {table}") == 1
    client.insert(table, [ROW], column_names=COLUMNS, settings=settings | {"insert_deduplication_token": "other"})
    assert client.command(f"SELECT count() FROM {table}") == 2


def test_settings_of_one_statement_do_not_reach_the_next(client: Client, stack: Endpoints) -> None:
    query = "SELECT getSetting('max_threads')"
    before = client.command(query)
    assert client.command(query, settings={"max_threads": 3}) == 3
    assert client.command(query) == before
    ask(stack, "SET max_threads = 5")
    assert ask(stack, query).data.decode().strip() == str(before)


def test_session_keeps_temporary_tables(stack: Endpoints) -> None:
    with connect(stack, session_id="temporary") as client:
        client.command("CREATE TEMPORARY TABLE scratch (a UInt8)")
        client.command("INSERT INTO scratch VALUES (1)")
        assert client.query("SELECT a FROM scratch").result_rows == [(1,)]
    assert code(ask(stack, "SELECT a FROM scratch")) == "60"


@pytest.mark.parametrize("encoding", ["lz4", "zstd", "gzip"])
def test_compressed_bodies_are_read(client: Client, stack: Endpoints, table: str, encoding: str) -> None:
    pack = {"lz4": lz4.frame.compress, "zstd": zstandard.compress, "gzip": gzip.compress}[encoding]
    body = pack(f"INSERT INTO {table} (id, text) FORMAT TSV\n1\tone\n2\ttwo\n".encode())
    response = ask(stack, body, headers={"Content-Encoding": encoding})
    assert response.status == 200, response.data
    assert client.command(f"SELECT groupArray(text) FROM {table}") == "['one','two']"
    native = connect(stack, compress=encoding)
    native.insert(table, [ROW], column_names=COLUMNS)
    assert native.command(f"SELECT count() FROM {table}") == 3


@pytest.mark.parametrize("encoding", ["lz4", "zstd", "gzip"])
def test_damaged_compressed_body_is_refused(stack: Endpoints, encoding: str) -> None:
    pack = {"lz4": lz4.frame.compress, "zstd": zstandard.compress, "gzip": gzip.compress}[encoding]
    for body in (b"\x00garbage", pack(b"SELECT 1")[:-5], b""):
        assert ask(stack, body, headers={"Content-Encoding": encoding}).status == 400
    assert ask(stack, "SELECT 1").data == b"1\n"


def test_insert_data_is_never_read_as_sql(client: Client, stack: Endpoints, table: str) -> None:
    for body in (f"1\tx'; DROP TABLE {table}; --\n", f"2\t; DROP TABLE {table}\n"):
        assert ask(stack, f"INSERT INTO {table} (id, text) FORMAT TSV\n{body}").status == 200
    values = ask(stack, f"INSERT INTO {table} (id, text) VALUES (3, 'c'); DROP TABLE {table}")
    assert code(values) == "62"
    early = ask(
        stack, f"INSERT INTO {table} (id, text); DROP TABLE {table}; INSERT INTO {table} FORMAT TSV\n1\tx\n"
    )
    assert code(early) == "62"
    assert client.command(f"SELECT count() FROM {table}") == 2


def test_statement_in_the_url_with_data_in_the_body(client: Client, stack: Endpoints, table: str) -> None:
    response = ask(stack, b'{"id": 5, "text": "json"}\n', url=f"?query=INSERT+INTO+{table}+FORMAT+JSONEachRow")
    assert response.status == 200
    assert client.command(f"SELECT text FROM {table}") == "json"


def test_values_may_hold_expressions(client: Client, table: str) -> None:
    client.command(f"INSERT INTO {table} (id, text) VALUES (1, upper('a')), (2, concat('b', 'c'));")
    assert client.query(f"SELECT text FROM {table} ORDER BY id").result_rows == [("A",), ("bc",)]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO {table} (id) VALUES (1)",
        "DROP TABLE {table}",
        "CREATE DATABASE elsewhere",
        "TRUNCATE TABLE {table}",
        "SELECT 1 SETTINGS readonly = 0",
        "SET readonly = 0",
        "/* SELECT */ ALTER TABLE {table} DELETE WHERE 1",
    ],
)
def test_get_can_only_read(stack: Endpoints, table: str, sql: str) -> None:
    response = ask(stack, sql.format(table=table), method="GET")
    assert (response.status, code(response)) == (500, "164")
    assert ask(stack, "SELECT 1 AS one FORMAT JSONEachRow", method="GET").json() == {"one": 1}


def test_readonly_asked_for_by_a_post_binds_it(stack: Endpoints, table: str) -> None:
    assert code(ask(stack, f"DROP TABLE {table}", url="?readonly=2&max_threads=1")) == "164"
    assert code(ask(stack, f"DROP TABLE {table}", url="?readonly=1&session_id=x")) == "164"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::2]"])
def test_foreign_host_header_is_refused(stack: Endpoints, host: str) -> None:
    assert ask(stack, "SELECT 1", headers={"Host": host}).status in (400, 421)


def test_every_statement_needs_the_password(stack: Endpoints) -> None:
    for key in ("", "wrong", stack.clickhouse_password + "x", "schlüssel"):
        response = ask(stack, "SELECT 1", headers={"X-ClickHouse-Key": key.encode().decode("latin-1")})
        assert (response.status, code(response)) == (403, "516")
    assert code(ask(stack, "SELECT 1", headers={"X-ClickHouse-User": "root"})) == "516"
    bare = urllib3.request("GET", stack.clickhouse_url, fields={"query": "SELECT 1"}, retries=False)
    assert code(bare) == "516"
    assert urllib3.request("GET", f"{stack.clickhouse_url}/ping").data == b"Ok.\n"


@pytest.mark.parametrize("user", ["default", "earshot"])
def test_basic_authentication_and_url_credentials(stack: Endpoints, user: str) -> None:
    basic = urllib3.make_headers(basic_auth=f"{user}:{stack.clickhouse_password}")
    assert urllib3.request("POST", stack.clickhouse_url, body=b"SELECT 1", headers=basic).data == b"1\n"
    fields = {"user": user, "password": stack.clickhouse_password, "query": "SELECT 1"}
    assert urllib3.request("GET", stack.clickhouse_url, fields=fields).data == b"1\n"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM file('{secret}', 'LineAsString', 's String')",
        "SELECT file('{secret}')",
        "SELECT `file`('{secret}')",
        "SELECT \"fi\\x6ce\"('{secret}')",
        "SELECT file/**/('{secret}')",
        "SELECT arrayMap(file, ['{secret}'])",
        "SELECT * APPLY file FROM (SELECT '{secret}' AS a)",
        "SELECT * APPLY(`file`) FROM (SELECT '{secret}' AS a)",
        "SELECT * APPLY x -> `file`(x) FROM (SELECT '{secret}' AS a)",
        "SELECT arrayMap(`file`, ['{secret}'])",
        "CREATE TABLE {table}2 (a String ALIAS arrayMap(`file`, ['{secret}'])[1]) ENGINE = Log",
        "ALTER TABLE {table} ADD COLUMN `file` String DEFAULT arrayMap(`file`, ['{secret}'])[1]",
        "SELECT * FROM `{secret}`",
        "SELECT * FROM '{secret}'",
        "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
        "SELECT * FROM s3('http://127.0.0.1:1/aaaa/bbb', 'CSV', 'a String')",
        "SELECT * FROM remote('127.0.0.1', system.one)",
        "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
        "SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
        "SELECT * FROM sqlite('{made}', 'a')",
        "SELECT * FROM executable('id', TSV, 'a String')",
        "SELECT * FROM Python(request)",
        "SELECT * FROM eval('SELECT 1') SETTINGS allow_experimental_eval_table_function = 1",
        "SELECT * FROM request",
        "SELECT 1 INTO OUTFILE '{made}'",
        "SELECT 1 INTO/**/outfile '{made}'",
        "INSERT INTO {table} (text) FROM INFILE '{secret}' FORMAT LineAsString",
        "INSERT INTO FUNCTION file('{made}', 'CSV', 'a String') VALUES ('x')",
        "INSERT INTO {table} (id, text) VALUES (1, file('{secret}'))",
        "INSERT INTO {table} (id, text) FORMAT Values (1, file('{secret}'))",
        "CREATE TABLE {table}2 (a String) ENGINE = File(CSV, '{secret}')",
        "CREATE TABLE {table}2 (a String) ENGINE = URL('http://127.0.0.1:1/', CSV)",
        "CREATE TABLE {table}2 (a String) ENGINE = Executable('id', TSV)",
        "CREATE TABLE {table}2 (a UInt8, b UInt8) ENGINE EmbeddedRocksDB(0, '{made}') PRIMARY KEY a",
        "CREATE TABLE {table}2 (a UInt8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = web)",
        "CREATE DATABASE files ENGINE = Filesystem('/etc')",
        "CREATE FUNCTION peek AS x -> file(x)",
        "CREATE VIEW {table}2 AS SELECT file('{secret}')",
        "CREATE USER eve IDENTIFIED BY 'x'",
        "BACKUP TABLE {table} TO File('{made}')",
        "SYSTEM SHUTDOWN",
        "SELECT 1 FORMAT Template SETTINGS format_template_resultset = '{secret}'",
        "SELECT 1 SETTINGS dialect = 'prql'",
        "ATTACH TABLE {table}2 FROM '{kept}' (a String) ENGINE = Log",
        "/* SELECT */ -- x\n attach/**/table {table}2 from '{kept}' (a String) engine = Log",
        "DROP TABLE IF EXISTS a PARALLEL WITH ATTACH TABLE {table}2 FROM '{kept}' (a String) ENGINE = Log",
        "DETACH TABLE {table}",
        "RESTORE TABLE {table} FROM File('{made}')",
        "CREATE TABLE {table}2 (a String) ENGINE = FileLog('{kept}', 'LineAsString')",
        "CREATE TABLE {table}2 (a String) ENGINE=/**/`FileLog`('{kept}', 'LineAsString')",
        "CREATE MATERIALIZED VIEW {table}2 ENGINE = \"FileLog\"('{kept}') AS SELECT 1 AS a",
        "CREATE DATABASE files ENGINE = SQLite('{made}')",
        "SELECT * FROM filesystem('{kept}')",
        "SELECT * FROM icebergLocal('{kept}')",
        "DESCRIBE TABLE file('{secret}')",
        "SELECT * FROM (SELECT * FROM FILE('{secret}'))",
        "EXPLAIN SELECT file('{secret}')",
        "WITH file('{secret}') AS f SELECT f",
        "EXECUTE AS default SELECT 1",
        "INSERT INTO {table} (id, text) VALUES (1, `fi\\x6ce`('{secret}'))",
        "INSERT INTO {table} (id, text) VALUES (1, 'a' /* ' */, (SELECT * FROM `url` ('http://127.0.0.1:1/')))",
        "INSERT INTO {table} (id, text) VALUES (1, arrayMap(`file`, ['{secret}'])[1])",
    ],
)
def test_doors_to_the_machine_are_closed(stack: Endpoints, table: str, sql: str, tmp_path: Path) -> None:
    made, kept = tmp_path / "made", tmp_path / "kept"
    kept.mkdir()
    secret = kept / "secret.csv"
    secret.write_text("do-not-read-me")
    response = ask(stack, sql.format(table=table, secret=secret, made=made, kept=kept))
    assert code(response) in ("497", "62", "60", "452"), response.data
    assert b"do-not-read-me" not in response.data
    assert not made.exists()
    ask(stack, f"DROP TABLE IF EXISTS {table}2 SYNC")
    assert secret.read_text() == "do-not-read-me"


@pytest.mark.parametrize("value", ["file", "FILE", "fi\\x6ce", "`file`"])
@pytest.mark.parametrize("where", ["param_f", "session", "settings", "view"])
def test_a_name_that_comes_as_a_parameter_opens_no_door(
    stack: Endpoints, table: str, value: str, where: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("do-not-read-me")
    calls = f"SELECT arrayMap({{f:Identifier}}, ['{secret}'])"
    quoted = value.replace("\\", "\\\\")
    url = "?param_f=" + quote(value) if where == "param_f" else f"?session_id=names-{uuid.uuid4()}"
    if where == "session":
        ask(stack, f"SET param_f = '{quoted}'", url=url)
    elif where == "settings":
        calls += f" SETTINGS param_f = '{quoted}'"
    elif where == "view":
        ask(stack, f"CREATE VIEW {table}2 AS {calls}", url="?param_f=upper")
        calls = f"SELECT * FROM {table}2(f = '{quoted}')"
    response = ask(stack, calls, url=url)
    assert response.status >= 400
    assert b"do-not-read-me" not in response.data


def test_a_name_that_comes_as_a_parameter_names_tables_and_columns(client: Client, table: str) -> None:
    client.insert(table, [ROW], column_names=COLUMNS)
    asked = "SELECT {column:Identifier} FROM {database:Identifier}.{table:Identifier}"
    names = {"column": "id", "database": DATABASE, "table": table.partition(".")[2]}
    assert client.query(asked, parameters=names).result_rows == [(7,)]


def test_template_files_cannot_be_named_in_the_url_either(stack: Endpoints) -> None:
    response = ask(stack, "SELECT 1 FORMAT Template", url="?format_template_resultset=/some/file")
    assert code(response) == "452"


def test_names_that_only_look_closed_stay_usable(client: Client, stack: Endpoints) -> None:
    client.command(f"CREATE TABLE {DATABASE}.disks (disk String, python UInt8, note String) ENGINE = Memory")
    assert (
        ask(stack, f"INSERT INTO {DATABASE}.disks VALUES ('INTO OUTFILE', 1, 'file(1) FROM INFILE')").status == 200
    )
    query = f"SELECT note FROM {DATABASE}.disks WHERE disk = 'INTO OUTFILE' AND python = 1 -- file('x')\n"
    assert ask(stack, query).data == b"file(1) FROM INFILE\n"


@pytest.mark.parametrize(
    ("sql", "answer"),
    [
        ("SELECT 1 AS format FROM system.one", b"1\n"),
        ("SELECT count() AS format FROM system.one", b"1\n"),
        ("SELECT format FROM (SELECT 2 AS format)", b"2\n"),
        ("SELECT FORMAT FROM (SELECT 3 AS FORMAT) ORDER BY FORMAT ASC", b"3\n"),
        ("SELECT 'FORMAT JSON' AS x FORMAT JSONEachRow", b'{"x":"FORMAT JSON"}\n'),
        ("SELECT 1 AS x SETTINGS max_threads = 1 FORMAT JSONEachRow", b'{"x":1}\n'),
        ("SELECT 1 AS x FORMAT JSONEachRow SETTINGS max_threads = 1", b'{"x":1}\n'),
        ("(SELECT 1) UNION ALL (SELECT 1) -- FORMAT JSON", b"1\n1\n"),
        ("/* FORMAT CSV */ EXISTS TABLE system.one", b"1\n"),
    ],
)
def test_format_is_a_clause_only_where_the_engine_reads_one(stack: Endpoints, sql: str, answer: bytes) -> None:
    assert ask(stack, sql).data == answer


@pytest.mark.parametrize("unit", [" ", "/**/", "/* x */ ", "-- x\n", "(", "#! x\n", "'", "INSERT INTO VALUES "])
def test_what_no_statement_begins_with_is_refused_at_once(stack: Endpoints, unit: str) -> None:
    response = ask(stack, unit * 20_000 + ";")
    assert (response.status, code(response)) in {(400, "62"), (500, "306")}


@pytest.mark.parametrize(
    ("insert", "expected"),
    [
        ("INSERT INTO {} VALUES (1, 'a;b')", b"1\ta;b\n"),
        ("INSERT INTO {} (id, format) VALUES (1, 'my file'), (2, 'it''s `x`');", b"1\tmy file\n2\tit\\'s `x`\n"),
        ("/* VALUES */ INSERT INTO {} -- FORMAT CSV\n FORMAT TSV\n1\tVALUES (2)\n", b"1\tVALUES (2)\n"),
        ('INSERT INTO {} FORMAT JSONEachRow\r\n{{"id": 1, "format": "FORMAT x"}}', b"1\tFORMAT x\n"),
        ('INSERT INTO {} SETTINGS async_insert = 0 FORMAT CSV 1,"; DROP"', b"1\t; DROP\n"),
        ("INSERT INTO {} SELECT 1 AS format, 'FORMAT CSV' AS values FROM system.one", b"1\tFORMAT CSV\n"),
        ("INSERT INTO {} WITH 'a' AS x SELECT 1, x", b"1\ta\n"),
    ],
)
@pytest.mark.parametrize("name", ["values", "format"])
def test_data_of_an_insert_begins_where_the_engine_says(
    client: Client, stack: Endpoints, name: str, insert: str, expected: bytes
) -> None:
    where = f"{DATABASE}.{name}"
    client.command(f"CREATE OR REPLACE TABLE {where} (id UInt32, format String) ENGINE = Memory")
    response = ask(stack, insert.format(name), url=f"?database={DATABASE}")
    assert response.status == 200, response.data
    assert ask(stack, f"SELECT * FROM {where} ORDER BY id").data == expected


def test_plain_sql_and_formats_as_curl_asks(stack: Endpoints) -> None:
    response = ask(stack, "SELECT 1 AS a, 'x' AS b")
    assert (response.data, response.headers["X-ClickHouse-Format"]) == (b"1\tx\n", "TabSeparated")
    assert ask(stack, "SELECT 1 AS a FORMAT CSVWithNames").data == b'"a"\n1\n'
    assert ask(stack, "SELECT 1 AS a", url="?default_format=JSONEachRow").data == b'{"a":1}\n'
    assert ask(stack, "SELECT {x:String}", url="?param_x=a%27b").data == b"a\\'b\n"
    assert ask(stack, "SELECT 1;").data == b"1\n"
    assert ask(stack, "SELECT 'é', $$x'y$$").data == "é\tx\\'y\n".encode()
    assert ask(stack, "").status == 400


def test_concurrent_clients_lose_nothing(client: Client, stack: Endpoints, table: str) -> None:
    failures: list[Exception] = []

    def insert(worker: int) -> None:
        try:
            own = connect(stack, autogenerate_session_id=False)
            for number in range(10):
                rows: list[tuple[object, ...]] = [
                    (worker * 1000 + number * 10 + i, "x", ROW[2], []) for i in range(10)
                ]
                own.insert(
                    table,
                    rows,
                    column_names=COLUMNS,
                    settings={"insert_deduplication_token": f"{worker}-{number}"},
                )
                own.query(f"SELECT count() FROM {table}")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=insert, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert client.query(f"SELECT count(), uniqExact(id) FROM {table}").result_rows == [(400, 400)]


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /?query=%ff%fe HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\nab",
        b"GET /?session_timeout=x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /" + b"a" * 2_000_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
)
def test_malformed_requests_never_kill_the_server(stack: Endpoints, raw: bytes) -> None:
    target = urlsplit(stack.clickhouse_url)
    with socket.create_connection((target.hostname or "", target.port or 0), timeout=5) as sock:
        try:
            sock.sendall(raw)
            sock.shutdown(socket.SHUT_WR)
            sock.recv(4096)
        except OSError:
            pass  # the server may hang up first
    for body in (
        b"\xff\xfe",
        b"SELECT '\xff'",
        b"SELECT (",
        b"(" * 5000,
        b"INSERT INTO t FORMAT Native\n\xff\xff",
    ):
        assert ask(stack, body).status >= 400
    assert ask(stack, "SELECT 1").data == b"1\n"


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO {table} (id) VALUES (1)",
        "INSERT INTO {table} (id) SELECT 1",
        "CREATE TABLE {table}2 (a UInt8) ENGINE = Memory",
        "DROP TABLE {table}",
        "TRUNCATE TABLE {table}",
        "ALTER TABLE {table} DELETE WHERE 1",
        "OPTIMIZE TABLE {table}",
        "KILL QUERY WHERE 1",
        "SYSTEM FLUSH LOGS",
        "SET readonly = 0",
        "SELECT 1 SETTINGS readonly = 0",
    ],
)
@pytest.mark.parametrize("url", ["", "?readonly=0", "?session_id=shared"])
def test_the_reader_can_only_read(client: Client, stack: Endpoints, table: str, sql: str, url: str) -> None:
    client.insert(table, [ROW], column_names=COLUMNS)
    ask(stack, "SET max_threads = 1", url="?session_id=shared")
    assert code(ask_as_reader(stack, sql.format(table=table), url)) == "164"
    assert ask_as_reader(stack, f"SELECT id FROM {table} SETTINGS max_threads = 1", url).data == b"7\n"
    assert ask_as_reader(stack, f"EXISTS TABLE {table}2").data == b"0\n"


def test_sessions_of_the_reader_are_not_the_writers(stack: Endpoints) -> None:
    ask(stack, "CREATE TEMPORARY TABLE mine AS SELECT 'secret' AS a", url="?session_id=same")
    assert code(ask_as_reader(stack, "SELECT a FROM mine", "?session_id=same")) == "60"
    ask_as_reader(stack, "SET max_block_size = 7", "?session_id=same")
    asked = "SELECT getSetting('max_block_size')"
    assert ask_as_reader(stack, asked, "?session_id=same").data == b"7\n"
    assert ask(stack, asked, url="?session_id=same").data != b"7\n"


def test_the_server_works_in_an_empty_folder(stack: Endpoints) -> None:
    folder = Path(server_process(stack).cwd())
    assert list(folder.iterdir()) == []


def test_an_answer_is_sent_while_the_query_runs_and_ends_with_its_client(stack: Endpoints) -> None:
    marker = str(uuid.uuid4())
    sql = f"SELECT repeat('x', 1000000), sleepEachRow(0.2) FROM numbers(1000) -- {marker}"
    sql += f"\nWHERE '{marker}' != '' SETTINGS max_block_size = 1, max_threads = 1"
    response = urllib3.PoolManager().request(
        "POST",
        stack.clickhouse_url,
        body=sql,
        headers={"X-ClickHouse-Key": stack.clickhouse_password},
        preload_content=False,
        retries=False,
    )
    assert response.read(1_000_000) == b"x" * 1_000_000
    assert running(stack, marker) == 1
    response.close()
    assert_ends(stack, marker)


def test_a_query_without_an_answer_yet_ends_with_its_client(stack: Endpoints) -> None:
    marker = str(uuid.uuid4())
    body = f"SELECT count() FROM numbers(1000000000000) WHERE '{marker}' != ''".encode()
    with request_on_a_socket(stack, body):
        while not running(stack, marker):
            time.sleep(0.02)
    assert_ends(stack, marker)


def test_an_error_in_the_middle_of_an_answer_reaches_the_client(client: Client, stack: Endpoints) -> None:
    sql = "SELECT number, throwIf(number = 2900000, 'too far') FROM numbers(3000000)"
    with pytest.raises(StreamFailureError, match="too far"):
        assert client.query(sql).result_rows
    with pytest.raises(urllib3.exceptions.ProtocolError):
        ask(stack, sql)
    assert code(ask(stack, "SELECT throwIf(1)")) == "395"


def test_an_answer_of_a_gigabyte_does_not_fill_the_memory(stack: Endpoints) -> None:
    server = server_process(stack)
    ask(stack, "SELECT number, repeat('x', 500) FROM numbers(500000) FORMAT Null")
    before = server.memory_info().rss
    response = urllib3.PoolManager().request(
        "POST",
        stack.clickhouse_url,
        body=b"SELECT number, repeat('x', 500) FROM numbers(2000000) FORMAT JSONEachRow",
        headers={"X-ClickHouse-Key": stack.clickhouse_password},
        preload_content=False,
        retries=False,
    )
    size = most = 0
    while chunk := response.read(16 << 20):
        size, most = size + len(chunk), max(most, server.memory_info().rss)
    assert size > 1_000_000_000
    assert most - before < 700_000_000


def test_sleeping_statements_do_not_keep_kill_query_waiting(stack: Endpoints) -> None:
    marker = str(uuid.uuid4())
    sql = f"SELECT sleepEachRow(1), '{marker}' FROM numbers(60) SETTINGS max_block_size = 1"
    sleeping = [threading.Thread(target=ask, args=(stack, sql)) for _ in range(STATEMENTS + 6)]
    for thread in sleeping:
        thread.start()
    kill = f"KILL QUERY WHERE position(query, '{marker}') > 0 AND query_kind = 'Select'"
    while ask(stack, f"{kill} TEST").data.count(b"\n") < STATEMENTS:
        assert all(thread.is_alive() for thread in sleeping)
        time.sleep(0.05)
    while any(thread.is_alive() for thread in sleeping):
        assert ask(stack, f"{kill} ASYNC").status == 200  # those that waited for their turn begin meanwhile
        time.sleep(0.05)


def test_sleeping_readers_hold_up_no_writer_and_far_too_many_are_refused(
    client: Client, stack: Endpoints, table: str
) -> None:
    marker = str(uuid.uuid4())
    sql = f"SELECT sleepEachRow(1), '{marker}' FROM numbers(60) SETTINGS max_block_size = 1"
    name, key = stack.clickhouse_reader_user, stack.clickhouse_reader_password
    user = f"X-ClickHouse-User: {name}\r\nX-ClickHouse-Key: {key}"
    with ExitStack() as clients, selectors.DefaultSelector() as answered:
        for _ in range(MOST_READS_IN_SIGHT * READS + 6):
            sock = clients.enter_context(request_on_a_socket(stack, sql.encode(), user.encode()))
            answered.register(sock, selectors.EVENT_READ)
        while running(stack, marker) < READS or len(answered.select(0)) < 6:
            time.sleep(0.05)
        ready = [entry.fileobj for entry, _ in answered.select(0)]
        heads = [sock.recv(4096) for sock in ready if isinstance(sock, socket.socket)]
        assert [b"X-ClickHouse-Exception-Code: 202\r\n" in head for head in heads] == [True] * 6
        assert ask(stack, f"INSERT INTO {table} (id) VALUES (1)").status == 200
        assert client.command(f"SELECT count() FROM {table}") == 1
        assert running(stack, marker) == READS
    assert_ends(stack, marker)
    assert ask_as_reader(stack, "SELECT 1").data == b"1\n"


def test_sessions_of_readers_push_out_no_session_of_a_writer(stack: Endpoints) -> None:
    ask(stack, "CREATE TEMPORARY TABLE kept AS SELECT 1 AS a", url="?session_id=kept")
    for number in range(MOST_SESSIONS + 1):
        assert ask_as_reader(stack, "SELECT 1", f"?session_id=flood-{number}").status == 200
    assert ask(stack, "SELECT a FROM kept", url="?session_id=kept&session_check=1").data == b"1\n"


@pytest.mark.parametrize("database", ["system", "INFORMATION_SCHEMA", "information_schema", "_shell"])
@pytest.mark.parametrize(
    "sql",
    [
        "DROP DATABASE {0}",
        "DROP DATABASE IF EXISTS `{0}` SYNC",
        "DROP DATABASE {{d:Identifier}}",
        "TRUNCATE DATABASE {0}",
        "TRUNCATE ALL TABLES FROM {0}",
        "RENAME DATABASE {0} TO elsewhere",
        "CREATE TABLE {0}.made (a UInt8) ENGINE = Log",
        "CREATE VIEW {0}.made AS SELECT 1",
        "DROP TABLE {0}.one",
        "RENAME TABLE {0}.tables TO default.taken",
        "DETACH DATABASE {0}",
    ],
)
def test_the_engines_own_databases_cannot_be_changed(stack: Endpoints, sql: str, database: str) -> None:
    response = ask(stack, sql.format(database), url=f"?param_d={database}")
    assert code(response) in ("497", "60"), response.data
    databases = ask(stack, "SHOW DATABASES").data.decode().split()
    assert {"system", "INFORMATION_SCHEMA", "information_schema", "_shell"} <= set(databases)


def test_a_query_cannot_hide_from_its_end_behind_a_comment_of_its_own(stack: Endpoints) -> None:
    session = f"?session_id={uuid.uuid4()}"
    assert code(ask(stack, "SELECT 1 SETTINGS log_comment = 'dbt'")) == "452"
    assert code(ask(stack, "SET log_comment = 'dbt'", url=session)) == "452"
    marker = str(uuid.uuid4())
    body = f"SELECT count() FROM numbers(1000000000000) WHERE '{marker}' != ''".encode()
    with request_on_a_socket(stack, body, url="?log_comment=dbt"):
        while not running(stack, marker):
            time.sleep(0.02)
    assert_ends(stack, marker)


@pytest.mark.parametrize("url", ["?compress=1", "?compress=1&enable_http_compression=1"])
@pytest.mark.parametrize("rows", [0, 1, 400_000])
def test_answers_come_in_clickhouses_own_frames_when_asked_for(stack: Endpoints, url: str, rows: int) -> None:
    sql = f"SELECT number, toString(number) FROM numbers({rows}) ORDER BY number"
    plain = ask(stack, sql).data
    assert frames.unpack(ask(stack, sql, url=url).data) == plain


def test_an_insert_in_clickhouses_own_frames_is_read(client: Client, stack: Endpoints, table: str) -> None:
    where = f"?decompress=1&query=INSERT+INTO+{table}+(id,text)+FORMAT+TSV"
    body = frames.pack(b"1\tone\n2\ttwo\n")
    assert ask(stack, body, url=where).status == 200
    assert client.command(f"SELECT groupArray(text) FROM {table}") == "['one','two']"
    for damaged in (body[:-1], body[:20] + b"\xff" + body[21:], b"1\tone\n"):
        assert ask(stack, damaged, url=where).status == 400
    assert client.command(f"SELECT count() FROM {table}") == 2


def test_the_first_question_of_clickhouse_go_is_answered_in_its_revision(stack: Endpoints) -> None:
    """As clickhouse-go 2.51 sends it: it reads all later blocks in the revision that this one names."""
    url = "?client_protocol_version=54460&database=default&default_format=Native"
    answer = ask(stack, "SELECT displayName(), version(), revision(), timezone()", url=url).data
    assert answer.startswith(b"\1\0\2\xff\xff\xff\xff\0" + b"\4\1" + b"\x0ddisplayName()\6String\0")
    assert b"\x0arevision()\6UInt32\0" + b"\0\0\0\0" in answer
    later = ask(stack, "SELECT 1 AS a", url=url).data
    assert later == b"\1\1\1a\5UInt8\1"


def test_headers_that_cannot_be_read_are_the_clients_mistake(stack: Endpoints) -> None:
    for header in (b"X-ClickHouse-Key: \xff\xfe", b"Authorization: Basic /////w==", b"Authorization: Basic !"):
        with request_on_a_socket(stack, b"SELECT 1", header) as sock:
            assert sock.recv(100).startswith(b"HTTP/1.1 403 ")
    assert ask(stack, "SELECT 1", headers={"Content-Encoding": "br"}).status == 400
    assert ask(stack, "SELECT 1", url="?readonly=" + "9" * 50).status == 400
    assert ask(stack, "SELECT 1", url="?default_format=a;b").status == 400
    bomb = gzip.compress(b"SELECT 1 --" + b"a" * (300 << 20), 1)
    assert ask(stack, bomb, headers={"Content-Encoding": "gzip"}).status == 400


@contextmanager
def request_on_a_socket(
    stack: Endpoints, body: bytes, credentials: bytes = b"", url: str = ""
) -> Iterator[socket.socket]:
    target = urlsplit(stack.clickhouse_url)
    lines = [
        f"POST /{url} HTTP/1.1".encode(),
        b"Host: 127.0.0.1",
        credentials or b"X-ClickHouse-Key: " + stack.clickhouse_password.encode(),
        b"Content-Length: %d" % len(body),
    ]
    with socket.create_connection((target.hostname or "", target.port or 0), timeout=10) as sock:
        sock.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        yield sock


def running(stack: Endpoints, marker: str) -> int:
    found = f"position(query, '{marker}') > 0 AND query NOT LIKE '%processes%'"
    return int(ask(stack, f"SELECT count() FROM system.processes WHERE {found}").data)


def assert_ends(stack: Endpoints, marker: str) -> None:
    deadline = time.monotonic() + 20
    while running(stack, marker):
        assert time.monotonic() < deadline, "the query runs on without its client"
        time.sleep(0.05)


def server_process(stack: Endpoints) -> psutil.Process:
    port = urlsplit(stack.clickhouse_url).port
    for process in search("pipeline.local.clickhouse.server"):
        if any(item.laddr.port == port for item in process.net_connections("tcp") if item.status == "LISTEN"):
            return process
    raise AssertionError(f"no server listens on {port}")


@pytest.mark.parametrize(
    "setting", ["network_compression_method=LZ4", "session_timezone=UTC", "max_result_rows=0"]
)
def test_settings_that_official_clients_send_by_themselves_are_open(stack: Endpoints, setting: str) -> None:
    assert ask_as_reader(stack, "SELECT 1", f"?{setting}").status == 200
