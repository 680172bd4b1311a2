"""One simulated day: two workers of the real route stage on the simulated cluster, and what goes wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from random import Random
from traceback import format_exception

import orjson

from pipeline.adapters.in_memory.kafka.cluster import SimulatedCluster
from pipeline.adapters.in_memory.kafka.link import Host
from pipeline.adapters.in_memory.kafka.log import PartitionLog
from pipeline.adapters.kafka.transactional.late_requests import DoubtRule
from pipeline.adapters.kafka.transactional.member import TransactionalMember
from pipeline.adapters.kafka.transactional.observer import Outcome
from pipeline.adapters.kafka.transactional.producer import doubt_rule
from pipeline.errors import Misconfigured, MustRestart
from pipeline.loop.spec import StageSpec
from pipeline.settings import KafkaSettings
from schemas.topics import (
    ACTIONABLE,
    ASSIGNMENTS,
    CASE_EVENTS,
    CASES,
    JOURNAL,
    POLICY_LOG,
    REPS,
    ROUTE_STATE,
    team_topic,
)
from tests.builders import START_MS
from tests.simulation.desk import SHORT, Desk, Hours
from tests.simulation.policies import TEAMS, policy_of
from tests.simulation.processes import Killed, Process, TurnTaking
from tests.simulation.routers import new_router
from tests.simulation.trouble import Trouble

SPEC = StageSpec(
    "route",
    (ACTIONABLE.name, REPS.name),
    ROUTE_STATE.name,
    JOURNAL.name,
    batch_size=20,
    policy_log=POLICY_LOG.name,
)
TOPICS = (ACTIONABLE, REPS, ASSIGNMENTS, CASE_EVENTS, CASES, JOURNAL, POLICY_LOG, ROUTE_STATE)
PARTITIONS = 2
NAMES = ("w0", "w1")
WORKSPACES = ("acme", "nimbus")
"""Each lies in a partition of its own."""
GROUP = "earshot-route"


@dataclass
class Notes:
    """What was seen beside the log, for a short history of a failure."""

    lines: list[str] = field(default_factory=list)
    renewed: int = 0
    aborted: int = 0
    restarts: int = 0
    damage: list[str] = field(default_factory=list)
    """What a worker itself says that must not happen."""

    def add(self, now_s: float, line: str) -> None:
        self.lines.append(f"{now_s:9.3f} {line}")


class Worker:
    """One worker process, which its supervisor starts again whenever it ends."""

    def __init__(self, world: "World", name: str) -> None:
        self._world, self.name = world, name
        self.clock_ahead_s = 0.0
        self.agent: TransactionalMember | None = None
        self.start()

    def start(self) -> None:
        """Starts the process."""
        self.host = Host(self.name, self._world.cluster.time)
        self.host.clock_ahead_s = self.clock_ahead_s
        self.process = Process(self.host, self._run)
        self._world.time.start(self.process)

    def kill(self, away_s: float) -> None:
        """Ends the process and starts it again after a while."""
        if self.host.alive:
            self._world.note(f"{self.name} killed, away for {away_s:.1f} s")
            self._again(away_s)
            self._world.time.kill(self.process)

    def _again(self, away_s: float) -> None:
        self._world.notes.restarts += 1
        self.host.alive = False
        self._world.time.call_in(away_s, self.start)

    def _run(self) -> None:
        world, host = self._world, self.host
        settings = world.kafka(self.name)
        try:
            self.agent = agent = TransactionalMember(
                settings, SPEC, new_router, partial(world.cluster.clock_ms, host),
                Observer(world, self.name), lambda: agent.publish(world.policies[self.name]),
                world.make_doubt, world.cluster.clients(host),
            )  # fmt: skip
            agent.run(lambda: world.over)
        except MustRestart as error:
            world.note(f"{self.name} must restart: {error}")
            self._again(0.5 + world.trouble.chance.random() * 2)
        except Misconfigured as error:
            world.notes.damage.append(f"misconfigured: {error}")
        except Killed:
            pass
        except Exception as bug:
            world.note("".join(format_exception(bug)[-3:]))
            world.notes.damage.append(f"a worker cannot go on: {bug!r}")


class Observer:
    """Writes the loop's own story."""

    def __init__(self, world: "World", name: str) -> None:
        self._world, self._name = world, name

    def committed(self, partition: int, outcome: Outcome) -> None:
        pass

    def aborted(self, partition: int, reason: str) -> None:
        self._world.notes.aborted += 1
        self._world.note(f"{self._name}/{partition} aborted: {reason}")

    def renewed(self, partition: int, reason: str, seconds: float) -> None:
        self._world.notes.renewed += 1
        self._world.note(f"{self._name}/{partition} renewed: {reason} ({seconds:.3f} s)")

    def acquired(self, partition: int, entries: int | None, seconds: float) -> None:
        self._world.note(f"{self._name}/{partition} acquired: {entries} entries, {seconds:.3f} s")

    def let_go(self, partition: int) -> None:
        pass

    def incomplete(self, partition: int, missing: Sequence[str]) -> None:
        self._world.note(f"{self._name}/{partition} incomplete: {missing}")


class Town:
    """A town in virtual time, with one desk.

    Args:
        cluster: whose topics the desk writes and reads.
        seed: of the day.
        workspace: of the desk.
        hours: what the day is like.
    """

    def __init__(self, cluster: SimulatedCluster, seed: int, workspace: str, hours: Hours) -> None:
        self._cluster, self._workspace = cluster, workspace
        self._chance = chance = Random(f"{seed}/{workspace}")
        self._read = {
            (name, number): 0
            for name in (ASSIGNMENTS.name, CASES.name)
            for number in range(len(cluster.topics[name]))
        }
        self._looking = False
        self.desk = Desk(self, chance, workspace, hours)
        for log in (*cluster.topics[ASSIGNMENTS.name], *cluster.topics[CASES.name]):
            log.watchers.append(self._look_soon)

    @property
    def now_s(self) -> float:
        return self._cluster.time.now_s

    def clock_ms(self) -> int:
        return self._cluster.clock_ms()

    def call_at(self, at_s: float, action: Callable[[], object]) -> None:
        self._cluster.time.call_at(at_s, action)

    def append(self, topic: str, workspace: str, body: bytes) -> None:
        # A desktop's records keep their order, also those that wait for silent brokers.
        at_s = max(self.now_s, self._cluster.brokers.silent_until_s)
        self.call_at(at_s, lambda: self._cluster.append(topic, workspace.encode(), body))

    def _look_soon(self) -> None:
        if not self._looking:
            self._looking = True
            self._cluster.time.call_in(0.01 + self._chance.random() * 0.1, self._look)

    def _look(self) -> None:
        self._looking = False
        for (name, number), begin in self._read.items():
            log = self._cluster.topics[name][number]
            stable = log.stable
            for entry in log.read(begin, stable, committed=True):
                said = orjson.loads(entry.value or b"{}")
                if said.get("workspace") == self._workspace:
                    (self.desk.hear if name == ASSIGNMENTS.name else self.desk.see)(said)
            self._read[name, number] = stable


class World:
    """A day from one seed.

    Args:
        seed: of the day, its people and its trouble.
        kinds: the faults that may come, by name; None: the usual ones.
        make_doubt: makes the rule of renewal; for tests that switch it off.
        hours: what the day is like.
    """

    def __init__(
        self,
        seed: int,
        kinds: Sequence[str] | None = None,
        make_doubt: Callable[[KafkaSettings], DoubtRule] = doubt_rule,
        hours: Hours = SHORT,
    ) -> None:
        self.seed = seed
        self._hours = hours
        self.over = False
        self.inputs = SPEC.inputs
        self.notes = Notes()
        self.time = TurnTaking()
        chance = Random(f"{seed}/world")
        self.trouble = Trouble(Random(f"{seed}/trouble"))
        self.cluster = SimulatedCluster(seed, START_MS, self.time, self.trouble)
        for topic in TOPICS:
            self.cluster.create(topic.name, PARTITIONS)
        for topic in (ACTIONABLE, REPS):
            self.cluster.create(f"{topic.name}.dlq", 1)
        for workspace in WORKSPACES:
            for team in TEAMS:
                self.cluster.create(team_topic(workspace, team).name, PARTITIONS)
        self.times: dict[tuple[str, int], list[float]] = {}
        """True time of each entry of each log, which no broker knows."""
        for name, logs in self.cluster.topics.items():
            for number, log in enumerate(logs):
                times = self.times[name, number] = []
                log.watchers.append(partial(self._note_times, log, times))
        self.static = chance.random() < 0.5
        self.make_doubt = make_doubt
        self.desks = [Town(self.cluster, seed, workspace, hours).desk for workspace in WORKSPACES]
        self.versions = dict.fromkeys(NAMES, 1)
        self.policies = dict.fromkeys(NAMES, _policies(1))
        """What each worker has read of the topic of policies."""
        self.workers = [Worker(self, name) for name in NAMES]
        self.trouble.plan(self, kinds)

    def run(self) -> None:
        """Plays the day to its end."""
        self.time.call_at(self._hours.end_s, self._end)
        while not self.over and self.time.run_next():
            pass

    def close(self) -> None:
        """Ends the processes. One that still waits would keep the whole day in memory for ever."""
        for worker in self.workers:
            self.time.kill(worker.process)

    def note(self, line: str) -> None:
        """Adds a line to the short history."""
        self.notes.add(self.time.now_s, line)

    def change_policies(self, late_s: Sequence[float]) -> None:
        """Publishes a new version of all policies, by which posts are triaged from now on.

        Args:
            late_s: how long each worker takes to read it.
        """
        version = self.desks[0].policy_version + 1
        self.note(f"policies of version {version}")
        for desk in self.desks:
            desk.policy_version = version
        for name, seconds in zip(NAMES, late_s, strict=True):
            self.time.call_in(seconds, partial(self._read_policies, name, version))

    def _read_policies(self, name: str, version: int) -> None:
        # Changes soon after each other must not be read in the wrong order.
        self.versions[name] = max(self.versions[name], version)
        self.policies[name] = _policies(self.versions[name])

    def kafka(self, name: str) -> KafkaSettings:
        """Returns the settings of a worker."""
        key = name if self.static else None
        return _SETTINGS[key]

    def _end(self) -> None:
        self.over = True

    def _note_times(self, log: PartitionLog, times: list[float]) -> None:
        times.extend([self.time.now_s] * (log.high - len(times)))


@cache
def _policies(version: int) -> Mapping[str, bytes]:
    return {workspace: policy_of(workspace, version) for workspace in WORKSPACES}


_SETTINGS = {
    name: KafkaSettings(
        bootstrap_servers="simulated:1", session_timeout_ms=6000, transaction_timeout_ms=4000, instance_id=name
    )
    for name in (None, *NAMES)
}
