"""Runs one router of the bench in a process of its own: it fills a changelog, or restores from it and is measured.

An older checkout runs it too, with its own `pipeline` first on the path, so it imports nothing that differs
between releases. Orders come as JSON, one a line, and each is answered by a line of JSON.
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import pipeline
from pipeline.bench.route.entries import read_entries, write_entries
from pipeline.bench.route.meter import Meter, resident_bytes
from pipeline.bench.route.seam import BATCH, RouteStage
from pipeline.bench.route.traffic import CAPACITY, START_MS, Posts, Produced, Traffic, opening_posts

RESTORE_STEP = 5_000
"""Entries are read from the file and given to the router in turns, because the reading is not measured."""
SIGN_IN_STEP = 50
Answer = Mapping[str, Any]


class Runner:
    """One router with its traffic.

    Args:
        checkout: the folder whose code must run.
        templates: file with a template a line.
        workspace: name of the only workspace.
        policy: its policy as JSON.
        changelog: file of the changelog.

    Raises:
        RuntimeError: the code of another folder runs.
    """

    def __init__(self, checkout: str, templates: str, workspace: str, policy: str, changelog: str) -> None:
        if not Path(pipeline.__file__).is_relative_to(checkout):
            raise RuntimeError(f"{pipeline.__file__} runs, which is not in {checkout}")
        self._posts = Posts(Path(templates).read_bytes().splitlines())
        self._workspace = workspace
        self._changelog = Path(changelog)
        self._meter = Meter()
        self._stage = open_stage(workspace, policy.encode())
        self._traffic = Traffic(self._posts, workspace, 0, START_MS)

    def fill(self, sizes: list[int]) -> Answer:
        """Lets posts open cases, and writes the changelog; returns where it ends at each number of cases."""
        self._stage.settle()
        done, ends = 0, {}
        with self._changelog.open("wb") as file:
            for size in sorted(sizes):
                while done < size:
                    count = min(BATCH, size - done)
                    transaction = self._stage.run(self._stage.read(opening_posts(self._posts, done, count)))()
                    write_entries(file, ((change.key or b"", change.value) for change in transaction.changes))
                    done += count
                ends[str(size)] = file.tell()
        return {"ends": ends}

    def restore(self, size: int, end: int) -> Answer:
        """Restores so many waiting cases; returns what that costs a case."""
        before, cpu_s = resident_bytes(), 0.0
        with self._changelog.open("rb") as file:
            entries = read_entries(file, end)
            while step := list(islice(entries, RESTORE_STEP)):
                with self._meter.measured() as span:
                    self._stage.restore(step)
                cpu_s += span.cpu_s
        del step
        with self._meter.measured() as span:
            self._stage.settle()
        self._traffic = Traffic(self._posts, self._workspace, size, START_MS + size)
        return {
            "restore_us": 1e6 * cpu_s / size,
            "settle_ms": 1e3 * span.cpu_s,
            "resident_bytes": (resident_bytes() - before) / size,
            "changelog_bytes": end / size,
        }

    def sign_in(self, reps: int) -> Answer:
        """Signs the reps in, each of whom gets as many offers as they have places."""
        # With fewer places, a transaction could not hold a quarter of accepts.
        capacity = max(CAPACITY, -(-BATCH // 4 // reps))
        arrivals = self._traffic.sign_ins(reps, capacity)
        while step := list(islice(arrivals, SIGN_IN_STEP)):
            records = self._stage.read(step)
            # It is measured only so that the garbage collector keeps up with it.
            with self._meter.measured():
                described = self._stage.run(records)
            self._traffic.read(described().outputs)
        self._meter.longest_collection_ms()
        return {"gauges": dict(self._stage.decider.gauges())}

    def round(self, transactions: int) -> Answer:
        """Runs some transactions; returns what they cost."""
        total: dict[str, float] = dict.fromkeys(("records", "offers", "outputs", "changes", "journal", "cpu_s"), 0)
        longest_s = 0.0
        for _ in range(transactions):
            arrivals = self._traffic.transaction(BATCH)
            records = self._stage.read(arrivals)
            with self._meter.measured() as span:
                described = self._stage.run(records)
            transaction = described()
            states = self._traffic.read(transaction.outputs)
            if (transaction.records, transaction.dead_letters) != (len(records), 0):
                raise RuntimeError(f"{transaction.records} of {len(records)} records were decided")
            if states.get("assigned") != len(records) // 4:
                raise RuntimeError(f"{states} of {len(records) // 4} accepts")
            total["records"] += len(records)
            total["offers"] += states.get("offered", 0)
            total["outputs"] += _size(transaction.outputs)
            total["changes"] += _size(transaction.changes)
            total["journal"] += len(transaction.journal)
            total["cpu_s"] += span.cpu_s
            longest_s = max(longest_s, span.cpu_s)
        return total | {"transaction_ms": 1e3 * longest_s, "collection_ms": self._meter.longest_collection_ms()}

    def steps(self, transactions: int) -> Answer:
        """Runs some transactions and times each call of the router; returns the longest of each kind."""
        longest = self._meter.time_calls(self._stage.decider, ("decide", "fire_timers", "decisions"))
        self.round(transactions)
        return {f"{name}_ms": ms for name, ms in longest().items()} | {"full_collection_ms": self._meter.collect()}

    def profile(self, transactions: int, file: str) -> Answer:
        """Runs some transactions under the profiler and writes what `pstats` reads."""
        with self._meter.profiled() as profiler:
            self.round(transactions)
        profiler.dump_stats(file)
        return {}


def _size(records: Iterable[Produced]) -> int:
    return sum(len(record.key or b"") + len(record.value or b"") for record in records)


def open_stage(workspace: str, policy: bytes) -> RouteStage:
    """Returns the stage of the checkout that comes first on the path, empty.

    Raises:
        ImportError: the checkout has neither the pure driver nor the loop of the first release.
    """
    # Only the folder is asked. An editable installation of this checkout would lend the other one its modules.
    seam = "driven" if (Path(pipeline.__file__).parent / "loop").is_dir() else "first"
    stage: RouteStage = import_module(f"pipeline.bench.route.{seam}").Stage(workspace, policy)
    return stage


def main(setting: str) -> None:
    """Carries out orders from stdin until it ends.

    Args:
        setting: the arguments of `Runner` as JSON.
    """
    runner = Runner(**json.loads(setting))
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        carry_out: Callable[..., Answer] = getattr(runner, order.pop("order"))
        sys.stdout.write(json.dumps(carry_out(**order)) + "\n")
        sys.stdout.flush()
