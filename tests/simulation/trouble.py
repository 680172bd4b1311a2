"""What goes wrong on a simulated day: faults that are planned, and small ones that come all the time."""

from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING

from pipeline.adapters.in_memory.kafka.cluster import BROKERS
from pipeline.adapters.in_memory.kafka.link import Late

if TYPE_CHECKING:
    from tests.simulation.world import World

FAULTS = 3
FIRST_S, LAST_S = 3.0, 60.0
JUMPS_S = (3_600.0, -3_600.0, 30 * 86_400.0)
CLOCKS = frozenset({"worker_clock", "broker_clock"})
"""A day has only one of them. Where the clocks of a worker and of a broker are wrong alike, nobody can tell."""
HELD_FETCH = 0.02
"""Chance of a fetch to be held up."""


class Trouble:
    """Plans the faults of a seed and holds requests up, as `Faults` of the cluster."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.planned: list[str] = []
        self.calm_from_s = 0.0
        """From then on nothing more goes wrong."""
        self.clock_jumped = False
        """Whether the clock of a broker jumped."""
        self._late: dict[tuple[str, str], list[Late]] = {}
        self._refusals: dict[str, int] = {}
        self._slow_fetches: dict[tuple[str, str], tuple[float, float]] = {}

    def late(self, host: str, kind: str) -> Late | None:
        """See `link.Faults.late`."""
        if kind.startswith("fetch"):
            often, longest_s = self._slow_fetches.get((host, kind), (HELD_FETCH, 1.5))
            return Late(self.chance.random() * longest_s) if self.chance.random() < often else None
        waiting = self._late.get((host, kind))
        return waiting.pop(0) if waiting else None

    def refuses(self, host: str, topic: str) -> bool:
        """See `link.Faults.refuses`."""
        if self._refusals.get(host, 0) > 0 and self.chance.random() < 0.3:
            self._refusals[host] -= 1
            return True
        return False

    def plan(self, world: "World", names: Sequence[str] | None) -> None:
        """Draws the faults of the day, among those of these names.

        None means all but brokers that fall silent in a call. When the end of a transaction is on its way then,
        its offers are late and nobody can take them back.
        """
        kinds: dict[str, Callable[[World, float], float]] = {
            "kill": self._kill, "kill_in_call": self._kill_in_call, "stall": self._stall,
            "stall_in_call": self._stall_in_call, "late_end": self._late_end, "late_offsets": self._late_offsets,
            "late_markers": self._late_markers, "refusals": self._refuse, "expulsion": self._expel,
            "slow_fetches": self._slow_fetch, "torn": self._torn, "worker_clock": self._worker_clock,
            "broker_clock": self._broker_clock, "rebalance": self._rebalance, "silence": self._silence,
            "silence_in_call": self._silence_in_call,
            "outage": self._outage, "policies": self._policies,
        }  # fmt: skip
        excluded = {"silence_in_call"}
        for _ in range(FAULTS if names is None or names else 0):
            at_s = FIRST_S + (LAST_S - FIRST_S) * self.chance.random()
            name = self.chance.choice(names or [name for name in kinds if name not in excluded])
            excluded |= CLOCKS - {name} if name in CLOCKS else set()
            lasts_s = kinds[name](world, at_s)
            self.planned.append(f"{name} at {at_s:.1f} s")
            self.calm_from_s = max(self.calm_from_s, at_s + lasts_s)

    def _worker(self, world: "World") -> int:
        return self.chance.randrange(len(world.workers))

    def _kill(self, world: "World", at_s: float) -> float:
        number, away_s = self._worker(world), 0.5 + self.chance.random() * 10
        world.time.call_at(at_s, lambda: world.workers[number].kill(away_s))
        return away_s

    def _kill_in_call(self, world: "World", at_s: float) -> float:
        number, away_s = self._worker(world), 0.5 + self.chance.random() * 10
        self._in_call(world, at_s, number, lambda: world.workers[number].kill(away_s))
        return away_s + 5

    def _stall(self, world: "World", at_s: float) -> float:
        number, lasts_s = self._worker(world), self.chance.choice([1.0, 5.0, 15.0]) * (0.5 + self.chance.random())
        world.time.call_at(at_s, lambda: self._stop(world, number, lasts_s))
        return lasts_s

    def _stall_in_call(self, world: "World", at_s: float) -> float:
        number, lasts_s = self._worker(world), self.chance.choice([1.0, 5.0, 15.0]) * (0.5 + self.chance.random())
        self._in_call(world, at_s, number, lambda: self._stop(world, number, lasts_s))
        return lasts_s + 5

    def _in_call(self, world: "World", at_s: float, number: int, action: Callable[[], None]) -> None:
        """Does it at one of the next waits of the worker, most of which are in a transaction."""
        waits = 1 + self.chance.randrange(60)

        def arm() -> None:
            process = world.workers[number].process
            process.at_wait[process.waits + waits] = action

        world.time.call_at(at_s, arm)

    def _stop(self, world: "World", number: int, lasts_s: float) -> None:
        world.note(f"w{number} stands still for {lasts_s:.1f} s")
        world.workers[number].host.stalled_until_s = world.time.now_s + lasts_s

    def _late_end(self, world: "World", at_s: float) -> float:
        return self._hold(world, at_s, "end")

    def _late_offsets(self, world: "World", at_s: float) -> float:
        return self._hold(world, at_s, "offsets")

    def _hold(self, world: "World", at_s: float, kind: str) -> float:
        """Holds some requests of a worker up, most of them so that a copy is sent and both arrive."""
        number = self._worker(world)
        cut = self.chance.random() < 0.6
        held = [Late(self.chance.choice([0.15, 0.25, 0.5, 1.5, 3.0]) * (0.5 + self.chance.random()), cut)
                for _ in range(1 + self.chance.randrange(3))]  # fmt: skip

        def arm() -> None:
            world.note(f"w{number} {kind} held up: {[(round(late.seconds, 2), late.cut) for late in held]}")
            self._late.setdefault((f"w{number}", kind), []).extend(held)

        world.time.call_at(at_s, arm)
        return 15.0

    def _late_markers(self, world: "World", at_s: float) -> float:
        held = [Late(self.chance.random() * 0.5) for _ in range(30)]
        world.time.call_at(at_s, lambda: self._late.setdefault(("brokers", "marker"), []).extend(held))
        return 15.0

    def _slow_fetch(self, world: "World", at_s: float) -> float:
        """One input of a worker comes late for a while, and the other does not."""
        place = f"w{self._worker(world)}", f"fetch {self.chance.choice(world.inputs)}"
        lasts_s = 5 + self.chance.random() * 15
        world.time.call_at(at_s, lambda: self._slow_fetches.update({place: (0.5, 4.0)}))
        world.time.call_at(at_s + lasts_s, lambda: self._slow_fetches.pop(place, None))
        return lasts_s + 4

    def _torn(self, world: "World", at_s: float) -> float:
        """The end of a transaction is sent twice, and its second copy arrives while the next one is slow."""
        host = f"w{self._worker(world)}"
        ends = [Late(0.3 + self.chance.random(), cut=True) for _ in range(3)]
        offsets = [Late(1.0) for _ in range(3)]

        def arm() -> None:
            world.note(f"{host} ends held up: {[round(held.seconds, 2) for held in ends]}, then slow transactions")
            self._late.setdefault((host, "end"), []).extend(ends)
            world.time.call_in(0.2, lambda: self._late.setdefault((host, "offsets"), []).extend(offsets))

        world.time.call_at(at_s, arm)
        return 15.0

    def _worker_clock(self, world: "World", at_s: float) -> float:
        """The wall clock of a worker's machine jumps, and stays wrong or comes right again."""
        number, jump_s = self._worker(world), self.chance.choice(JUMPS_S)
        back = self.chance.random() < 0.5

        def jump(seconds: float) -> None:
            world.note(f"the clock of w{number} is {seconds:+.0f} s ahead")
            world.workers[number].clock_ahead_s = world.workers[number].host.clock_ahead_s = seconds

        world.time.call_at(at_s, lambda: jump(jump_s))
        if back:
            world.time.call_at(at_s + 10, lambda: jump(0.0))
        return 10.0

    def _broker_clock(self, world: "World", at_s: float) -> float:
        """The wall clock of some brokers or all jumps, and with it the append times of all that they lead."""
        jump_s, brokers = (
            self.chance.choice(JUMPS_S),
            self.chance.sample(range(BROKERS), self.chance.choice((1, 2, 3))),
        )
        back, election = self.chance.random() < 0.5, self.chance.random() < 0.5
        self.clock_jumped = True

        def jump(seconds: float) -> None:
            world.note(f"the clocks of brokers {brokers} are {seconds:+.0f} s ahead")
            for broker in brokers:
                world.cluster.clocks_ahead_s[broker] = seconds

        def elect() -> None:
            world.note("all leaders move")
            world.cluster.elections += 1

        world.time.call_at(at_s, lambda: jump(jump_s))
        if election:
            world.time.call_at(at_s + 5, elect)
        if back:
            world.time.call_at(at_s + 10, lambda: jump(0.0))
        return 10.0

    def _refuse(self, world: "World", at_s: float) -> float:
        number, times = self._worker(world), 1 + self.chance.randrange(4)
        world.time.call_at(at_s, lambda: self._refusals.update({f"w{number}": times}))
        return 15.0

    def _expel(self, world: "World", at_s: float) -> float:
        def expel() -> None:
            group = world.cluster.group("earshot-route")
            if group.members:
                name = self.chance.choice(sorted(group.members))
                world.note(f"{name} expelled")
                group.expel(name)

        world.time.call_at(at_s, expel)
        return 5.0

    def _rebalance(self, world: "World", at_s: float) -> float:
        world.time.call_at(at_s, lambda: world.cluster.group("earshot-route").rebalance())
        return 5.0

    def _silence(self, world: "World", at_s: float) -> float:
        lasts_s = self.chance.choice([0.5, 2.5, 8.0]) * (0.5 + self.chance.random())
        world.time.call_at(at_s, lambda: self.fall_silent(world, lasts_s))
        return lasts_s

    def _silence_in_call(self, world: "World", at_s: float) -> float:
        lasts_s = self.chance.choice([0.5, 2.5, 8.0]) * (0.5 + self.chance.random())
        self._in_call(world, at_s, self._worker(world), lambda: self.fall_silent(world, lasts_s))
        return lasts_s + 5

    def fall_silent(self, world: "World", lasts_s: float) -> None:
        world.note(f"the brokers are silent for {lasts_s:.1f} s")
        brokers = world.cluster.brokers
        brokers.silent_until_s = max(brokers.silent_until_s, world.time.now_s + lasts_s)

    def _policies(self, world: "World", at_s: float) -> float:
        """The policies change, and posts come that were triaged by one that no worker has read yet."""
        late_s = [self.chance.random() * 4 for _ in world.workers]
        world.time.call_at(at_s, lambda: world.change_policies(late_s))
        return 5.0

    def _outage(self, world: "World", at_s: float) -> float:
        """All workers are away for longer than an offer waits."""
        away_s = 10 + self.chance.random() * 15

        def stop() -> None:
            for worker in world.workers:
                worker.kill(away_s)

        world.time.call_at(at_s, stop)
        return away_s
