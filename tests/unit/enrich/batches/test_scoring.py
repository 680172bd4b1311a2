"""One batch is scored while the next is begun, and never two beside a careful one."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest

from pipeline.enrich.batches.attempts import Attempts, EngineTrial
from pipeline.enrich.batches.events import Opened
from pipeline.enrich.batches.notes import MAX_LONE_ATTEMPTS, AttemptNotes
from pipeline.enrich.batches.queue import BatchQueue
from pipeline.enrich.batches.scoring import BatchScoring
from pipeline.enrich.received import ReceivedPost
from pipeline.enrich.score import Scorer
from pipeline.errors import MustRestart, Permanent
from tests.unit.enrich.batches.test_queue import opened

CARE = '{"begun": [[0, 3, 3, 0]]}'
CONDEMNED = f'{{"begun": [[0, 1, 1, {MAX_LONE_ATTEMPTS}]]}}'


class Store:
    """Where notes stand; may keep the writer waiting."""

    def __init__(self, standing: Mapping[int, str] | None = None) -> None:
        self.standing = standing
        self.kept: Mapping[int, str] = {}
        self.written: list[set[int]] = []
        self.answers = True

    async def assigned(self) -> Mapping[int, str] | None:
        standing, self.standing = self.standing, None
        return standing

    def keep(self, notes: Mapping[int, str]) -> None:
        self.kept = notes

    async def write(self, partitions: Iterable[int]) -> None:
        self.written.append(set(partitions))
        if not self.answers:
            await asyncio.sleep(60)


class Engine:
    """Scores nothing, and notes which offsets it was given, what else was in flight and which notes stood."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls: list[list[int]] = []
        self.notes: list[str] = []
        self.trials: list[int] = []

    def score(self, posts: Sequence[ReceivedPost], _policies: object) -> list[Permanent]:
        self.calls.append([post.source.offset for post in posts])
        self.notes.append(self._store.kept.get(0, ""))
        return [Permanent("unscored", "a test")] * len(posts)

    def try_engines(self, offset: int) -> None:
        self.trials.append(offset)


class Rig:
    def __init__(self, store: Store, batch: int = 2) -> None:
        notes = AttemptNotes()
        self.store, self.engine = store, Engine(store)
        self.executor = ThreadPoolExecutor(2)
        self.queue = BatchQueue(batch, 10**6, lambda _: 1, notes)
        trial = EngineTrial(self.engine.try_engines, self.executor, 5.0)
        self.attempts = Attempts(notes, store, trial, write_timeout_s=0.05)
        scorer = cast(Scorer, self.engine)
        self.scoring = BatchScoring(self.queue, self.attempts, scorer, dict, self.executor, 5.0)

    async def run(self, records: Sequence[Opened]) -> list[list[str]]:
        """Scores all; the codes of what was refused, batch by batch."""
        await self.attempts.take_over()
        reading = asyncio.create_task(self._read(records))
        codes = []
        while scored := await self.scoring.next():
            codes.append([letter.reason.code for letter in scored.refused])
        await reading
        return codes

    async def _read(self, records: Sequence[Opened]) -> None:
        await self.queue.put(records)
        await self.queue.end()


async def test_batches_come_in_their_order_and_each_is_noted_before_it_is_scored() -> None:
    rig = Rig(Store())
    assert [len(batch) for batch in await rig.run(opened(*range(5)))] == [2, 2, 1]
    assert rig.engine.calls == [[0, 1], [2, 3], [4]]
    assert "[0, 2, " in rig.engine.notes[0]
    assert rig.store.kept == {}, "what is scored is in no note any more"


async def test_what_was_in_flight_when_a_worker_ended_is_repeated_one_by_one_after_a_trial_of_the_engine() -> None:
    rig = Rig(Store({0: CARE}))
    await rig.run(opened(*range(5)))
    assert rig.engine.calls == [[0], [1], [2], [3, 4]]
    assert rig.engine.trials == [0, 1, 2]
    assert rig.engine.notes[0].startswith('{"begun": [[0, 1, 1, 1]')


async def test_a_record_that_workers_ended_over_is_given_up_unscored() -> None:
    rig = Rig(Store({0: CONDEMNED}))
    assert (await rig.run(opened(0, 1)))[0] == ["stops_worker"]
    assert rig.engine.calls == [[1]]


async def test_brokers_that_take_no_note_end_the_worker_with_nothing_scored() -> None:
    rig = Rig(Store())
    rig.store.answers = False
    with pytest.raises(MustRestart, match="took no note"):
        await rig.run(opened(0))
    assert rig.engine.calls == []
