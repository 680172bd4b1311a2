"""Starting, finding and ending processes, with small programs in place of servers."""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pipeline.local.processes import find, free_ports, is_alive, is_port_free, spawn, stop, write_private

IDLE = "import sys, time; print('ready', flush=True); time.sleep(60)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + IDLE


@pytest.fixture
def marker(tmp_path: Path) -> str:
    return str(tmp_path / "server.properties")


@pytest.fixture
def process(tmp_path: Path, marker: str, request: pytest.FixtureRequest) -> Iterator[psutil.Process]:
    program = getattr(request, "param", IDLE)
    started = spawn([sys.executable, "-c", program, marker], tmp_path / "log", tmp_path / "pid.json")
    deadline = time.monotonic() + 10
    while (tmp_path / "log").read_text() != "ready\n" and time.monotonic() < deadline:
        time.sleep(0.01)
    yield started
    stop([started], 0)


def test_spawned_process_leads_its_own_session(process: psutil.Process) -> None:
    assert os.getsid(process.pid) == process.pid != os.getsid(0)


def test_running_process_is_found_by_its_note(process: psutil.Process, tmp_path: Path, marker: str) -> None:
    assert find(tmp_path / "pid.json", marker) == process


def test_running_process_is_found_without_its_note(process: psutil.Process, tmp_path: Path, marker: str) -> None:
    (tmp_path / "pid.json").unlink()
    assert find(tmp_path / "pid.json", marker) == process
    assert json.loads((tmp_path / "pid.json").read_text())["pid"] == process.pid


def test_pid_of_another_program_is_never_taken_for_ours(tmp_path: Path, marker: str) -> None:
    me = psutil.Process()
    (tmp_path / "pid.json").write_text(json.dumps({"pid": me.pid, "started_s": me.create_time()}))
    assert find(tmp_path / "pid.json", marker) is None


def test_pid_with_another_start_time_is_never_taken_for_ours(
    process: psutil.Process, tmp_path: Path, marker: str
) -> None:
    (tmp_path / "pid.json").write_text(json.dumps({"pid": process.pid, "started_s": process.create_time() - 100}))
    assert find(tmp_path / "pid.json", "another marker") is None


@pytest.mark.parametrize(
    "note", ["", "{}", "[]", '{"pid": "x", "started_s": 1}', '{"pid": 2147483646, "started_s": 1}']
)
def test_damaged_or_stale_note_means_not_running(tmp_path: Path, marker: str, note: str) -> None:
    (tmp_path / "pid.json").write_text(note)
    assert find(tmp_path / "pid.json", marker) is None


def test_stop_ends_a_willing_process_by_sigterm(process: psutil.Process) -> None:
    stop([process], 10)
    assert not is_alive(process)


@pytest.mark.parametrize("process", [DEAF], indirect=True)
def test_stop_kills_a_process_that_ignores_sigterm(process: psutil.Process) -> None:
    stop([process], 0.2)
    assert not is_alive(process)


def test_stop_of_a_dead_process_is_quiet(process: psutil.Process) -> None:
    stop([process], 0)
    stop([process], 1)


def test_free_ports_are_different_and_free() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert all(is_port_free(port) for port in ports)


def test_private_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o600)
