"""Runs several processes in virtual time, in turns and in one thread, and ends or stops them at any wait."""

from collections.abc import Callable

from greenlet import getcurrent, greenlet

from pipeline.adapters.in_memory.kafka.link import Host
from pipeline.adapters.in_memory.kafka.virtual_time import Signal, VirtualTime


class Killed(BaseException):
    """Ends a process where it waits, as SIGKILL does."""


class Process:
    """A process whose waits are numbered."""

    def __init__(self, host: Host, run: Callable[[], None]) -> None:
        self.host = host
        self.turn = 0
        self.waits = 0
        self.at_wait: dict[int, Callable[[], None]] = {}
        """What happens at the wait of that number."""
        self.stack = greenlet(run)


class TurnTaking(VirtualTime):
    """Virtual time in which a process that waits lets the others run."""

    def __init__(self) -> None:
        super().__init__()
        self._processes: dict[object, Process] = {}
        self._hub = getcurrent()

    def wait(self, until_s: float, signal: Signal | None = None) -> None:
        """Returns at that time, or when the signal is fired, and never in a process that was killed."""
        process = self._processes.get(getcurrent())
        if process is None:
            super().wait(until_s, signal)
            return
        process.turn += 1
        process.waits += 1
        if process.waits in process.at_wait:
            process.at_wait.pop(process.waits)()
        if not process.host.alive:
            raise Killed
        if signal is not None and signal.fired and process.host.stalled_until_s <= self.now_s:
            return
        turn = process.turn

        def go_on() -> None:
            if process.turn == turn:
                process.host.when_running(switch)

        def switch() -> None:
            if process.turn == turn:
                process.turn += 1
                process.stack.switch()

        if until_s != float("inf"):
            self.call_at(until_s, go_on)
        if signal is not None:
            signal.on_fire = lambda: self.call_at(self.now_s, go_on)
            if signal.fired:
                signal.on_fire()
        self._hub.switch()

    def start(self, process: Process) -> None:
        """Lets a process begin."""
        self._processes[process.stack] = process
        self.call_at(self.now_s, lambda: process.host.when_running(process.stack.switch))

    def kill(self, process: Process) -> None:
        """Ends a process at once."""
        process.host.alive = False
        process.turn += 1
        if getcurrent() is process.stack:
            raise Killed
        if not process.stack.dead:
            process.stack.throw(Killed)
