"""Runs one worker process of the supervisor in a process group of its own, and passes its output on."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_LONGEST_LINE_BYTES = 65_536
"""Bytes of a line. A longer line is passed on in pieces, so that no child fills our memory."""


@dataclass(frozen=True)
class Launch:
    """What is started."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    inherit: int
    """Descriptor that the child gets besides its output."""
    log_file: Path | None
    """File that the output is appended to. None passes each line on to stderr behind the worker's name."""


class Worker:
    """A started process. A thread calls `on_end` once, when the process has ended and is not yet reaped."""

    def __init__(self, launch: Launch, on_end: Callable[["Worker"], None]) -> None:
        self.name = launch.name
        self._process = _popen(launch)
        self.pid = self._process.pid
        if self._process.stdout is not None:
            pump = threading.Thread(
                target=_pass_on, args=(self._process.stdout, launch.name), name=f"{launch.name} log", daemon=True
            )
            pump.start()
        # A wait in a thread of its own costs nothing, and no signal handler has to look for children.
        threading.Thread(target=self._await, args=(on_end,), name=f"{launch.name} wait", daemon=True).start()

    def _await(self, on_end: Callable[["Worker"], None]) -> None:
        # The process is not reaped here. Until `reap` its pid stays ours, so that no signal can hit a stranger.
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        on_end(self)

    def ask_to_end(self) -> None:
        """Sends SIGTERM to the process."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """Sends SIGKILL to the process and whatever it started in its group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def reap(self) -> int:
        """Ends what is left of the group after `on_end`. It returns the exit code, which is negative for a
        signal."""
        self.kill()
        return self._process.wait()


def _popen(launch: Launch) -> subprocess.Popen[bytes]:
    if launch.log_file is None:
        return _start(launch, subprocess.PIPE)
    launch.log_file.parent.mkdir(parents=True, exist_ok=True)
    with launch.log_file.open("ab") as log:
        return _start(launch, log)


def _start(launch: Launch, output: int | IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(launch.command),
        env=dict(launch.environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        pass_fds=(launch.inherit,),
        # The child gets a group of its own, so that Ctrl-C in the terminal reaches only the supervisor, which asks
        # each worker once.
        process_group=0,
    )


def _pass_on(stream: IO[bytes], name: str) -> None:
    with stream:
        while line := stream.readline(_LONGEST_LINE_BYTES):
            # Each line is one write, so that the lines of several workers do not mix.
            os.write(sys.stderr.fileno(), f"{name} | ".encode() + line.rstrip(b"\n") + b"\n")
