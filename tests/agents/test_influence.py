"""The influence agent over a fake stream and a plain dict as its table."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import NoReturn

import pytest

from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.clock import ManualClock, from_ms
from pipeline.codec import encode
from pipeline.influence.agent import InfluenceAgent, Parts, Update, updater
from pipeline.influence.row import row_of
from pipeline.logs import get_log
from pipeline.metrics import Metrics
from pipeline.ports.events import Event
from pipeline.ports.records import InputRecord
from schemas.dead_letter import decode_headers
from schemas.posts.engagement import Engagement
from schemas.topics import post_key
from tests.agents.faust_fakes import Died, FakeEvent, FakePublisher, FakeRecord
from tests.unit.enrich.posts import WRITTEN, WRITTEN_MS

PARTITIONS = 4
ANN = post_key("acme", "x:ann")
HOME = partition_of(ANN, PARTITIONS)


class Rig:
    """One agent with fakes around it."""

    def __init__(self, *, failure: Exception | None = None, update: Update | None = None) -> None:
        self.journal: list[str] = []
        self.rows: dict[bytes, bytes] = {}
        self.publisher = FakePublisher(self.journal, failure)
        self.metrics = Metrics()
        self._update = update or updater(dict, PARTITIONS, partition_of)

    async def run(self, *records: FakeRecord) -> None:
        async def stream() -> AsyncIterator[Event]:
            for record in records:
                yield FakeEvent(record, self.journal)

        def die() -> NoReturn:
            self.journal.append("died")
            raise Died

        parts = Parts(
            stage="enrich", rows=self.rows, update=self._update, publisher=lambda: self.publisher, die=die,
            clock=ManualClock(from_ms(WRITTEN_MS)), metrics=self.metrics, log=get_log("test"),
        )  # fmt: skip
        await InfluenceAgent(parts).run(stream())

    @property
    def codes(self) -> list[str]:
        return [decode_headers(list(letter.headers)).code for letter in self.publisher.delivered]


def wrote(number: int, **changes: object) -> Engagement:
    """Ann's post of that number."""
    known = {"workspace": "acme", "target_author_id": "x:ann", "kind": "post", "created_at": WRITTEN}
    named = {"engagement_id": f"x:{number}/post", "post_id": f"x:{number}"}
    return Engagement.model_validate(known | named | changes)


def record(value: bytes, offset: int = 0, key: bytes = ANN, partition: int = HOME) -> FakeRecord:
    return FakeRecord(value, key, offset, partition, "engagements")


async def test_a_record_changes_the_row_of_its_author_and_is_acknowledged() -> None:
    rig = Rig()
    await rig.run(*(record(encode(wrote(number)), number) for number in range(3)))
    row = row_of(rig.rows[ANN])
    assert (row.offset, len(row.posts)) == (2, 3)
    assert rig.journal == ["ack 0", "ack 1", "ack 2"]


async def test_a_record_that_comes_again_changes_nothing() -> None:
    rig = Rig()
    await rig.run(record(encode(wrote(1)), 7), record(encode(wrote(2)), 8))
    before = dict(rig.rows)
    await rig.run(record(encode(wrote(1)), 7), record(encode(wrote(2)), 8))
    assert rig.rows == before


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (record(b"{"), "invalid_json"),
        (record(encode(wrote(1)), key=b"acme/x:bob"), "wrong_key"),
        (record(encode(wrote(1)), partition=(HOME + 1) % PARTITIONS), "wrong_partition"),
        (record(encode(wrote(1, created_at=WRITTEN + timedelta(days=2)))), "created_in_future"),
        (record(encode(wrote(1, post_created_at=WRITTEN + timedelta(days=2)))), "created_in_future"),
    ],
)
async def test_a_bad_record_is_dead_lettered_before_it_is_acknowledged(bad: FakeRecord, code: str) -> None:
    rig = Rig()
    await rig.run(bad)
    assert rig.journal == ["delivered engagements.dlq", "ack 0"]
    assert rig.codes == [code]
    assert not rig.rows


async def test_a_record_without_a_value_or_key_is_dead_lettered() -> None:
    rig = Rig()
    await rig.run(FakeRecord(None, ANN, 0, HOME, "engagements"), FakeRecord(encode(wrote(1)), None, 1, HOME))
    assert rig.codes == ["empty", "wrong_key"]


async def test_an_error_of_ours_ends_the_process_with_nothing_acknowledged() -> None:
    def broken(row: bytes | None, record: InputRecord) -> bytes:
        raise RuntimeError(record.offset)

    rig = Rig(update=broken)
    with pytest.raises(Died):
        await rig.run(record(encode(wrote(1))))
    assert rig.journal == ["died"]


async def test_a_dead_letter_that_is_not_taken_ends_the_process_with_nothing_acknowledged() -> None:
    rig = Rig(failure=OSError("no broker"))
    with pytest.raises(Died):
        await rig.run(record(b"{"))
    assert rig.journal == ["died"]
