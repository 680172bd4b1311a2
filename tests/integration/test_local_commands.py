"""`earshot local` and `earshot doctor` as a shell calls them."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from pipeline.adapters.kafka.config import producer_config
from pipeline.local.endpoints import Endpoints
from pipeline.local.stack import down
from pipeline.settings import KafkaSettings
from schemas.base import SourcePosition
from schemas.dead_letter import DeadLetterInfo, encode_headers
from schemas.topics import RAW, SCORED

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
    assert findings["topics"]["remedy"] == "mend that first"
    assert {"lag", "dead letters"}.isdisjoint(findings)


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
    assert findings["ClickHouse"]["remedy"] == "earshot migrate"
    assert visit.returncode == 3
    assert stack.clickhouse_password not in visit.stdout + visit.stderr


def visit(state_dir: Path, **variables: str) -> dict[str, dict[str, str]]:
    """Returns the doctor's findings by name."""
    done = earshot(state_dir, "doctor", "--json", **variables)
    assert "Traceback" not in done.stderr
    return {finding["name"]: finding for finding in map(json.loads, done.stdout.splitlines())}


def test_the_doctor_s_remedy_is_of_what_it_found(stack: Endpoints, state_dir: Path) -> None:
    kafka = {"EARSHOT_KAFKA__BOOTSTRAP_SERVERS": stack.kafka_bootstrap}
    store = {"EARSHOT_CLICKHOUSE__URL": stack.clickhouse_url, "EARSHOT_CLICKHOUSE__USER": stack.clickhouse_user}
    assert earshot(state_dir, "topics", "apply", **kafka).returncode == 0
    found = visit(
        state_dir,
        **kafka,
        **store,
        EARSHOT_CLICKHOUSE__PASSWORD="wrong",
        EARSHOT_KAFKA__POST_PARTITIONS="8",
    )
    assert "posts.raw has 4, not 8" in found["topics"]["detail"]
    assert found["topics"]["remedy"] == "set EARSHOT_KAFKA__POST_PARTITIONS=4"
    assert "refuses user" in found["ClickHouse"]["detail"]
    assert found["ClickHouse"]["remedy"] == "mend EARSHOT_CLICKHOUSE__USER and EARSHOT_CLICKHOUSE__PASSWORD"

    sasl = {"SECURITY_PROTOCOL": "SASL_PLAINTEXT", "SASL_MECHANISM": "PLAIN", "SASL_USERNAME": "ann"}
    variables = {f"EARSHOT_KAFKA__{name}": value for name, value in sasl.items()}
    done = earshot(state_dir, "topics", "diff", **kafka, **variables, EARSHOT_KAFKA__SASL_PASSWORD="hunter-2")
    assert done.returncode == 2
    assert "does not take SASL mechanism PLAIN\n  -> mend EARSHOT_KAFKA__SASL_MECHANISM" in done.stderr
    assert "hunter-2" not in done.stderr


def test_the_doctor_tells_what_waits_unread_and_what_was_given_up(stack: Endpoints, state_dir: Path) -> None:
    kafka = {"EARSHOT_KAFKA__BOOTSTRAP_SERVERS": stack.kafka_bootstrap}
    assert earshot(state_dir, "topics", "apply", **kafka).returncode == 0
    info = DeadLetterInfo(
        stage="sink",
        code="invalid_field",
        detail="too long",
        source=SourcePosition(topic=SCORED.name, partition=0, offset=1),
        appended_ms=1,
        failed_ms=2,
    )
    producer = Producer(producer_config(KafkaSettings(bootstrap_servers=stack.kafka_bootstrap)))
    producer.produce(RAW.name, b"{}", b"acme/x:1")
    producer.produce(SCORED.dlq.name, b"{}", b"acme/x:1", headers=encode_headers(info))
    assert producer.flush(30) == 0
    found = visit(state_dir, **kafka)
    assert not found["lag"]["ok"]
    assert "nobody reads them: enrich " in found["lag"]["detail"]
    assert "earshot run enrich" in found["lag"]["remedy"]
    assert found["dead letters"]["ok"]
    assert re.search(r"posts\.scored \d+ \(newest invalid_field\)", found["dead letters"]["detail"])
    assert found["dead letters"]["remedy"] == "earshot dlq list"
