"""The lists of columns and the real ClickHouse engine: what migrations leave there is what the lists create."""

from collections.abc import Iterator
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from pipeline.adapters.clickhouse.migrate import migrate, render
from pipeline.adapters.clickhouse.writer import connect
from pipeline.local.endpoints import Endpoints
from pipeline.settings import ClickHouseSettings
from pipeline.sink.columns import Table
from pipeline.sink.ddl import create_table
from pipeline.sink.tables import ALL_TABLES
from tests.stores import own_database

pytestmark = pytest.mark.integration
TABLES = pytest.mark.parametrize("table", ALL_TABLES, ids=lambda table: table.name)


@pytest.fixture(scope="module")
def store(stack: Endpoints) -> Iterator[ClickHouseSettings]:
    settings = own_database(stack, "columns")
    migrate(settings)
    yield settings
    with connect(settings) as client:
        client.command(f"DROP DATABASE {settings.database}")


def columns_of(client: Client, database: str, table: str) -> list[tuple[str, str, str, str]]:
    """Name, type, codec and comment of each column, in the table's order."""
    rows = client.query(
        "SELECT name, type, compression_codec, comment FROM system.columns "
        "WHERE database = {db:String} AND table = {t:String} ORDER BY position",
        parameters={"db": database, "t": table},
    ).result_rows
    return [(str(name), str(kind), str(codec), str(comment)) for name, kind, codec, comment in rows]


def definition_of(client: Client, database: str, table: str) -> tuple[Any, ...]:
    """Engine, keys and indexes."""
    where = {"db": database, "t": table}
    keys = client.query(
        "SELECT engine, partition_key, sorting_key FROM system.tables "
        "WHERE database = {db:String} AND name = {t:String}",
        parameters=where,
    ).result_rows
    indexes = client.query(
        "SELECT name, type_full, expr, granularity FROM system.data_skipping_indices "
        "WHERE database = {db:String} AND table = {t:String} ORDER BY name",
        parameters=where,
    ).result_rows
    return (*keys, *indexes)


@TABLES
def test_a_migrated_table_has_the_columns_of_its_list(store: ClickHouseSettings, table: Table[Any]) -> None:
    with connect(store) as client:
        stored = columns_of(client, store.database, table.name)
    assert [(name, kind) for name, kind, _, _ in stored] == list(zip(table.names, table.types, strict=True))
    comments = {column.name: column.comment for column in table.columns}
    # Columns of the first migrations have no comment in ClickHouse; those that have one say the same.
    assert {name: comment for name, *_, comment in stored if comment not in ("", comments[name])} == {}
    codecs = {column.name: column.codec.replace("Delta,", "Delta(8),") for column in table.columns}
    assert {name: codec for name, _, codec, _ in stored} == codecs


@TABLES
@pytest.mark.parametrize("suffix", ["", "_local"])
def test_the_list_creates_the_table_that_the_migrations_made(
    store: ClickHouseSettings, table: Table[Any], suffix: str
) -> None:
    # Of a cluster the engine can make the shard's table, on one node: it has no Keeper and no second server.
    settings = store.model_copy(update={"cluster": "c1" if suffix else None})
    statement = render(create_table(table), settings)[0]
    statement = statement.replace("ON CLUSTER 'c1'", "").replace("ENGINE = Replicated", "ENGINE = ")
    created = f"{store.database}_again"
    statement = statement.replace(f"{store.database}.", f"{created}.").partition("SETTINGS")[0]
    with connect(store) as client:
        client.command(f"CREATE DATABASE {created}")
        try:
            client.command(statement)
            again = columns_of(client, created, f"{table.name}{suffix}")
            before = columns_of(client, store.database, table.name)
            assert [column[:3] for column in again] == [column[:3] for column in before]
            assert [comment for *_, comment in again] == [column.comment for column in table.columns]
            keys = definition_of(client, created, f"{table.name}{suffix}")
            assert keys == definition_of(client, store.database, table.name)
        finally:
            client.command(f"DROP DATABASE {created}")
