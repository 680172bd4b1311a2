"""Writes `<state_dir>/run.json`, in which the supervisor tells others about its processes.

The file is replaced in one step, so that a reader never sees half of it.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.errors import Misconfigured

WorkerState = Literal["running", "waiting", "ended", "given_up"]
"""`given_up` means that the worker's exit code forbids another start. The other workers go on."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class WorkerStatus(_Frozen):
    """One worker of a stage."""

    stage: str
    name: str
    state: WorkerState
    pid: int | None
    """Process id. It is None while the worker does not run."""
    http_port: int
    """Where /metrics, /healthz and /readyz are, or were last."""
    restarts: int
    last_exit: int | None
    """Exit code of the last process, negative for a signal. It is None before the first end."""


class RunStatus(_Frozen):
    """All workers of one `earshot run all`."""

    supervisor_pid: int
    workers: tuple[WorkerStatus, ...]

    def of(self, stage: str) -> tuple[WorkerStatus, ...]:
        """Returns the workers of one stage."""
        return tuple(worker for worker in self.workers if worker.stage == stage)


def run_file(state_dir: Path) -> Path:
    """Returns where the status of `earshot run all` is."""
    return state_dir / "run.json"


def write_run_file(state_dir: Path, status: RunStatus) -> None:
    """Replaces the file in one step."""
    path = run_file(state_dir)
    draft = path.with_name(f"{path.name}.draft")
    draft.write_text(status.model_dump_json(indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def read_run_file(state_dir: Path) -> RunStatus | None:
    """Returns the last status, which may be of a supervisor that has ended. None means that there never was
    one."""
    try:
        return RunStatus.model_validate_json(run_file(state_dir).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


@contextlib.contextmanager
def only_one(state_dir: Path) -> Iterator[None]:
    """Holds the state folder for one supervisor. The system lets go when the process ends in any way.

    Raises:
        Misconfigured: another `earshot run all` holds it.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(state_dir / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
    # The system drops the lock with the process. A file with a pid would outlive a crash.
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        other = read_run_file(state_dir)
        pid = f" (pid {other.supervisor_pid})" if other else ""
        raise Misconfigured(f"`earshot run all` already runs with state folder {state_dir}{pid}") from None
    try:
        yield
    finally:
        os.close(descriptor)
