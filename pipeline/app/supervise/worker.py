"""One worker process of the supervisor: started in a group of its own, its output passed on, ended for good.

In: a command and where its output goes. Out: a running process and a call when it has ended. Never here: when
to restart.
"""

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
"""A longer line is passed on in pieces, so that no child fills our memory."""


@dataclass(frozen=True)
class Launch:
    """What is started."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    inherit: int
    """Descriptor that the child gets besides its output."""
    log_file: Path | None
    """Appended to; None passes each line on to stderr behind the worker's name."""


class Worker:
    """A started process. `on_end` is called once, from a thread, when it has ended and is not yet reaped."""

    def __init__(self, launch: Launch, on_end: Callable[["Worker"], None]) -> None:
        self.name = launch.name
        self._process = _popen(launch)
        self.pid = self._process.pid
        if self._process.stdout is not None:
            pump = threading.Thread(
                target=_pass_on, args=(self._process.stdout, launch.name), name=f"{launch.name} log", daemon=True
            )
            pump.start()
        threading.Thread(target=self._await, args=(on_end,), name=f"{launch.name} wait", daemon=True).start()

    def _await(self, on_end: Callable[["Worker"], None]) -> None:
        # Not reaped here: until `reap`, the pid stays ours, so no signal can hit a stranger.
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        on_end(self)

    def ask_to_end(self) -> None:
        """SIGTERM to the process."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to the process and whatever it started in its group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def reap(self) -> int:
        """After `on_end`: ends what is left of the group; returns the exit code, negative for a signal."""
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
        # A group of its own: Ctrl-C in the terminal reaches only the supervisor, which asks each worker once.
        process_group=0,
    )


def _pass_on(stream: IO[bytes], name: str) -> None:
    with stream:
        while line := stream.readline(_LONGEST_LINE_BYTES):
            # One write a line, so that the lines of several workers do not mix.
            os.write(sys.stderr.fileno(), f"{name} | ".encode() + line.rstrip(b"\n") + b"\n")
