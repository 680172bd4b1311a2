"""Runs two real routers that are restarted in turn while cases are open and posts arrive."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import Producer

from pipeline.adapters.kafka.config import PARTITIONER
from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.local.endpoints import Endpoints
from pipeline.local.processes import free_ports
from schemas.topics import ACTIONABLE
from tests.builders import scored
from tests.pipeline_lab import POLICIES, ROOT, PipelineLab

PARTITIONS = 2
GAUGES_S = 6.0
"""A router renews its gauges every 5 s."""


@dataclass
class Life:
    """Describes one process of a router."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def metric(self, pattern: str) -> float:
        """Sums all samples whose line matches."""
        url = f"http://127.0.0.1:{self.port}/metrics"
        with urllib.request.urlopen(url, timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if re.match(pattern, line))

    def ready(self) -> bool:
        """Says whether the process calls itself ready."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def events(self, name: str) -> list[dict[str, object]]:
        """Returns the lines of its log with this event."""
        lines = (json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{"))
        return [line for line in lines if line.get("event") == name]


@dataclass
class Report:
    """Tells what all restarts together cost."""

    restored_by_stayers: int = 0
    kept_by_stayers: int = 0
    restored_by_restarted: int = 0
    decided_again_after_s: list[float] = field(default_factory=list)
    """Holds, for each restart, the time from the signal until the gauges count every post sent during it. Gauges
    are 5 s late at most.
    """


class RollingLab:
    """Runs one workspace on each partition, and a router for each.

    Args:
        stack: Kafka and ClickHouse.
        folder: for logs and policies.
        named: whether the routers keep names in their group.
    """

    def __init__(self, stack: Endpoints, folder: Path, *, named: bool) -> None:
        self._folder = folder
        self._named = named
        run = uuid.uuid4().hex[:8]
        names = [f"rolling-{run}-{number}" for number in range(99)]
        self.workspaces = [
            next(name for name in names if partition_of(name.encode(), PARTITIONS) == number)
            for number in range(PARTITIONS)
        ]
        lab = PipelineLab(stack, folder, self.workspaces[0], clock="processing")
        lab.prepare()
        policy = (POLICIES / "acme.yaml").read_text(encoding="utf-8")
        second = folder / "second.yaml"
        second.write_text(policy.replace("workspace: acme\n", f"workspace: {self.workspaces[1]}\n"))
        lab.earshot("policy", "apply", str(second))
        self._environment = lab.environment | {"EARSHOT_OPERATE__LOG_FORMAT": "json"}
        self._run = run
        self._producer = Producer(
            {"bootstrap.servers": stack.kafka_bootstrap, "partitioner": PARTITIONER, "linger.ms": 20}
        )
        self._template = scored("POST", "AUTHOR").model_dump_json()
        self.sent = 0
        self.lives: list[Life] = []
        self._all: list[Life] = []
        self._before = 0

    def start_both(self) -> None:
        """Starts both routers and returns when they are ready. What other tests left open is known then."""
        self.lives = [self._start(0), self._start(1)]
        self._settled()
        time.sleep(GAUGES_S)
        self._before = self.open_now()

    def add_spare(self) -> None:
        """Starts one router more than there are partitions, and returns when all three are ready."""
        self.lives.append(self._start(len(self.lives)))
        self._settled()

    def open_cases(self, count: int) -> None:
        """Sends so many posts of so many authors. Each opens a case, and nobody works."""
        for number in range(self.sent, self.sent + count):
            workspace = self.workspaces[number % 2]
            value = self._template.replace("AUTHOR", f"a{number}").replace("POST", f"p{number}")
            value = value.replace('"workspace":"acme"', f'"workspace":"{workspace}"')
            while True:
                try:
                    self._producer.produce(ACTIONABLE.name, value.encode(), workspace.encode())
                    break
                except BufferError:
                    self._producer.poll(0.1)
        assert self._producer.flush(60) == 0
        self.sent += count

    def open_now(self) -> int:
        """Returns the number of open cases, by the routers' own gauges."""
        return round(sum(life.metric(r"earshot_cases_open\{") for life in self.lives if life.ready()))

    def await_cases(self, timeout_s: float = 300) -> None:
        """Waits until every post that was sent is a case, beside the cases that were there before."""
        self._wait(lambda: self.open_now() == self._before + self.sent, timeout_s, f"{self.sent} cases")

    def rolling_restart(self, report: Report, *, pause_s: float = 0.0, trickle: int = 100) -> None:
        """Restarts each router once, `pause_s` after it ended, while posts arrive."""
        for index in range(2):
            self.restart(index, report, pause_s=pause_s, trickle=trickle)

    def restart(self, index: int, report: Report, *, pause_s: float = 0.0, trickle: int = 100) -> None:
        """Restarts one router while the other one stays."""
        stayer, leaver = self.lives[1 - index], self.lives[index]
        restored, kept = (self._taken(stayer, how) for how in ("restored", "kept"))
        started_s = time.monotonic()
        leaver.process.send_signal(signal.SIGTERM)
        assert leaver.process.wait(60) == 0
        self.open_cases(trickle)
        time.sleep(pause_s)
        self.lives[index] = self._start(index)
        self._settled()
        self.await_cases()
        report.decided_again_after_s.append(round(time.monotonic() - started_s - pause_s, 1))
        report.restored_by_stayers += self._taken(stayer, "restored") - restored
        report.kept_by_stayers += self._taken(stayer, "kept") - kept
        report.restored_by_restarted += self._taken(self.lives[index], "restored")

    def restores(self) -> list[tuple[object, object]]:
        """Returns (entries, seconds) of every restore so far."""
        events = (event for life in self._all for event in life.events("partition_restored"))
        return [(event["entries"], event["seconds"]) for event in events]

    def close(self) -> None:
        """Ends both routers."""
        for life in self._all:
            life.process.kill()
            life.process.wait()

    def _taken(self, life: Life, how: str) -> int:
        return round(life.metric(rf'earshot_partitions_taken_total\{{how="{how}"'))

    def _start(self, index: int) -> Life:
        (port,) = free_ports(1)
        environment = self._environment | {
            "EARSHOT_OPERATE__HTTP_PORT": str(port),
            **({"EARSHOT_KAFKA__INSTANCE_ID": f"{self._run}-{index}"} if self._named else {}),
        }
        log = self._folder / f"route-{index}-{len(self._all)}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "pipeline.cli", "run", "route"], env=os.environ | environment,
                stdout=file, stderr=file, cwd=ROOT, start_new_session=True,
            )  # fmt: skip
        self._all.append(Life(process, port, log))
        return self._all[-1]

    def _settled(self) -> None:
        self._wait(lambda: all(life.ready() for life in self.lives), 180, "both routers are ready")

    def _wait(self, reached: Callable[[], bool], timeout_s: float, what: str) -> None:
        deadline = time.monotonic() + timeout_s
        while not reached():
            assert time.monotonic() < deadline, f"not reached in {timeout_s} s: {what}"
            for life in self.lives:
                assert life.process.poll() is None, life.log.read_text()[-2000:]
            time.sleep(0.3)
