"""Runs `earshot run all`. It starts the workers of each stage on this machine, restarts them, and ends them
together.

On a cluster each stage is a deployment of its own, and this module is not used.
"""

import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from pipeline.app.supervise.member_names import INSTANCE_ID, name_prefix
from pipeline.app.supervise.polling import INTERVAL_S, ask_regularly, is_ready
from pipeline.app.supervise.ports import free_port
from pipeline.app.supervise.restart_rule import Record, RestartRule
from pipeline.app.supervise.run_file import RunStatus, WorkerState, WorkerStatus, only_one, write_run_file
from pipeline.app.supervise.worker import Launch, Worker
from pipeline.environment import PARENT_FD
from pipeline.errors import EXIT_NO, EXIT_OK
from pipeline.logs import get_log

GRACE_S = 30.0
"""Seconds between SIGTERM and SIGKILL. An insert or a batch needs up to that long, and container runtimes grant
the same time."""
REMIND_S = 300.0
"""Seconds after which a worker that was given up is named again. Its one line of long ago is easily missed."""
OVER: tuple[WorkerState, ...] = ("ended", "given_up")


@dataclass(frozen=True)
class Plan:
    """What to run, and where its traces go."""

    workers: Mapping[str, int]
    """Maps a stage to its number of workers, in the order of starting."""
    state_dir: Path
    log_files: bool = False
    """True writes `<state_dir>/logs/<worker>.log`. False writes to stderr, behind the worker's name."""
    http_host: str = "127.0.0.1"
    http_port: int = 0
    """Port of the first worker's health server, while the next worker gets the next port. 0 takes any free
    ports."""
    rule: RestartRule = field(default_factory=RestartRule)
    grace_s: float = GRACE_S


@dataclass
class _Slot:
    stage: str
    name: str
    position: int
    record: Record
    worker: Worker | None = None
    port: int = 0
    started_s: float = 0.0
    due_s: float | None = None
    restarts: int = 0
    last_exit: int | None = None
    state: WorkerState = field(default="waiting")


def stage_command(stage: str) -> Sequence[str]:
    """Returns the command of one worker of a stage. It runs with the same interpreter as this process."""
    return [sys.executable, "-m", "pipeline.cli", "run", stage]


class Supervisor:
    """Runs a plan until it is stopped or every worker is given up. A worker that is given up leaves the others
    alone.

    Args:
        plan: what to run.
        command: stage to argument list.
        monotonic: seconds of a clock that never goes back.
        ask_every_s: pause between two questions for readiness.
    """

    def __init__(
        self,
        plan: Plan,
        command: Callable[[str], Sequence[str]] = stage_command,
        monotonic: Callable[[], float] = time.monotonic,
        ask_every_s: float = INTERVAL_S,
    ) -> None:
        self._plan = plan
        self._command = command
        self._monotonic = monotonic
        self._ask_every_s = ask_every_s
        # This is a SimpleQueue, because its `put` may be called from a signal handler. `Queue.put` may not.
        self._events: queue.SimpleQueue[Worker | Mapping[int, bool] | None] = queue.SimpleQueue()
        names = [(stage, index) for stage, count in plan.workers.items() for index in range(count)]
        self._slots = [
            _Slot(stage, f"{stage}-{index}" if index else stage, position, Record(plan.rule), due_s=-1.0)
            for position, (stage, index) in enumerate(names)
        ]
        self._instance = name_prefix(plan.state_dir, os.environ)
        self._parent_fd = -1
        self._stopping = False
        self._kill_at_s: float | None = None
        self._remind_at_s: float | None = None
        self._exit_code = EXIT_OK
        self._reported: RunStatus | None = None
        self._log = get_log("supervisor")

    def stop(self) -> None:
        """Asks all workers to end. A second call kills them. It may be called from any thread or signal
        handler."""
        self._events.put(None)

    def run(self) -> int:
        """Blocks until every worker has ended after `stop`, SIGTERM or SIGINT, or was given up.

        Returns:
            The code of the first worker given up. Without one it is 0, or 1 if a worker had to be killed at the
                stop.

        Raises:
            Misconfigured: another supervisor uses the state folder.
        """
        # The lock comes first. Two supervisors would write one run file and give workers the same names.
        with only_one(self._plan.state_dir), self._lifeline(), self._signals():
            host, put = self._plan.http_host, self._events.put
            end_asking = ask_regularly(self._ports, put, lambda port: is_ready(host, port), self._ask_every_s)
            try:
                while any(slot.state not in OVER for slot in self._slots):
                    self._start_due()
                    self._report()
                    self._handle_next()
            finally:
                end_asking()
                self._kill_all()
                self._report()
        return self._exit_code

    @contextmanager
    def _lifeline(self) -> Iterator[None]:
        """Opens the pipe whose end tells the workers that this process is gone (see
        `pipeline.app.supervise.parent`)."""
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
        others = {other.port for other in self._slots if other is not slot}
        slot.port = (
            plan.http_port + slot.position if plan.http_port else free_port(plan.http_host, slot.port, others)
        )
        # A worker reads its settings from its environment, as it does on a cluster.
        environment = os.environ | {
            PARENT_FD: str(self._parent_fd),
            "EARSHOT_OPERATE__HTTP_HOST": plan.http_host,
            "EARSHOT_OPERATE__HTTP_PORT": str(slot.port),
            INSTANCE_ID: f"{self._instance}-{slot.name}",
        }
        log_file = plan.state_dir / "logs" / f"{slot.name}.log" if plan.log_files else None
        launch = Launch(slot.name, self._command(slot.stage), environment, self._parent_fd, log_file)
        slot.worker = Worker(launch, self._events.put)
        slot.state, slot.due_s, slot.started_s = "running", None, self._monotonic()
        self._log.info("worker_started", worker=slot.name, pid=slot.worker.pid, http_port=slot.port)

    def _ports(self) -> list[int]:
        """Returns where workers that run now are asked. Another thread calls it and may be late (see `_seen`)."""
        return [slot.port for slot in self._slots if slot.worker is not None]

    def _seen(self, ready: Mapping[int, bool]) -> None:
        now_s = self._monotonic()
        for slot in self._slots:
            # The answers are some seconds old. A slot whose worker got another port since then is left out.
            if slot.worker is not None and slot.port in ready:
                slot.record.seen(now_s, ready=ready[slot.port])

    def _handle_next(self) -> None:
        """Waits for an end, a stop, an answer about readiness, or the next time that is due."""
        due = [slot.due_s for slot in self._slots if slot.due_s is not None]
        due += [at_s for at_s in (self._kill_at_s, self._remind_at_s) if at_s is not None]
        wait_s = max(0.0, min(due) - self._monotonic()) if due else None
        try:
            event = self._events.get(timeout=wait_s)
        except queue.Empty:
            self._overdue()
            return
        if event is None:
            self._begin_stop()
        elif isinstance(event, Worker):
            self._ended(next(slot for slot in self._slots if slot.worker is event), event)
        else:
            self._seen(event)

    def _overdue(self) -> None:
        now_s = self._monotonic()
        if self._kill_at_s is not None and self._kill_at_s <= now_s:
            self._kill_at_s = None
            self._exit_code = self._exit_code or EXIT_NO
            self._kill_running("grace_over")
        if self._remind_at_s is not None and self._remind_at_s <= now_s:
            self._remind_at_s = now_s + REMIND_S
            given_up = {slot.name: slot.last_exit for slot in self._slots if slot.state == "given_up"}
            self._log.error("workers_are_given_up", exit_codes=given_up)

    def _ended(self, slot: _Slot, worker: Worker) -> None:
        code = worker.reap()
        lived_s = self._monotonic() - slot.started_s
        slot.worker, slot.last_exit = None, code
        if self._stopping:
            slot.state = "ended"
            self._log.info("worker_ended", worker=slot.name, code=code)
            return
        delay_s = slot.record.ended(code)
        if delay_s is None:
            self._give_up(slot, code)
            return
        slot.state, slot.restarts, slot.due_s = "waiting", slot.restarts + 1, self._monotonic() + delay_s
        self._log.warning("worker_restarts", worker=slot.name, code=code, lived_s=round(lived_s, 1), in_s=delay_s)

    def _give_up(self, slot: _Slot, code: int) -> None:
        """Gives a worker up and lets the others go on, because a wrongly configured store must not stop customer
        care."""
        slot.state, self._exit_code = "given_up", self._exit_code or code
        self._remind_at_s = self._remind_at_s or self._monotonic() + REMIND_S
        go_on = [other.name for other in self._slots if other.state not in OVER]
        self._log.error(
            "worker_given_up", worker=slot.name, code=code, ends_in_a_row=slot.record.failures, go_on=go_on
        )

    def _begin_stop(self) -> None:
        if self._stopping:
            self._kill_running("asked_again")
            return
        self._stopping = True
        self._remind_at_s = None
        self._kill_at_s = self._monotonic() + self._plan.grace_s
        for slot in self._slots:
            slot.due_s = None
            if slot.worker is not None:
                slot.worker.ask_to_end()
            elif slot.state != "given_up":
                slot.state = "ended"

    def _kill_running(self, reason: str) -> None:
        for slot in self._slots:
            if slot.worker is not None:
                self._log.error("worker_killed", worker=slot.name, pid=slot.worker.pid, reason=reason)
                slot.worker.kill()

    def _kill_all(self) -> None:
        """Kills what is left after an error of our own, so that no process stays."""
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
        status = RunStatus(supervisor_pid=os.getpid(), workers=workers)
        if status != self._reported:
            write_run_file(self._plan.state_dir, status)
            self._reported = status
