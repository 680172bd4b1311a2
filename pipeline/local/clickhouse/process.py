"""Starts the embedded ClickHouse server as a process of its own.

In: a folder. Out: its address; data, passwords (mode 0600) and log stay in the folder. The engine never runs in
the process that asks for it.
"""

import http.client
import secrets
import sys
import time
from pathlib import Path

import psutil

from pipeline.errors import ServiceMissing
from pipeline.local.processes import find, is_alive, spawn, stop, write_private

READY_TIMEOUT_S = 120.0
"""The server answers after 1.5 s; loading many tables on a busy machine takes longer."""

POLL_S = 0.05

USER, READER = "default", "earshot_reader"


def running(folder: Path) -> psutil.Process | None:
    """The living server over `folder` (absolute)."""
    return find(folder / "pid.json", str(folder / "store"))


def launch(folder: Path) -> psutil.Process:
    """The server's process, started now unless it runs; it may not answer yet.

    Raises:
        OSError: it cannot be started.
    """
    folder.mkdir(parents=True, exist_ok=True)
    process = running(folder)
    if process is not None:
        return process
    last_port = _port(folder)
    (folder / "port").unlink(missing_ok=True)
    command = [sys.executable, "-m", "pipeline.local.clickhouse.server", "--path", str(folder / "store")]
    command += ["--password-file", str(_password_file(folder)), "--port", str(last_port)]
    command += ["--reader-password-file", str(_password_file(folder, "reader-password"))]
    command += ["--port-file", str(folder / "port")]
    return spawn(command, folder / "server.log", folder / "pid.json")


def await_ready(folder: Path, process: psutil.Process) -> tuple[str, str, str]:
    """Waits until the server answers; returns its URL, the password of `USER` and that of `READER`.

    Raises:
        ServiceMissing: it ends, or does not answer within `READY_TIMEOUT_S`; the message has its last words.
    """
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline:
        url = f"http://127.0.0.1:{_port(folder)}"
        if _port(folder) and answers(url):
            files = (_password_file(folder), _password_file(folder, "reader-password"))
            password, reader_password = (file.read_text(encoding="utf-8") for file in files)
            return url, password, reader_password
        if not is_alive(process):
            log = (folder / "server.log").read_text(encoding="utf-8", errors="replace").strip()
            raise ServiceMissing(f"the ClickHouse server ended: {log[-500:] or 'no words'}")
        time.sleep(POLL_S)
    # One that hangs would be found again by the next `up`, and waited for in vain again.
    stop([process], 0)
    raise ServiceMissing(
        f"the ClickHouse server did not answer for {READY_TIMEOUT_S:.0f} s and was ended; see {folder}/server.log"
    )


def answers(url: str, timeout_s: float = 2.0) -> bool:
    """Whether a ClickHouse server answers `/ping` at `url` (`http://host:port`)."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=timeout_s)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().read() == b"Ok.\n"
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _port(folder: Path) -> int:
    """The port of the last run, 0 for none: the next run takes the same one when it is free."""
    try:
        return int((folder / "port").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0


def _password_file(folder: Path, name: str = "password") -> Path:
    """Made once per stack, random, of this user only."""
    path = folder / name
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32))
    return path
