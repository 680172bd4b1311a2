"""Plays one day and judges it."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any, NamedTuple, cast

from pipeline.adapters.kafka.transactional.late_requests import DoubtRule
from pipeline.adapters.kafka.transactional.partition_loop import PartitionLoop
from pipeline.adapters.kafka.transactional.producer import doubt_rule
from pipeline.loop.now import NOW_KEY
from pipeline.loop.rerun import Replay, ReplayDiffers
from pipeline.ports.decider import policy_digest
from pipeline.ports.records import InputRecord
from pipeline.route.router import Router
from pipeline.settings import KafkaSettings
from schemas.cases.journal import JournalEntry
from schemas.topics import JOURNAL, POLICY_LOG, ROUTE_STATE
from tests.simulation.history import History, history_of
from tests.simulation.invariants import damage
from tests.simulation.routers import new_router
from tests.simulation.world import GROUP, World

FAR_MS = 10**10
ALL = 10**9
SHOWN = 40
COLLECT_EVERY = 20
REPLAYED_EVERY = 4
"""To decide a day again costs half as much as the day."""


class Day(NamedTuple):
    """A day that was played."""

    world: World
    history: History
    damage: list[str]

    def story(self) -> str:
        """Returns what is needed to understand a failure and to see it again."""
        return "\n".join(
            [
                f"seed {self.world.seed}: python -m tests.simulation {self.world.seed}",
                f"planned: {'; '.join(self.world.trouble.planned)}",
                *self.world.notes.lines[-SHOWN:],
                *self.damage[:SHOWN],
            ]
        )


def play(
    seed: int,
    kinds: Sequence[str] | None = None,
    make_doubt: Callable[[KafkaSettings], DoubtRule] = doubt_rule,
) -> Day:
    """Plays the day of a seed to its end and judges it."""
    return judged(World(seed, kinds, make_doubt))


def judged(world: World) -> Day:
    """Plays a day that was prepared and judges it."""
    world.run()
    history = history_of(
        world.cluster, world.times, GROUP, world.trouble.calm_from_s, clock_jumped=world.trouble.clock_jumped
    )
    found = [*world.notes.damage, *damage(history), *changelog_damage(world)]
    if world.seed % REPLAYED_EVERY == 0:
        found += replay_damage(world)
    world.close()
    return Day(world, history, found)


@contextmanager
def quiet_collector() -> Iterator[Callable[[], None]]:
    """Collects garbage when the given function has been called some times, and never meanwhile.

    A day is a few MB of garbage. To collect it again and again would cost a fifth of the time.
    """
    calls = 0

    def collect() -> None:
        nonlocal calls
        calls += 1
        if calls % COLLECT_EVERY == 0:
            gc.collect()

    gc.disable()
    try:
        yield collect
    finally:
        gc.enable()


def changelog_damage(world: World) -> list[str]:
    """Compares the state of each live loop with what the changelog restores, in its order and in another."""
    return [
        f"changelog_restores_the_state: partition {number} of {worker.name}, {how}"
        for worker in world.workers
        if worker.host.alive and worker.agent is not None
        for number, loop in cast(dict[int, PartitionLoop], cast(Any, worker.agent)._loops).items()
        for how in _differences(world, number, loop)
    ]


def replay_damage(world: World) -> list[str]:
    """Decides the journal of each partition number again, which must give what was decided, byte for byte."""
    logs = world.cluster.topics
    policies = [
        entry.value for log in logs[POLICY_LOG.name] for entry in log.committed() if entry.value is not None
    ]
    contents = {policy_digest(value): value for value in policies}
    found = []
    for number, journal in enumerate(logs[JOURNAL.name]):
        replay = Replay(new_router(), contents.__getitem__, "")
        for written in journal.committed():
            entry = JournalEntry.model_validate_json(written.value or b"")
            records = [
                InputRecord(part.topic, number, each.offset, each.key, each.value, each.append_ms)
                for part in entry.inputs
                for each in logs[part.topic][number].entries[part.first : part.next]
            ]
            try:
                replay.play(entry, records)
            except ReplayDiffers as difference:
                found.append(f"a_replay_equals_the_run: {difference}")
                break
    return found


def _differences(world: World, number: int, loop: PartitionLoop) -> list[str]:
    log = world.cluster.log(ROUTE_STATE.name, number)
    if not loop.restored or loop.written_to != log.high:
        return []  # in the middle of a transaction, or another worker has gone on
    log.compact()
    entries = [entry for entry in log.committed() if entry.key != NOW_KEY]
    found = []
    try:
        live = future_of(cast(Router, loop.driver.decider))
        for how in ("in order", "shuffled"):
            restored = new_router()
            for entry in entries:
                restored.restore(entry.key or b"", entry.value)
            if future_of(restored) != live:
                found.append(how)
            Random(number).shuffle(entries)
    except Exception as bug:
        found.append(repr(bug))
    return found


def future_of(router: Router) -> tuple[object, ...]:
    """Returns all that a router decides when everybody stays silent for ever."""
    router.abort()
    now_ms = router.next_timer_ms() or 0
    router.set_live(True, now_ms, ALL)
    router.fire_timers(now_ms + FAR_MS, ALL)
    decisions = router.decisions()
    return tuple(decisions.outputs), tuple(decisions.changes.items())
