"""`earshot run all`: starts the workers of each stage on this machine, restarts them, ends them together.

In: how many workers a stage gets, signals, exit codes. Out: processes, `run.json`, an exit code. Never here:
what a stage does; on a cluster each stage is a deployment of its own and this is not used.
"""

import os
import queue
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from pipeline.app.run_file import RunStatus, WorkerState, WorkerStatus, only_one, write_run_file
from pipeline.app.worker import Launch, Worker
from pipeline.environment import PARENT_FD
from pipeline.errors import EXIT_NO, EXIT_OK, EXIT_SERVICE_MISSING, EXIT_USAGE
from pipeline.logs import get_log

GRACE_S = 30.0
"""From SIGTERM to SIGKILL: an insert or a batch may take its time, a container runtime gives as much."""


@dataclass(frozen=True)
class RestartRule:
    """When a worker that ended is started again. Times in seconds."""

    first_delay_s: float = 0.2
    longest_delay_s: float = 10.0
    healthy_after_s: float = 30.0
    """A life this long clears the count of failures."""
    missing_tries: int = 30
    """Starts that end with exit 3 in a row before giving up: about four minutes, a slow broker's start."""

    def delay_s(self, code: int, failures: int) -> float | None:
        """Seconds until the next start after `failures` >= 1 ends in a row, the last with `code`; None: never."""
        if code == EXIT_USAGE or (code == EXIT_SERVICE_MISSING and failures >= self.missing_tries):
            return None
        # Limited before the power, which would overflow after a thousand failures.
        return min(self.first_delay_s * 2.0 ** min(failures - 1, 30), self.longest_delay_s)


@dataclass(frozen=True)
class Plan:
    """What to run, and where its traces go."""

    workers: Mapping[str, int]
    """Stage to number of workers, in the order of starting."""
    state_dir: Path
    log_files: bool = False
    """True: `<state_dir>/logs/<worker>.log`; else stderr, behind the worker's name."""
    http_host: str = "127.0.0.1"
    http_port: int = 0
    """Port of the first worker's health server, the next gets the next; 0: any free ones."""
    rule: RestartRule = RestartRule()
    grace_s: float = GRACE_S


@dataclass
class _Slot:
    stage: str
    name: str
    position: int
    worker: Worker | None = None
    port: int = 0
    started_s: float = 0.0
    due_s: float | None = None
    failures: int = 0
    restarts: int = 0
    last_exit: int | None = None
    state: WorkerState = field(default="waiting")


def stage_command(stage: str) -> Sequence[str]:
    """What runs one worker of a stage, with this very interpreter."""
    return [sys.executable, "-m", "pipeline.cli", "run", stage]


class Supervisor:
    """Runs a plan until it is stopped or a worker is given up.

    Args:
        plan: what to run.
        command: stage to argument list.
        monotonic: seconds of a clock that never goes back.
    """

    def __init__(
        self,
        plan: Plan,
        command: Callable[[str], Sequence[str]] = stage_command,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan = plan
        self._command = command
        self._monotonic = monotonic
        # SimpleQueue.put may be called from a signal handler, Queue.put may not.
        self._events: queue.SimpleQueue[Worker | None] = queue.SimpleQueue()
        names = [(stage, index) for stage, count in plan.workers.items() for index in range(count)]
        self._slots = [
            _Slot(stage, f"{stage}-{index}" if index else stage, position, due_s=-1.0)
            for position, (stage, index) in enumerate(names)
        ]
        self._parent_fd = -1
        self._stopping = False
        self._kill_at_s: float | None = None
        self._exit_code = EXIT_OK
        self._log = get_log("supervisor")

    def stop(self) -> None:
        """Asks all workers to end; a second call kills them. From any thread or signal handler."""
        self._events.put(None)

    def run(self) -> int:
        """Blocks until every worker has ended after `stop`, SIGTERM, SIGINT or giving up.

        Returns:
            0 after a stop, 1 if a worker had to be killed for it, else the code of the worker given up.

        Raises:
            Misconfigured: another supervisor uses the state folder.
        """
        with only_one(self._plan.state_dir), self._lifeline(), self._signals():
            try:
                while any(slot.state != "ended" for slot in self._slots):
                    self._start_due()
                    self._report()
                    self._handle_next()
            finally:
                self._kill_all()
                self._report()
        return self._exit_code

    @contextmanager
    def _lifeline(self) -> Iterator[None]:
        """The pipe whose end tells the workers that this process is gone (see `pipeline.app.parent`)."""
        self._parent_fd, held = os.pipe()
        try:
            yield
        finally:
            os.close(held)
            os.close(self._parent_fd)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def handle(_signum: int, _frame: FrameType | None) -> None:
            self.stop()

        before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _start_due(self) -> None:
        for slot in self._slots:
            if slot.due_s is not None and slot.due_s <= self._monotonic():
                self._start(slot)

    def _start(self, slot: _Slot) -> None:
        plan = self._plan
        slot.port = plan.http_port + slot.position if plan.http_port else _free_port(plan.http_host)
        environment = os.environ | {
            PARENT_FD: str(self._parent_fd),
            "EARSHOT_OPERATE__HTTP_HOST": plan.http_host,
            "EARSHOT_OPERATE__HTTP_PORT": str(slot.port),
        }
        log_file = plan.state_dir / "logs" / f"{slot.name}.log" if plan.log_files else None
        launch = Launch(slot.name, self._command(slot.stage), environment, self._parent_fd, log_file)
        slot.worker = Worker(launch, self._events.put)
        slot.state, slot.due_s, slot.started_s = "running", None, self._monotonic()
        self._log.info("worker_started", worker=slot.name, pid=slot.worker.pid, http_port=slot.port)

    def _handle_next(self) -> None:
        """Waits for an end, a stop, or the next time that is due."""
        due = [slot.due_s for slot in self._slots if slot.due_s is not None]
        if self._kill_at_s is not None:
            due.append(self._kill_at_s)
        wait_s = max(0.0, min(due) - self._monotonic()) if due else None
        try:
            ended = self._events.get(timeout=wait_s)
        except queue.Empty:
            if self._kill_at_s is not None and self._kill_at_s <= self._monotonic():
                self._kill_at_s = None
                self._exit_code = self._exit_code or EXIT_NO
                self._kill_running("grace_over")
            return
        if ended is None:
            self._begin_stop()
        else:
            self._ended(next(slot for slot in self._slots if slot.worker is ended), ended)

    def _ended(self, slot: _Slot, worker: Worker) -> None:
        code = worker.reap()
        lived_s = self._monotonic() - slot.started_s
        slot.worker, slot.last_exit = None, code
        if self._stopping:
            slot.state = "ended"
            self._log.info("worker_ended", worker=slot.name, code=code)
            return
        slot.failures = 1 if lived_s >= self._plan.rule.healthy_after_s else slot.failures + 1
        delay_s = self._plan.rule.delay_s(code, slot.failures)
        if delay_s is None:
            slot.state, self._exit_code = "ended", code
            self._log.error("worker_given_up", worker=slot.name, code=code, ends_in_a_row=slot.failures)
            self._begin_stop()
            return
        slot.state, slot.restarts, slot.due_s = "waiting", slot.restarts + 1, self._monotonic() + delay_s
        self._log.warning("worker_restarts", worker=slot.name, code=code, lived_s=round(lived_s, 1), in_s=delay_s)

    def _begin_stop(self) -> None:
        if self._stopping:
            self._kill_running("asked_again")
            return
        self._stopping = True
        self._kill_at_s = self._monotonic() + self._plan.grace_s
        for slot in self._slots:
            slot.due_s = None
            if slot.worker is not None:
                slot.worker.ask_to_end()
            else:
                slot.state = "ended"

    def _kill_running(self, reason: str) -> None:
        for slot in self._slots:
            if slot.worker is not None:
                self._log.error("worker_killed", worker=slot.name, pid=slot.worker.pid, reason=reason)
                slot.worker.kill()

    def _kill_all(self) -> None:
        """Only after an error of our own is there anything left: no process stays."""
        for slot in self._slots:
            if slot.worker is not None:
                slot.worker.kill()
                slot.last_exit, slot.worker, slot.state = slot.worker.reap(), None, "ended"

    def _report(self) -> None:
        workers = tuple(
            WorkerStatus(
                stage=slot.stage,
                name=slot.name,
                state=slot.state,
                pid=slot.worker.pid if slot.worker else None,
                http_port=slot.port,
                restarts=slot.restarts,
                last_exit=slot.last_exit,
            )
            for slot in self._slots
        )
        write_run_file(self._plan.state_dir, RunStatus(supervisor_pid=os.getpid(), workers=workers))


def _free_port(host: str) -> int:
    """A port that nobody listens on now; a worker that finds it taken ends with 3 and gets another."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
