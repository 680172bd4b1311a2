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

DEPLOY = Path(__file__).parents[2] / "deploy"
ANYBODY = (
    "<clickhouse><profiles><default/></profiles><quotas><default/></quotas><users><default><password></password>"
    "<networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota></default></users>"
    "</clickhouse>"
)

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
        env=os.environ | {"CLICKHOUSE_READER_PASSWORD": "", "CLICKHOUSE_SUPERVISOR_PASSWORD": ""},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def account(role: str) -> str:
    """The users file of a role, whose account is called `default`, as the engine always is when embedded."""
    name = f"earshot_{role}"
    users = (DEPLOY / f"clickhouse-{role}.xml").read_text()
    users = users.replace(f"<{name}>", "<default>").replace(f"</{name}>", "</default>")
    users = users.replace(f"<profile>{name}<", "<profile>default<")
    return users.replace("</clickhouse>", "<quotas><default/></quotas></clickhouse>")


def test_ids_of_reps_are_for_supervisors_and_the_figures_of_queues_for_everybody(tmp_path: Path) -> None:
    tables = {"case_events": "type String, rep_id String", "assignments": "state String, rep_id String",
              "queue_gauges": "queue String", "rep_presence": "rep_id String"}  # fmt: skip
    made = engine(
        tmp_path,
        ANYBODY,
        ["CREATE DATABASE earshot ENGINE = Atomic"]
        + [f"CREATE TABLE earshot.{name} ({columns}) ENGINE = Memory" for name, columns in tables.items()]
        + ["CREATE VIEW earshot.presence_spans AS SELECT rep_id FROM earshot.rep_presence"],
    )
    assert [line[:2] for line in made] == ["ok"] * 6, made
    for_all = [
        "SELECT count() FROM earshot.queue_gauges",
        "SELECT count() FROM earshot.case_events",
        "SELECT type FROM earshot.case_events",
        "SELECT * EXCEPT rep_id FROM earshot.assignments",
    ]
    of_reps = [
        "SELECT rep_id FROM earshot.case_events",
        "SELECT count() FROM earshot.assignments WHERE rep_id = 'r1'",
        "SELECT count() FROM earshot.rep_presence",
        "SELECT * FROM earshot.presence_spans",
    ]
    as_reader = engine(tmp_path, account("reader"), for_all + of_reps)
    assert [line[:2] for line in as_reader] == ["ok"] * 4 + ["no"] * 4, as_reader
    assert set(as_reader[4:]) == {"no 497"}
    as_supervisor = engine(tmp_path, account("supervisor"), [*for_all, *of_reps, "DROP TABLE earshot.assignments"])
    assert [line[:2] for line in as_supervisor] == ["ok"] * 8 + ["no"], as_supervisor


def test_the_users_file_makes_an_account_that_reads_earshot_and_no_more(tmp_path: Path) -> None:
    made = engine(
        tmp_path,
        ANYBODY,
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
    outcomes = engine(
        tmp_path,
        account("reader"),
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
