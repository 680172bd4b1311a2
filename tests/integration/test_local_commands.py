"""`earshot local` and `earshot doctor` as a shell calls them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.local.endpoints import Endpoints
from pipeline.local.stack import down

pytestmark = pytest.mark.integration

REPO = Path(__file__).parents[2]


@pytest.fixture
def state_dir(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "state"
    down(tmp_path / "state", wipe=True, grace_s=0)


def earshot(state_dir: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("EARSHOT_")}
    environment = known | {"EARSHOT_STATE_DIR": str(state_dir)} | variables
    command = [sys.executable, "-m", "pipeline.cli", *words]
    return subprocess.run(command, cwd=REPO, env=environment, capture_output=True, text=True, timeout=280)


def test_up_status_down_and_their_exit_codes(state_dir: Path) -> None:
    nothing = earshot(state_dir, "local", "status")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert "earshot local up" in nothing.stderr
    assert earshot(state_dir, "local", "up", "--brokers", "2").returncode == 2

    up = earshot(state_dir, "local", "up")
    assert up.returncode == 0, up.stderr
    assert "Ready" in up.stderr
    password = (state_dir / "clickhouse/password").read_text()
    assert password not in up.stderr + up.stdout

    running = earshot(state_dir, "local", "status", "--json")
    servers = [json.loads(line) for line in running.stdout.splitlines()]
    assert running.returncode == 0
    assert [(server["name"], server["answers"]) for server in servers] == [("kafka-1", True), ("clickhouse", True)]

    again = earshot(state_dir, "local", "up", "--brokers", "3")
    assert again.returncode == 2
    assert "local down --wipe" in again.stderr

    assert "2 server(s) stopped" in earshot(state_dir, "local", "down", "--wipe").stderr
    assert earshot(state_dir, "local", "down").returncode == 0
    assert not (state_dir / "kafka").exists()


def test_doctor_without_servers_names_them_with_remedies_and_exits_3(state_dir: Path) -> None:
    visit = earshot(state_dir, "doctor", "--json")
    assert visit.returncode == 3
    findings = {finding["name"]: finding for finding in map(json.loads, visit.stdout.splitlines())}
    assert [name for name, finding in findings.items() if not finding["ok"]] == ["Kafka", "topics", "ClickHouse"]
    assert "earshot local up" in findings["Kafka"]["remedy"]


def test_doctor_sees_servers_without_topics_and_tables(stack: Endpoints, state_dir: Path) -> None:
    variables = {
        "EARSHOT_KAFKA__BOOTSTRAP_SERVERS": stack.kafka_bootstrap,
        "EARSHOT_CLICKHOUSE__URL": stack.clickhouse_url,
        "EARSHOT_CLICKHOUSE__USER": stack.clickhouse_user,
        "EARSHOT_CLICKHOUSE__PASSWORD": stack.clickhouse_password,
        "EARSHOT_CLICKHOUSE__DATABASE": "never_migrated",
    }
    visit = earshot(state_dir, "doctor", "--json", **variables)
    findings = {finding["name"]: finding for finding in map(json.loads, visit.stdout.splitlines())}
    assert findings["Kafka"]["ok"]
    assert "migrations pending" in findings["ClickHouse"]["detail"]
    assert visit.returncode == 3
    assert stack.clickhouse_password not in visit.stdout + visit.stderr
