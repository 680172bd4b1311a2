"""The store of a table: what it reads, keeps and drops as partitions come and go."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from pipeline.adapters.faust import restored
from pipeline.adapters.faust.table import open_table
from pipeline.adapters.faust.worker import build_app
from pipeline.adapters.kafka.reader import Window
from pipeline.logs import get_log
from pipeline.settings import KafkaSettings
from schemas.topics import INFLUENCE_STATE

Change = tuple[int, int, bytes, bytes | None]
"""Partition, offset, key and row."""


class FakeReader:
    """A changelog that is read, with what was read of it."""

    changes: ClassVar[list[Change]] = []
    read_partitions: ClassVar[list[int]] = []

    def __init__(self, _: KafkaSettings) -> None: ...

    def window(self, _: str) -> Window:
        ends = dict.fromkeys(range(4), 0)
        for partition, offset, _key, _row in self.changes:
            ends[partition] = offset + 1
        return Window(dict.fromkeys(ends, 0), ends)

    def read(self, _: str, window: Window) -> Iterator[Any]:
        self.read_partitions.extend(sorted(window.low))
        for partition, offset, key, row in self.changes:
            if partition in window.low:
                yield SimpleNamespace(
                    partition=lambda at=partition: at, offset=lambda at=offset: at, key=lambda k=key: k,
                    value=lambda r=row: r,
                )  # fmt: skip

    def close(self) -> None: ...


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setattr(restored, "TopicReader", FakeReader)
    monkeypatch.setattr(FakeReader, "changes", [])
    monkeypatch.setattr(FakeReader, "read_partitions", [])
    kafka = KafkaSettings(bootstrap_servers="127.0.0.1:9")
    app = build_app(kafka, "g", tmp_path, batch_size=256, fetch_wait_ms=40)
    return open_table(app, kafka, "influence", INFLUENCE_STATE, 4, get_log("test"))


def places(*partitions: int, topic: str = INFLUENCE_STATE.name) -> set[Any]:
    from faust.types import TP

    return {TP(topic, partition) for partition in partitions}


async def own(table: Any, *partitions: int) -> None:
    """Gives the worker these partitions, as Faust does with the fixes in force."""
    await table.data.on_rebalance(places(*partitions) | places(0, 1, topic="posts.raw"), set(), set(), 1)
    await table.data.restore(set(partitions))


async def test_partitions_that_are_new_are_read_whole_and_the_last_row_of_a_key_stands(table: Any) -> None:
    FakeReader.changes = [(0, 0, b"a", b"1"), (0, 1, b"a", b"2"), (0, 2, b"b", b"3"), (1, 0, b"c", b"4"),
                          (0, 3, b"b", None)]  # fmt: skip
    await own(table, 0)
    assert (table.get(b"a"), table.get(b"b"), table.get(b"c")) == (b"2", None, None)
    [place] = places(0)
    assert table.persisted_offset(place) == 3


async def test_a_partition_that_is_kept_is_not_read_again_and_one_that_is_lost_is_forgotten(table: Any) -> None:
    FakeReader.changes = [(0, 0, b"a", b"1"), (1, 0, b"c", b"4")]
    await own(table, 0, 1)
    await own(table, 0)
    assert (table.get(b"a"), table.get(b"c")) == (b"1", None)
    assert FakeReader.read_partitions == [0, 1]
    FakeReader.changes = [(1, 0, b"c", b"4"), (1, 1, b"c", b"5")]
    await own(table, 0, 1)
    assert table.get(b"c") == b"5"
    assert FakeReader.read_partitions == [0, 1, 1]


async def test_rows_that_this_worker_wrote_go_with_their_partition_too(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await own(table, 0, 1)
    event = SimpleNamespace(message=SimpleNamespace(partition=1))
    monkeypatch.setattr(restored, "current_event", lambda: event)
    table.data[b"c"] = b"4"
    assert table.get(b"c") == b"4"
    await own(table, 0)
    assert table.get(b"c") is None


async def test_what_this_worker_writes_moves_the_place_from_which_a_recovery_goes_on(table: Any) -> None:
    await own(table, 0)
    [place], [foreign] = places(0), places(3)
    table.data.set_persisted_offset(place, 17)
    table.data.set_persisted_offset(foreign, 17)
    assert (table.persisted_offset(place), table.persisted_offset(foreign)) == (17, None)


async def test_what_could_not_be_read_in_time_is_left_to_faust(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restored, "LIMIT_S", -1.0)
    FakeReader.changes = [(0, 0, b"a", b"1"), (0, 1, b"a", b"2")]
    [place] = places(0)
    await own(table, 0)
    assert (table.get(b"a"), table.persisted_offset(place)) == (b"1", 0)
    rest = SimpleNamespace(partition=0, offset=1, key=b"a", value=b"2")
    table.apply_changelog_batch([SimpleNamespace(message=rest)])
    assert (table.get(b"a"), table.persisted_offset(place)) == (b"2", 1)
