"""Two real routers are killed, frozen and left without a broker while people work. All is judged at the end."""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from pipeline.app.supervise.restart_rule import RestartRule
from pipeline.app.supervise.run_file import WorkerStatus, read_run_file
from pipeline.audit.collect.stage_lag import unread_by_stages
from pipeline.settings import KafkaSettings, Settings
from pipeline.stages import group_of
from tests.broker_lab import BrokerLab, Fault, broker_lab
from tests.faults.real_town import RealTown
from tests.faults.replayed_history import ReplayedHistory, workspaces
from tests.faults.supervised import supervised
from tests.pipeline_lab import kill_9
from tests.simulation.history import History
from tests.simulation.invariants import CHECKS, damage, no_case_waits_beside_a_free_rep
from tests.simulation.policies import policy_of

ROUTERS = 2
RULE = RestartRule(longest_delay_s=1.0)
"""A supervisor waits longer and longer for a worker that ends again and again. Here it must not."""
GAP_S = (0.3, 8.0)
"""So long a time lies between two faults. A router takes some seconds to start, so that some faults meet that.
Before every second fault the routers have done something since the one before."""
AT_WORK_S = 300.0
"""After a fault the routers are at work again by then, on the slowest machine too."""
STOPS_S = (14.0, 2.0, 14.0, 5.0, 14.0)
"""A router stands still so long. After 10 s the other one takes over, and this one is fenced when it goes on."""
WORK_ON_S, TIMERS_S = 10.0, 20.0
"""After the last fault reps work on, and then nobody does anything until every timer but the slow ones is due."""
TIMED = [check for check in CHECKS if check is not no_case_waits_beside_a_free_rep]
"""How soon a case is offered depends on the machine here. All other checks hold on the slowest."""


EVENTS = ("started", "cannot_go_on", "transaction_aborted", "producer_renewed", "partition_restored",
          "partition_kept", "dead_letter", "no_broker_answers")  # fmt: skip
"""These lines of the routers' logs are counted."""


@dataclass(frozen=True)
class Plan:
    """How often what goes wrong."""

    seed: int
    kills: int
    stops: int
    broker_restarts: int
    posts_per_s: float = 2.0
    """Come to each of four workspaces."""


@dataclass(frozen=True)
class Outcome:
    """What was found after a run."""

    damage: list[str]
    history: History
    events: Counter[str]
    """How often the routers' logs have each of `EVENTS`."""
    audit_ok: bool

    def figures(self) -> str:
        """Returns a line for whoever runs it."""
        steps = Counter(event.body["type"] for event in self.history.events)
        timers = Counter(e.body["type"] for e in self.history.events if e.body.get("cause") is None)
        return (
            f"{len(self.history.inputs)} inputs, {len(self.history.journal)} transactions, "
            f"{len(self.history.assignments)} assignments, {len(self.history.events)} steps: {dict(steps)}; "
            f"without a cause: {dict(timers)}; routers: {dict(self.events)}; {len(self.damage)} damages, "
            f"audit {'clean' if self.audit_ok else 'NOT CLEAN'}"
        )


class FaultyRun:
    """One run.

    Args:
        lab: its own stack.
        plan: what goes wrong.
    """

    def __init__(self, lab: BrokerLab, plan: Plan) -> None:
        self._lab, self._plan = lab, plan
        self._chance = Random(plan.seed)
        self._state_dir = lab.folder / "routers"
        kafka = KafkaSettings(bootstrap_servers=lab.environment["EARSHOT_KAFKA__BOOTSTRAP_SERVERS"])
        self._settings = Settings(kafka=kafka, clock="processing")
        self._workspaces = workspaces(plan.seed, kafka.route_partitions, 2)
        self.story: list[str] = []
        self._began_s = time.monotonic()

    def run(self) -> Outcome:
        """Plays it to its end and judges it."""
        for name in self._workspaces:
            path = self._lab.folder / f"{name}.yaml"
            path.write_bytes(policy_of(name, 1))
            self._lab.earshot("policy", "apply", str(path))
        self._lab.start("run", "sink")
        environment = self._lab.environment | {
            "EARSHOT_CLOCK": "processing",
            "EARSHOT_OPERATE__LOG_FORMAT": "json",
        }
        routers = ["-m", "pipeline.cli", "run", "route"]
        with supervised(routers, self._state_dir, environment, ROUTERS, "route", RULE):
            self._live()
        found = ReplayedHistory(self._settings)
        history = found.history()
        audited = self._lab.earshot("audit", "--settle", "60", expect=None)
        said = [] if audited.returncode == 0 else audited.stderr.splitlines()[-40:]
        damages = [*self._tracebacks(), *found.damage, *damage(history, TIMED), *said]
        return Outcome(damages, history, self._events(), not said)

    def _live(self) -> None:
        town = RealTown(self._settings.kafka, str(self._plan.seed), self._workspaces, self._plan.posts_per_s)
        town.start()
        try:
            self._lab.wait(lambda: town.heard > 20, 120, "people are at work")
            for number, fault in enumerate(self._faults()):
                time.sleep(self._chance.uniform(*GAP_S))
                if number % 2 == 0:
                    self._wait_for_work(town)
                fault()
            town.stop_posts()
            time.sleep(WORK_ON_S)
        finally:
            town.end()
        time.sleep(TIMERS_S)
        # Whatever is due before these posts fires before they are decided on.
        town.last_posts()
        self._lab.wait(self._all_is_read, 120, "the routers have read everything")
        self.note("all is read")

    def _wait_for_work(self, town: RealTown) -> None:
        """Lets the routers come so far that people hear of it, however slow the machine is."""
        before = town.heard
        self._lab.wait(lambda: town.heard > before, AT_WORK_S, "people are at work again")

    def _all_is_read(self) -> bool:
        return not [one for one in unread_by_stages(self._settings.kafka) if one.group == group_of("route")]

    def _faults(self) -> list[Callable[[], None]]:
        plan = self._plan
        signals: tuple[Fault, ...] = ("KILL", "TERM")
        faults: list[Callable[[], None]] = [self._kill] * plan.kills
        faults += [partial(self._stop, seconds) for seconds in STOPS_S[: plan.stops]]
        faults += [partial(self._restart_broker, signals[n % 2]) for n in range(plan.broker_restarts)]
        self._chance.shuffle(faults)
        return faults

    def _kill(self) -> None:
        while not kill_9((worker := self._router()).pid):
            pass  # it ended by itself just now
        self.note(f"{worker.name} killed")

    def _stop(self, seconds: float) -> None:
        worker = self._router()
        assert worker.pid is not None
        self.note(f"{worker.name} stands still for {seconds} s")
        # It may end by itself at any time, and then there is nobody to go on.
        with suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGSTOP)
            time.sleep(seconds)
            os.kill(worker.pid, signal.SIGCONT)

    def _restart_broker(self, fault: Fault) -> None:
        away_s = self._chance.uniform(0, 3)
        self.note(f"broker ends by SIG{fault}, and is away for {away_s:.1f} s and its start")
        self._lab.silence(fault)
        time.sleep(away_s)
        self._lab.end_silence(fault)

    def _router(self) -> WorkerStatus:
        """Returns any router that runs, as soon as one does."""
        while not (running := self._running()):
            time.sleep(0.1)
        return self._chance.choice(running)

    def _running(self) -> list[WorkerStatus]:
        status = read_run_file(self._state_dir)
        return [worker for worker in status.of("route") if worker.pid is not None] if status else []

    def note(self, line: str) -> None:
        """Adds a line to the story of the run."""
        self.story.append(f"{time.monotonic() - self._began_s:7.2f} {line}")

    def _logs(self) -> str:
        return "".join(path.read_text() for path in sorted((self._state_dir / "logs").glob("*.log")))

    def _events(self) -> Counter[str]:
        return Counter(
            event for line in self._logs().splitlines() for event in EVENTS if f'"event": "{event}"' in line
        )

    def _tracebacks(self) -> Iterator[str]:
        """Yields the last line of each traceback, which none of these faults is worth."""
        lines = self._logs().splitlines()
        for number, line in enumerate(lines):
            if line.startswith("Traceback"):
                rest = (later for later in lines[number + 1 :] if not later.startswith(" "))
                yield f"a router logs a traceback: {next(rest, '')}"


def faulty_run(folder: Path, plan: Plan) -> Outcome:
    """Makes a run on a stack of its own, and prints its seed, its story and its figures."""
    with broker_lab(folder, "unused") as lab:
        run = FaultyRun(lab, plan)
        sys.stdout.write(f"{plan}\n")
        try:
            outcome = run.run()
        finally:
            sys.stdout.write("\n".join(run.story) + "\n")
    sys.stdout.write(f"{outcome.figures()}\n")
    return outcome
