"""Starts, finds and ends the stack's own processes, and never anybody else's.

A process runs in a session of its own, so that it outlives a `kill -9` of whoever started it. It is recognised by
its pid, its start time and a marker in its command line together. A pid that the system gave to another program is
therefore never signalled.
"""

import contextlib
import json
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil
from psutil import Process as Process  # the type that `find` and `spawn` return

START_TIME_TOLERANCE_S = 2.0
"""Seconds by which a noted start time may differ. Linux derives start times from the boot time, which the kernel
may restate by a second after a clock step."""


def free_ports(count: int) -> list[int]:
    """Returns `count` different TCP ports of 127.0.0.1 that nobody listens on now. The system chooses them."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [int(sock.getsockname()[1]) for sock in sockets]


def is_port_free(port: int) -> bool:
    """Whether 127.0.0.1:`port` can be bound now."""
    with socket.socket() as sock:
        # A server that just ended leaves connections in TIME_WAIT. They do not hinder the next server, so they
        # must not hinder the probe.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def spawn(
    args: Sequence[str], log_path: Path, pid_path: Path, environment: Mapping[str, str] | None = None
) -> psutil.Process:
    """Starts `args` in a new session with both outputs in `log_path`, and notes it in `pid_path`.

    Args:
        args: program with its path, and arguments.
        log_path: emptied first.
        pid_path: read by `find`.
        environment: of the child; None: the same as ours.

    Raises:
        OSError: the program cannot be executed.
    """
    log_path.parent.mkdir(parents=True, exist_ok=True)
    log_flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    # This is posix_spawn and not Popen. The child must not depend on an object of this process, and a parent that
    # has loaded chdb must not fork.
    pid = os.posix_spawn(
        args[0],
        list(args),
        dict(os.environ if environment is None else environment),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log_path), log_flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        # A session of its own keeps Ctrl-C in the terminal away from the servers.
        setsid=True,
        setsigmask=[],
        setsigdef=[signal.SIGPIPE, signal.SIGINT],
    )
    process = psutil.Process(pid)
    write_private(pid_path, json.dumps({"pid": pid, "started_s": process.create_time()}))
    return process


def write_private(path: Path, text: str) -> None:
    """Writes `text` to `path` in one step, readable by this user only."""
    # The draft bears our pid, so that two callers never write the same one.
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def find(pid_path: Path, marker: str) -> psutil.Process | None:
    """Returns the living process that is noted in `pid_path` and whose command line holds `marker`, or None.

    When the note is missing or stale, the process table is searched for `marker`, an absolute path inside the
    state folder that no other program is started with. A caller that was killed between starting a process and
    noting it therefore leaves no orphan behind.
    """
    noted = _noted(pid_path)
    if noted is not None and _is_ours(noted, marker):
        return noted
    for process in search(marker):
        write_private(pid_path, json.dumps({"pid": process.pid, "started_s": process.create_time()}))
        return process
    return None


def search(marker: str) -> list[psutil.Process]:
    """Returns every living process of this user that was started with `marker` among its arguments."""
    return [
        process for process in psutil.process_iter() if process.pid != os.getpid() and _is_ours(process, marker)
    ]


def stop(processes: Sequence[psutil.Process], grace_s: float) -> None:
    """Sends SIGTERM to each process, and SIGKILL after `grace_s` seconds to those that still run. With 0 it sends
    SIGKILL at once."""
    if grace_s > 0:
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
        # What is still alive after the grace time is killed below.
        _, processes = psutil.wait_procs(processes, timeout=grace_s)
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=10)


def is_alive(process: psutil.Process) -> bool:
    """Whether the process still runs. A zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _noted(pid_path: Path) -> psutil.Process | None:
    """Returns the process whose pid and start time stand in `pid_path`, if both still belong together."""
    try:
        note = json.loads(pid_path.read_text(encoding="utf-8"))
        process = psutil.Process(int(note["pid"]))
        drift_s = abs(process.create_time() - float(note["started_s"]))
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
    return process if drift_s <= START_TIME_TOLERANCE_S else None


def _is_ours(process: psutil.Process, marker: str) -> bool:
    """Whether the process is alive, of this user, and started with `marker` as one of its arguments."""
    try:
        return process.uids().real == os.getuid() and marker in process.cmdline() and is_alive(process)
    except psutil.Error:
        return False
