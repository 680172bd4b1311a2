"""The official ClickHouse clients run against the embedded server, with their default settings, as the reader.

Each program connects, lists, describes, passes a parameter, reads a million rows, and is refused two writes. The
packages come from the ordinary registries. Node 20, Java 17 with Maven, and Go 1.24 must be installed.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from pipeline.local.endpoints import Endpoints

PROGRAMS = Path(__file__).parent / "clients"
ROWS = 1_000_000
EXPECTED = {
    "list": ["numbers"],
    "describe": ["id UInt64", "word LowCardinality(String)"],
    "parameter": "it's; -- 'x'",
    "stream": ROWS,
    "refused": "164",
    "refused_drop": "164",
}


@pytest.fixture(scope="module", autouse=True)
def numbers(stack: Endpoints) -> Iterator[None]:
    with clickhouse_connect.get_client(
        dsn=stack.clickhouse_url, username=stack.clickhouse_user, password=stack.clickhouse_password
    ) as client:
        client.command("CREATE DATABASE clients")
        client.command(
            "CREATE TABLE clients.numbers (id UInt64, word LowCardinality(String)) ENGINE = MergeTree ORDER BY id"
        )
        client.command(f"INSERT INTO clients.numbers SELECT number, toString(number % 1000) FROM numbers({ROWS})")
        yield
        assert client.command("SELECT count() FROM clients.numbers") == ROWS
        client.command("DROP DATABASE clients")


def run(command: list[str], folder: Path, **environment: str) -> str:
    if shutil.which(command[0]) is None:
        pytest.fail(f"{command[0]} is not installed: this test needs Node, Java with Maven, and Go")
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def found(output: str) -> dict[str, object]:
    said: dict[str, object] = json.loads(output.splitlines()[-1])
    assert str(said.pop("connect")).startswith("26.")
    return said


def test_clickhouse_connect(stack: Endpoints) -> None:
    user, password = stack.clickhouse_reader_user, stack.clickhouse_reader_password
    address = stack.clickhouse_url.replace("://", f"://{user}:{password}@")
    with clickhouse_connect.get_client(dsn=f"{address}/clients") as client:
        assert client.server_version.startswith("26.")
        assert client.query("SHOW TABLES").result_rows == [("numbers",)]
        assert [row[:2] for row in client.query("DESCRIBE TABLE numbers").result_rows] == [
            ("id", "UInt64"), ("word", "LowCardinality(String)"),
        ]  # fmt: skip
        asked = client.query("SELECT {text:String}", parameters={"text": "it's \\ a\ttab"})
        assert asked.result_rows == [("it's \\ a\ttab",)]
        with client.query_row_block_stream("SELECT id, word FROM numbers") as blocks:
            assert sum(len(block) for block in blocks) == ROWS
        for refused in ("DROP TABLE numbers", "INSERT INTO numbers VALUES (1, 'x')"):
            with pytest.raises(DatabaseError) as error:
                client.command(refused)
            assert error.value.code == 164


def test_node(stack: Endpoints, tmp_path: Path) -> None:
    shutil.copytree(PROGRAMS / "node", tmp_path, dirs_exist_ok=True)
    run(["npm", "install", "--no-audit", "--no-fund", "--silent"], tmp_path)
    reader = [stack.clickhouse_url, stack.clickhouse_reader_user, stack.clickhouse_reader_password]
    assert found(run(["node", "client.js", *reader], tmp_path)) == EXPECTED


def test_jdbc(stack: Endpoints, tmp_path: Path) -> None:
    shutil.copytree(PROGRAMS / "java", tmp_path, dirs_exist_ok=True)
    run(["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"], tmp_path)
    reader = [stack.clickhouse_url, stack.clickhouse_reader_user, stack.clickhouse_reader_password]
    assert found(run(["java", "-cp", "lib/*", "Client.java", *reader], tmp_path)) == EXPECTED


@pytest.mark.timeout(1200)
def test_go_over_http(stack: Endpoints, tmp_path: Path) -> None:
    shutil.copytree(PROGRAMS / "go", tmp_path, dirs_exist_ok=True)
    run(["go", "build", "-o", "client", "."], tmp_path, GOFLAGS="-mod=mod")
    address = urlsplit(stack.clickhouse_url).netloc
    reader = [address, stack.clickhouse_reader_user, stack.clickhouse_reader_password]
    for compression in ([], ["lz4"], ["gzip"]):
        assert found(run([str(tmp_path / "client"), *reader, *compression], tmp_path)) == EXPECTED
