"""Runs a pipeline whose broker can be stopped, killed and frozen, on an embedded stack of its own."""

import json
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

import psutil

from pipeline.local import kafka
from pipeline.local.stack import down, up
from pipeline.stages import running_stages
from tests.pipeline_lab import PipelineLab

STAGES = running_stages()
Fault = Literal["TERM", "KILL", "STOP"]
LOOK_S = 0.5
BROKER_GRACE_S = 60.0


class BrokerLab(PipelineLab):
    """Runs the stages, the desk and one broker. `broker_lab` makes one."""

    def __init__(self, folder: Path, workspace: str) -> None:
        self.stack_dir = folder / "stack"
        super().__init__(up(self.stack_dir, brokers=1), folder, workspace)

    def broker(self) -> psutil.Process:
        """Returns the process of the living broker."""
        folder = self.stack_dir.resolve() / "kafka"
        layout = kafka.read_layout(folder)
        assert layout is not None
        return kafka.running(folder, layout)[1]

    def silence(self, fault: Fault) -> None:
        """Makes the broker answer nobody from now on. With TERM it returns once the broker has ended."""
        process = self.broker()
        process.send_signal(getattr(signal, f"SIG{fault}"))
        if fault != "STOP":
            process.wait(BROKER_GRACE_S)

    def end_silence(self, fault: Fault) -> None:
        """Lets the same broker answer again, with the same data on the same port."""
        if fault == "STOP":
            self.broker().send_signal(signal.SIGCONT)
        else:
            up(self.stack_dir, brokers=1)

    def metrics(self, stage: str) -> str:
        """Returns what /metrics of a stage says now, or an empty text when nobody answers there."""
        status, body = self.get(stage, "metrics")
        return body if status == 200 else ""

    def get(self, stage: str, path: str) -> tuple[int, str]:
        """Returns status and body of a stage's endpoint. The status is 0 when nobody answers there."""
        status = self.status()
        workers = status.of(stage) if status is not None else ()
        if not workers or workers[0].pid is None:
            return 0, "not running"
        try:
            url = f"http://127.0.0.1:{workers[0].http_port}/{path}"
            with urllib.request.urlopen(url, timeout=2) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def lines(self, worker: str) -> list[tuple[float, str]]:
        """Returns what a worker logged, as seconds of the epoch with the line."""
        path = self.folder / "state" / "logs" / f"{worker}.log"
        found: list[tuple[float, str]] = []
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                at = datetime.fromisoformat(json.loads(line)["timestamp"]).timestamp()
            except (ValueError, KeyError):
                # A line without a time, such as one of a traceback, belongs to the line before it.
                at = found[-1][0] if found else 0.0
            found.append((at, line))
        return found

    def events(self, worker: str, event: str, since_s: float = 0.0) -> list[str]:
        """Returns the lines of a worker with that event."""
        return [line for at, line in self.lines(worker) if at >= since_s and f'"event": "{event}"' in line]


@contextmanager
def broker_lab(folder: Path, workspace: str) -> Iterator[BrokerLab]:
    """Prepares a lab and ends everything afterwards."""
    try:
        lab = BrokerLab(folder, workspace)
        try:
            lab.prepare()
            yield lab
        finally:
            lab.close()
    finally:
        down(folder / "stack", wipe=True, grace_s=0)


@dataclass
class Looks:
    """Records what each stage's /readyz said every half second, as seconds of the epoch, status and reason."""

    lab: BrokerLab
    seen: dict[str, list[tuple[float, int, str]]] = field(default_factory=lambda: {stage: [] for stage in STAGES})

    def first(self, stage: str, status: int, since_s: float) -> float | None:
        """Returns when a status was first seen after `since_s`, in seconds from then."""
        return next((at - since_s for at, code, _ in self.seen[stage] if at >= since_s and code == status), None)

    def look(self) -> None:
        """Looks at every stage once."""
        for stage in STAGES:
            self.seen[stage].append((time.time(), *self.readyz(stage)))

    def readyz(self, stage: str) -> tuple[int, str]:
        """Returns status and reason now. The status is 0 when nobody answers there."""
        return self.lab.get(stage, "readyz")

    def value(self, stage: str, name: str) -> float | None:
        """Returns a metric of a stage now, summed over its labels, or None when there is none."""
        lines = [line for line in self.lab.metrics(stage).splitlines() if line.startswith(f"earshot_{name}{{")]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines) if lines else None


@contextmanager
def looking(lab: BrokerLab) -> Iterator[Looks]:
    """Looks at every stage twice a second while the block runs."""
    looks, ending = Looks(lab), threading.Event()

    def rounds() -> None:
        while not ending.wait(LOOK_S):
            looks.look()

    thread = threading.Thread(target=rounds, daemon=True)
    thread.start()
    try:
        yield looks
    finally:
        ending.set()
        thread.join()
