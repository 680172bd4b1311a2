"""What every `ports.RowWriter` does: one suite over the in-memory twin and over ClickHouse."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from pipeline.adapters.clickhouse.writer import ClickHouseWriter, connect
from pipeline.adapters.in_memory.store import MemoryRows, MemoryTable
from pipeline.errors import Permanent
from pipeline.local.endpoints import Endpoints
from pipeline.ports.rows import RowWriter
from tests.stores import own_database

COLUMNS = ("id", "text", "ver", "is_deleted")
DDL = """
CREATE TABLE {database}.things (id String, text String, ver UInt64, is_deleted UInt8)
ENGINE = ReplacingMergeTree(ver, is_deleted) ORDER BY id
SETTINGS non_replicated_deduplication_window = 100
"""


@dataclass
class Store:
    """A writer and two ways to look at what it wrote."""

    writer: RowWriter
    final: Callable[[], list[tuple[object, ...]]]
    stored: Callable[[], int]


@pytest.fixture(params=["memory", pytest.param("clickhouse", marks=pytest.mark.integration)])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        memory = MemoryRows({"things": MemoryTable(COLUMNS, ("id",), "ver", "is_deleted")})
        yield Store(
            memory,
            lambda: sorted(((row["id"], row["text"]) for row in memory.final("things")), key=repr),
            lambda: len(memory.stored("things")),
        )
        return
    stack: Endpoints = request.getfixturevalue("stack")
    settings = own_database(stack, "rows")
    with connect(settings) as client:
        client.command(f"CREATE DATABASE {settings.database}")
        client.command(DDL.format(database=settings.database))
        # What is counted without FINAL must not be merged away meanwhile.
        client.command(f"SYSTEM STOP MERGES {settings.database}.things")
        writer = ClickHouseWriter(settings)
        writer.check()
        select = f"FROM {settings.database}.things"
        yield Store(
            writer,
            lambda: sorted(client.query(f"SELECT id, text {select} FINAL").result_rows, key=repr),
            lambda: int(client.query(f"SELECT count() {select}").result_rows[0][0]),
        )
        writer.close()
        client.command(f"DROP DATABASE {settings.database}")


def test_all_rows_of_a_batch_are_stored(store: Store) -> None:
    store.writer.insert("things", COLUMNS, [("a", "x", 1, 0), ("b", "y", 1, 0)], token="t1")
    assert store.final() == [("a", "x"), ("b", "y")]


def test_the_same_batch_with_the_same_token_is_stored_once(store: Store) -> None:
    for _ in range(3):
        store.writer.insert("things", COLUMNS, [("a", "x", 1, 0), ("b", "y", 1, 0)], token="t1")
    assert store.stored() == 2


def test_equal_rows_under_different_tokens_are_both_stored_and_count_once(store: Store) -> None:
    store.writer.insert("things", COLUMNS, [("a", "x", 1, 0)], token="t1")
    store.writer.insert("things", COLUMNS, [("a", "x", 1, 0)], token="t2")
    assert store.stored() == 2
    assert store.final() == [("a", "x")]


def test_the_higher_version_wins_in_any_order(store: Store) -> None:
    store.writer.insert("things", COLUMNS, [("a", "new", 2, 0)], token="t1")
    store.writer.insert("things", COLUMNS, [("a", "old", 1, 0)], token="t2")
    assert store.final() == [("a", "new")]


def test_of_equal_versions_the_last_inserted_wins(store: Store) -> None:
    store.writer.insert("things", COLUMNS, [("a", "first", 1, 0), ("a", "second", 1, 0)], token="t1")
    assert store.final() == [("a", "second")]
    store.writer.insert("things", COLUMNS, [("a", "third", 1, 1)], token="t2")
    assert store.final() == []


def test_a_deletion_hides_the_row_also_from_older_versions_that_come_late(store: Store) -> None:
    store.writer.insert("things", COLUMNS, [("a", "x", 1, 0)], token="t1")
    store.writer.insert("things", COLUMNS, [("a", "", 5, 1)], token="t2")
    store.writer.insert("things", COLUMNS, [("a", "late", 3, 0)], token="t3")
    assert store.final() == []


def test_an_unknown_table_is_permanent_and_shows_no_value(store: Store) -> None:
    with pytest.raises(Permanent) as refused:
        store.writer.insert("nothing", COLUMNS, [("secret words", "x", 1, 0)], token="t1")
    assert "secret words" not in str(refused.value)


def test_an_unknown_column_is_permanent(store: Store) -> None:
    with pytest.raises(Permanent):
        store.writer.insert("things", ("id", "colour"), [("a", "red")], token="t1")


def test_rows_are_stored_after_a_refused_insert(store: Store) -> None:
    with pytest.raises(Permanent):
        store.writer.insert("things", ("id", "colour"), [("a", "red")], token="t1")
    store.writer.insert("things", COLUMNS, [("a", "x", 1, 0)], token="t1")
    assert store.final() == [("a", "x")]
