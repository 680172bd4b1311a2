"""What waits to be scored, and how it is cut into batches."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from pipeline.enrich.batches.cost import post_cost
from pipeline.enrich.batches.events import Opened
from pipeline.enrich.batches.notes import REPEATED_PART_RECORDS, AttemptNotes
from pipeline.enrich.batches.queue import Batch, BatchQueue
from pipeline.errors import Permanent
from tests.unit.enrich.posts import raw_post, received


@dataclass
class FakeRecord:
    partition: int
    offset: int
    topic: str = "posts.raw"
    timestamp: float = 0.0
    key: bytes | None = None
    value: bytes | None = None


@dataclass
class FakeEvent:
    message: FakeRecord

    def ack(self) -> bool:
        return True


def opened(*offsets: int, partition: int = 0, characters: int = 10) -> list[Opened]:
    return [
        (FakeEvent(FakeRecord(partition, offset)), received(raw_post("x" * characters), offset=offset))
        for offset in offsets
    ]


def weigh(opened: Opened) -> int:
    content = opened[1]
    return 0 if isinstance(content, Permanent) else post_cost(content.post, None)


def noted(note: str, partition: int = 0) -> AttemptNotes:
    notes = AttemptNotes()
    notes.read({partition: note})
    return notes


async def cuts(queue: BatchQueue, records: Sequence[Opened], notes: AttemptNotes | None = None) -> list[Batch]:
    """All batches of these records, each begun and scored before the next is cut."""
    writing = asyncio.create_task(_write(queue, records))
    found = []
    while batch := await queue.next():
        if notes is not None:
            notes.begin(batch.places)
            notes.done(batch.places)
        found.append(batch)
    await writing
    return found


async def _write(queue: BatchQueue, records: Sequence[Opened]) -> None:
    await queue.put(records)
    await queue.end()


async def test_a_batch_is_cut_by_its_records() -> None:
    found = await cuts(BatchQueue(4, 1000, weigh, AttemptNotes()), opened(*range(10)))
    assert [len(batch.records) for batch in found] == [4, 4, 2]


async def test_a_batch_is_cut_by_its_weight() -> None:
    records = [*opened(0, 1, 2, characters=400), *opened(3, characters=5000), *opened(4, 5, characters=10)]
    found = await cuts(BatchQueue(100, 1000, weigh, AttemptNotes()), records)
    assert [[offset for _, offset in batch.places] for batch in found] == [[0, 1], [2], [3], [4, 5]]


async def test_direct_messages_are_cut_by_what_they_may_cost() -> None:
    direct = received(raw_post("2" * 300, visibility="direct"))
    records: list[Opened] = [(FakeEvent(FakeRecord(0, offset)), direct) for offset in range(512)]
    found = await cuts(BatchQueue(512, 300_000, weigh, AttemptNotes()), records)
    assert max(len(batch.records) for batch in found) == 300_000 // post_cost(direct.post, None) < 110


async def test_what_is_refused_has_no_characters() -> None:
    [(event, _)] = opened(0)
    records: list[Opened] = [(event, Permanent("empty", "nothing"))] * 5
    assert [len(batch.records) for batch in await cuts(BatchQueue(100, 1, weigh, AttemptNotes()), records)] == [5]


@pytest.mark.parametrize(
    "queue", [BatchQueue(4, 10_000, weigh, AttemptNotes()), BatchQueue(100, 40, weigh, AttemptNotes())]
)
async def test_a_writer_waits_while_a_full_batch_waits(queue: BatchQueue) -> None:
    writing = asyncio.create_task(queue.put(opened(*range(6))))
    await asyncio.wait_for(queue.full(), 5)
    assert not writing.done()
    batch = await queue.next()
    assert batch is not None
    assert len(batch.records) == 4
    await asyncio.wait_for(writing, 5)


async def test_records_that_were_begun_when_a_worker_ended_come_in_parts_of_their_partition() -> None:
    notes = noted('{"begun": [[10, 110, 512, 0]]}')
    records = [one for offset in range(150) for one in (*opened(offset), *opened(offset, partition=1))]
    found = await cuts(BatchQueue(40, 10_000, weigh, notes), records, notes)
    careful = [batch for batch in found if batch.careful]
    assert [len(batch.places) for batch in careful] == [
        REPEATED_PART_RECORDS,
        REPEATED_PART_RECORDS,
        REPEATED_PART_RECORDS,
        4,
    ]
    assert [place for batch in careful for place in batch.places] == [(0, offset) for offset in range(10, 110)]
    for partition in (0, 1):
        offsets = [offset for batch in found for number, offset in batch.places if number == partition]
        assert offsets == list(range(150)), "each partition in its order"
    assert max(len(batch.records) for batch in found) == 40


async def test_nothing_is_begun_ahead_that_needs_care() -> None:
    queue = BatchQueue(4, 1000, weigh, noted('{"begun": [[0, 4, 4, 0]]}'))
    writing = asyncio.create_task(queue.put(opened(*range(4))))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(queue.full(), 0.05)
    writing.cancel()
