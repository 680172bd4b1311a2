"""Measures for `earshot bench influence` what an engagement costs a worker, and what many authors cost it.

Each round sends the same events to a worker with the table of authors and to a bare Faust agent that writes a row
of the same size, one after the other. The cost is the CPU time of the worker's process, from before the first
record to the commit of the last one.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from pipeline.adapters.kafka.admin import ensure_topics
from pipeline.adapters.kafka.lag import unread_of
from pipeline.adapters.kafka.publisher import KafkaPublisher
from pipeline.bench.figures import Spread, ratios, spread
from pipeline.bench.influence.generated import first_rows, mean_row_bytes, records_of
from pipeline.bench.influence.table_worker import BARE, BARE_ROWS, EARSHOT, STARTED, group_of
from pipeline.bench.rounds import Report
from pipeline.bench.stage.lab import DELIVERY_S, PATIENCE_S, POLL_S, Lab, open_lab
from pipeline.errors import MustRestart
from pipeline.ports.records import deliver
from pipeline.settings import Settings
from schemas.topics import ENGAGEMENTS

MIB = 2**20
CHUNK = 20_000


@dataclass(frozen=True)
class Plan:
    """Says how much is measured."""

    events: int
    """Counts the events of a round, for each way."""
    rounds: int
    authors: int
    """So many authors have a row when the table is restored."""
    few: int
    """So many authors have a row where the cost of few is compared with that of `authors`."""


@dataclass(frozen=True)
class InfluenceBench:
    """Holds what was measured."""

    us: dict[str, Spread]
    """Way to microseconds of CPU an event."""
    ratio: Spread
    """The table of authors over the bare agent, round by round."""
    row_bytes: float
    growth: float
    """Cost of an event with many authors over that with few."""
    restore_s: float
    """From the start of a process to its restored table, with many authors."""
    memory_mib: float
    """Of that process."""


def bench_influence(settings: Settings, plan: Plan, report: Report) -> InfluenceBench:
    """Measures both ways in turn, and then the table with many authors.

    Raises:
        ServiceMissing: the embedded stack cannot start.
        MustRestart: a worker ended, or did not come to an end.
    """
    with open_lab(settings, report) as lab:
        ensure_topics(lab.kafka, [BARE_ROWS])
        bench = _Bench(lab, plan, report)
        return bench.run()


class _Bench:
    def __init__(self, lab: Lab, plan: Plan, report: Report) -> None:
        self._lab, self._plan, self._report = lab, plan, report
        self._publisher = KafkaPublisher(lab.kafka, DELIVERY_S)
        self._row_bytes = round(mean_row_bytes(plan.events, plan.few))

    def run(self) -> InfluenceBench:
        plan = self._plan
        self._report(f"{plan.few:,} authors, rows of {self._row_bytes} bytes")
        self._fill(0, plan.few)
        us: dict[str, list[float]] = {BARE: [], EARSHOT: []}
        for number in range(plan.rounds):
            for way in us:
                self._report(f"round {number + 1} of {plan.rounds}: {way}")
                us[way].append(self._cost(way, plan.few, number))
        self._report(f"{plan.authors:,} authors")
        self._fill(plan.few, plan.authors)
        started_s = time.monotonic()
        with self._worker(EARSHOT) as process:
            restore_s = time.monotonic() - started_s
            memory = process.memory_info().rss / MIB
            many = self._spent(process, plan.authors, plan.rounds)
        return InfluenceBench(
            us={way: spread(values) for way, values in us.items()},
            ratio=ratios(us[EARSHOT], us[BARE]),
            row_bytes=self._row_bytes,
            growth=many / spread(us[EARSHOT]).median,
            restore_s=restore_s,
            memory_mib=memory,
        )

    def _fill(self, first: int, end: int) -> None:
        """Puts the rows of authors into the changelog, one post each, as if they had been seen before."""
        for start in range(first, end, CHUNK):
            deliver(self._publisher, list(first_rows(start, min(end, start + CHUNK))))

    def _cost(self, way: str, authors: int, number: int) -> float:
        with self._worker(way) as process:
            return self._spent(process, authors, number)

    def _spent(self, process: psutil.Process, authors: int, number: int) -> float:
        self._await_commits(process)
        before = process.cpu_times()
        deliver(self._publisher, list(records_of(self._plan.events, authors, number)))
        self._await_commits(process)
        after = process.cpu_times()
        spent_s = after.user + after.system - before.user - before.system
        return 1e6 * spent_s / self._plan.events

    def _await_commits(self, process: psutil.Process) -> None:
        deadline = time.monotonic() + PATIENCE_S
        way = process.cmdline()[3]
        while unread_of(self._lab.kafka, group_of(way), [ENGAGEMENTS.name]):
            if not process.is_running() or time.monotonic() > deadline:
                raise MustRestart(f"the worker {way} did not come to an end")
            time.sleep(POLL_S)

    @contextmanager
    def _worker(self, way: str) -> Iterator[psutil.Process]:
        command = [sys.executable, "-m", "pipeline.bench.influence.table_worker", way]
        partitions = len(self._lab.reader.partitions[ENGAGEMENTS.name])
        with self._lab.worker(way, [*command, str(partitions), str(self._row_bytes)]) as process:
            self._await_start(way, process)
            yield psutil.Process(process.pid)

    def _await_start(self, way: str, process: "subprocess.Popen[bytes]") -> None:
        log = self._lab.folder / f"{way}.log"
        deadline = time.monotonic() + PATIENCE_S
        while f"{STARTED}\n" not in log.read_text(encoding="utf-8", errors="replace"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise MustRestart(f"the worker {way} did not start: {log.read_text()[-1000:]}")
            time.sleep(POLL_S)
