"""The embedded stack's own life: up, down, status, kills, and what is left behind."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import clickhouse_connect
import psutil
import pytest
from clickhouse_connect.driver.client import Client
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from pipeline.errors import Misconfigured, ServiceMissing
from pipeline.local.endpoints import Endpoints, read_endpoints
from pipeline.local.stack import down, status, up

pytestmark = pytest.mark.integration

REPO = Path(__file__).parents[2]


@pytest.fixture
def state_dir(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "state"
    yield folder
    down(folder, wipe=True, grace_s=0)


def pids(state_dir: Path) -> dict[str, int | None]:
    return {server.name: server.pid for server in status(state_dir)}


def clickhouse(endpoints: Endpoints) -> Client:
    return clickhouse_connect.get_client(
        dsn=endpoints.clickhouse_url,
        username=endpoints.clickhouse_user,
        password=endpoints.clickhouse_password,
    )


def produce(endpoints: Endpoints, topic: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": endpoints.kafka_bootstrap})
    producer.produce(topic, value)
    assert producer.flush(30) == 0


def first_value(endpoints: Endpoints, topic: str) -> bytes | None:
    reader = Consumer(
        {"bootstrap.servers": endpoints.kafka_bootstrap, "group.id": "t", "auto.offset.reset": "earliest"}
    )
    reader.subscribe([topic])
    try:
        message = reader.poll(30)
        return None if message is None else message.value()
    finally:
        reader.close()


def make_topic(endpoints: Endpoints, topic: str, copies: int = 1) -> None:
    admin = AdminClient({"bootstrap.servers": endpoints.kafka_bootstrap})
    admin.create_topics([NewTopic(topic, 1, copies)])[topic].result(30)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A stack that two callers started at the same time."""
    folder = tmp_path_factory.mktemp("shared") / "state"
    try:
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(up, [folder, folder])
        assert first == second
        yield folder
    finally:
        down(folder, wipe=True, grace_s=0)


def test_session_fixture_serves_kafka_and_clickhouse(stack: Endpoints) -> None:
    assert AdminClient({"bootstrap.servers": stack.kafka_bootstrap}).list_topics(timeout=10).brokers
    assert clickhouse(stack).command("SELECT 1") == 1


def test_status_of_nothing_is_empty_and_down_of_nothing_stops_nothing(state_dir: Path) -> None:
    assert status(state_dir) == []
    assert read_endpoints(state_dir) is None
    assert down(state_dir) == 0
    assert not state_dir.exists()


def test_two_ups_at_once_start_one_stack_and_a_third_finds_it(shared: Path) -> None:
    before = pids(shared)
    assert up(shared) == read_endpoints(shared)
    assert pids(shared) == before
    assert all(server.answers for server in status(shared))
    assert len(started_with(shared / "kafka/1/broker.log")) == 1
    with pytest.raises(Misconfigured, match="belongs to 1 broker"):
        up(shared, brokers=3)


def test_secrets_are_private_and_never_shown(shared: Path) -> None:
    endpoints = read_endpoints(shared)
    assert endpoints is not None
    assert endpoints.clickhouse_password not in repr(endpoints)
    for name in ("stack.json", "clickhouse/password"):
        assert (shared / name).stat().st_mode & 0o777 == 0o600
    assert shared.stat().st_mode & 0o777 == 0o700
    for pid in pids(shared).values():
        assert endpoints.clickhouse_password not in " ".join(words(psutil.Process(pid)))


def test_down_is_idempotent_and_a_restart_keeps_data_and_ports(shared: Path) -> None:
    first = up(shared)
    make_topic(first, "kept")
    produce(first, "kept", b"value")
    clickhouse(first).command("CREATE TABLE kept (a UInt8) ENGINE = MergeTree ORDER BY a")
    clickhouse(first).command("INSERT INTO kept VALUES (7)")

    assert down(shared) == 2
    assert down(shared) == 0
    assert read_endpoints(shared) is None
    assert pids(shared) == {"kafka-1": None, "clickhouse": None}

    second = up(shared)
    assert second == first
    assert first_value(second, "kept") == b"value"
    assert clickhouse(second).command("SELECT a FROM kept") == 7


def test_killed_servers_are_replaced_and_stale_pids_left_alone(shared: Path) -> None:
    endpoints = up(shared)
    for pid in pids(shared).values():
        kill(psutil.Process(pid))
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    try:
        note = {"pid": bystander.pid, "started_s": psutil.Process(bystander.pid).create_time()}
        for path in (shared / "kafka/1/pid.json", shared / "clickhouse/pid.json"):
            path.write_text(json.dumps(note))
        assert up(shared) == endpoints
        assert down(shared) == 2
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_stack_survives_kill_of_its_parent_and_is_found_again(state_dir: Path) -> None:
    parent = start_in_another_process(state_dir, "print('up', flush=True); time.sleep(300)")
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"up\n"
    before = pids(state_dir)
    parent.kill()
    parent.communicate()
    endpoints = up(state_dir)
    assert pids(state_dir) == before
    assert clickhouse(endpoints).command("SELECT 1") == 1


def test_parent_killed_while_starting_leaves_nothing_that_up_cannot_use(state_dir: Path) -> None:
    for sign in ("clickhouse/pid.json", "kafka/1/server.properties", "kafka/1/pid.json"):
        parent = start_in_another_process(state_dir, "time.sleep(300)")
        deadline = time.monotonic() + 120
        while not (state_dir / sign).exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        parent.kill()
        parent.communicate()
    endpoints = up(state_dir)
    make_topic(endpoints, "works")
    assert clickhouse(endpoints).command("SELECT 1") == 1
    assert len(started_with(state_dir / "kafka/1/broker.log")) == 1


def test_taken_port_is_replaced_by_another(state_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        node = {"node_id": 1, "broker_port": port, "controller_port": port + 1 if port < 65_535 else port - 1}
        (state_dir / "kafka").mkdir(parents=True)
        (state_dir / "kafka/layout.json").write_text(
            json.dumps({"cluster_id": "MkU3OEVBNTcwNTJENDM2Qg", "nodes": [node]})
        )
        endpoints = up(state_dir)
        assert endpoints.kafka_bootstrap != f"127.0.0.1:{port}"
        make_topic(endpoints, "works")


def test_broker_that_cannot_start_is_said_in_words(state_dir: Path) -> None:
    (state_dir / "kafka/1/data").mkdir(parents=True)
    (state_dir / "kafka/1/data/meta.properties").write_text("version=1\nnode.id=9\ncluster.id=x\n")
    with pytest.raises(ServiceMissing, match=r"broker 1 ended.*node.id"):
        up(state_dir)


def test_three_brokers_survive_the_loss_of_one(state_dir: Path) -> None:
    endpoints = up(state_dir, brokers=3)
    make_topic(endpoints, "replicated", copies=3)
    kill(psutil.Process(pids(state_dir)["kafka-1"]))
    produce(endpoints, "replicated", b"after the loss")
    assert up(state_dir) == endpoints
    assert all(server.answers for server in status(state_dir))


def start_in_another_process(state_dir: Path, then: str) -> subprocess.Popen[bytes]:
    program = (
        "import sys, time; from pathlib import Path; from pipeline.local.stack import up; "
        f"up(Path(sys.argv[1])); {then}"
    )
    command = [sys.executable, "-c", program, str(state_dir)]
    return subprocess.Popen(command, cwd=REPO, stdout=subprocess.PIPE)


def started_with(log: Path) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if f"-Dearshot.log={log}" in words(process)]


def words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def kill(process: psutil.Process) -> None:
    process.kill()
    process.wait(30)
