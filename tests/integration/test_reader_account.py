"""The account that can only read: on a real server by `deploy/clickhouse-reader.xml`, and in `earshot query`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from pipeline.adapters.clickhouse.analytics import open_analyst
from pipeline.errors import Misconfigured
from pipeline.local.endpoints import Endpoints
from pipeline.settings import ClickHouseSettings

pytestmark = pytest.mark.integration

READER_XML = Path(__file__).parents[2] / "deploy" / "clickhouse-reader.xml"

ENGINE = """
import sys, chdb
connection = chdb.connect(f"{sys.argv[1]}?config-file={sys.argv[2]}")
for sql in sys.stdin.read().splitlines():
    try:
        print("ok", connection.query(sql, "TSV").bytes().decode().strip())
    except RuntimeError as error:
        print("no", str(error)[:200].partition("Code: ")[2].partition(".")[0])
"""


def engine(folder: Path, users: str, statements: list[str]) -> list[str]:
    """Each statement's outcome on an engine of its own with `users` as its users file; the engine is `default`."""
    (folder / "users.xml").write_text(users)
    config = folder / "config.xml"
    config.write_text(f"<clickhouse><users_config>{folder}/users.xml</users_config></clickhouse>")
    done = subprocess.run(
        [sys.executable, "-c", ENGINE, str(folder / "data"), str(config)],
        input="\n".join(statements),
        env=os.environ | {"CLICKHOUSE_READER_PASSWORD": ""},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_users_file_makes_an_account_that_reads_earshot_and_no_more(tmp_path: Path) -> None:
    anybody = (
        "<clickhouse><profiles><default/></profiles><quotas><default/></quotas><users><default><password></password>"
        "<networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota></default></users>"
        "</clickhouse>"
    )
    made = engine(
        tmp_path,
        anybody,
        [
            "CREATE DATABASE earshot ENGINE = Atomic",
            "CREATE DATABASE other ENGINE = Atomic",
            "CREATE TABLE earshot.t (a UInt8) ENGINE = ReplacingMergeTree ORDER BY a",
            "CREATE TABLE other.t (a UInt8) ENGINE = Memory",
            "SYSTEM STOP MERGES",
            "INSERT INTO earshot.t SELECT 1",
            "INSERT INTO earshot.t SELECT 1",
        ],
    )
    assert [line[:2] for line in made] == ["ok"] * 7, made
    # The engine is always `default` when embedded: that name is given to the account, and the rest is as shipped.
    reader = (
        READER_XML.read_text().replace("<earshot_reader>", "<default>").replace("</earshot_reader>", "</default>")
    )
    reader = reader.replace("<profile>earshot_reader<", "<profile>default<")
    reader = reader.replace("</clickhouse>", "<quotas><default/></quotas></clickhouse>")
    outcomes = engine(
        tmp_path,
        reader,
        [
            "SELECT count() FROM earshot.t",
            "SELECT count() FROM earshot.t SETTINGS max_threads = 1",
            "SELECT name FROM system.tables WHERE database != 'system' AND lower(database) NOT LIKE 'info%'",
            "SELECT count() FROM other.t",
            "INSERT INTO earshot.t SELECT 2",
            "DROP TABLE earshot.t",
            "CREATE TABLE earshot.t2 (a UInt8) ENGINE = Memory",
            "SET readonly = 0",
            "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
        ],
    )
    assert outcomes[:4] == ["ok 1", "ok 1", "ok t", "no 497"]
    assert set(outcomes[4:]) == {"no 497", "no 164"}


def test_query_and_report_ask_as_the_reader_where_its_password_is_set(stack: Endpoints) -> None:
    settings = ClickHouseSettings(
        url=stack.clickhouse_url,
        user="nobody",
        password=SecretStr("wrong"),
        reader_user=stack.clickhouse_reader_user,
        reader_password=SecretStr(stack.clickhouse_reader_password),
        database="default",
    )
    with open_analyst(settings) as analyst:
        assert analyst.ask("SELECT 1 AS a").rows == [(1,)]
    with pytest.raises(Misconfigured), open_analyst(settings.model_copy(update={"reader_password": None})):
        pass
    assert stack.clickhouse_reader_password not in repr(settings) + repr(stack)
