"""Starts the embedded ClickHouse server as a process of its own.

Data, passwords (mode 0600) and log stay in the folder. The engine never runs in the process that asks for it.
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
"""Longest wait for the server. It answers after 1.5 s, and later when it loads many tables on a busy machine."""

POLL_S = 0.05

USER, READER = "default", "earshot_reader"


def running(folder: Path) -> psutil.Process | None:
    """Returns the living server over `folder`, which is absolute."""
    return find(folder / "pid.json", str(folder / "store"))


def launch(folder: Path) -> psutil.Process:
    """Returns the server's process, and starts it unless it runs. It may not answer yet.

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
    """Waits until the server answers, and returns its URL, the password of `USER` and that of `READER`.

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
    # A server that hangs is ended. The next `up` would find it again and wait for it in vain.
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
    """Returns the port of the last run, or 0. The next run takes the same port when it is free."""
    try:
        return int((folder / "port").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0


def _password_file(folder: Path, name: str = "password") -> Path:
    """Returns a password that is made once for a stack, random, and readable by this user only."""
    path = folder / name
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32))
    return path
