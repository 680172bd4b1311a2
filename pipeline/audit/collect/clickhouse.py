"""What analysts see: the rows of each table under FINAL, as ids, versions and positions.

In: the ClickHouse settings. Out: `Store`. Never here: a text, a write.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from pipeline.adapters.clickhouse.analytics import READ_ONLY, READ_SETTINGS
from pipeline.adapters.clickhouse.writer import connect, translate
from pipeline.audit.collect.sample import Sample, StoredRows
from pipeline.audit.facts import Store
from pipeline.audit.logs import position
from pipeline.audit.names import Names
from pipeline.errors import Misconfigured, Permanent
from pipeline.ports.records import InputRecord
from pipeline.settings import ClickHouseSettings
from pipeline.sink.agent import TABLES
from pipeline.sink.rows import Table
from pipeline.sink.tables.posts import POSTS, REFUSED_POSTS

LONGEST_QUERY_S = 600
"""A table of 10**8 rows is read whole; analysts' limit of a minute is not for that."""

_SETTINGS = {**READ_SETTINGS, "max_execution_time": LONGEST_QUERY_S, "readonly": READ_ONLY}
"""The audit must see what analysts see."""

Row = tuple[str | int, ...]

_WHERE = "WHERE (empty({workspaces:Array(String)}) OR has({workspaces:Array(String)}, workspace))"
_POSTS = f"SELECT workspace, post_id, ver, _partition, _offset FROM posts FINAL {_WHERE}"  # noqa: S608 (constants)
_DELETED = f"SELECT workspace, post_id, ver, _partition, _offset FROM posts {_WHERE} AND is_deleted"  # noqa: S608
_REFUSED = f"SELECT workspace, post_id, revision FROM refused_posts FINAL {_WHERE}"  # noqa: S608
_EVENTS = f"SELECT event_id, _partition, _offset FROM case_events FINAL {_WHERE}"  # noqa: S608
_ASSIGNMENTS = f"SELECT case_id, attempt, state, `update`, _partition, _offset FROM assignments FINAL {_WHERE}"  # noqa: S608


def collect_clickhouse(
    settings: ClickHouseSettings, names: Names, workspaces: frozenset[str], samples: Mapping[str, Sample]
) -> Store:
    """Reads all tables, in blocks.

    Args:
        settings: resolved.
        names: numbers of all names.
        workspaces: the only ones that count; empty: all.
        samples: topic to the records whose rows are read whole.

    Raises:
        ServiceMissing: nobody answers. Transient: it stopped answering. Misconfigured: a table is missing.
    """
    store = Store()
    with connect(settings) as client:
        client.database = settings.database
        parameters = {"workspaces": sorted(workspaces)}
        for workspace, post_id, ver, partition, offset in _rows(client, _POSTS, parameters):
            number = names.number(f"{workspace}/{post_id}")
            store.posts.add(number, position(int(partition), int(offset)), 0)
            store.post_vers.append(int(ver))
        for workspace, post_id, ver, partition, offset in _rows(client, _DELETED, parameters, final=0):
            number = names.number(f"{workspace}/{post_id}")
            store.add_deletion(number, int(ver), position(int(partition), int(offset)))
        for workspace, post_id, revision in _rows(client, _REFUSED, parameters):
            store.refused.add(names.post(str(workspace), str(post_id), int(revision)))
        for event_id, partition, offset in _rows(client, _EVENTS, parameters):
            store.case_events.add(names.number(str(event_id)), position(int(partition), int(offset)), 0)
        for case_id, attempt, state, update, partition, offset in _rows(client, _ASSIGNMENTS, parameters):
            number = names.assignment(str(case_id), int(attempt), str(state), int(update))
            store.assignments.add(number, position(int(partition), int(offset)), 0)
        for topic, sample in samples.items():
            tables = (POSTS, REFUSED_POSTS) if TABLES[topic] is POSTS else (TABLES[topic],)
            store.rows[topic] = [_whole_rows(client, table, sample.records) for table in tables]
    return store


def _whole_rows(client: Client, table: Table[Any], records: Sequence[InputRecord]) -> StoredRows:
    """Every row, also one that FINAL hides, that says that it was made of one of the records."""
    if not records:
        return StoredRows(table, (), ())
    by_position = {(record.partition, record.offset): record for record in records}
    places = ", ".join(f"({partition}, {offset})" for partition, offset in by_position)
    columns = table.columns
    names = ", ".join(f"`{name}`" for name in columns)  # `update` is a word of SQL
    sql = f"SELECT {names} FROM {table.name} WHERE (_partition, _offset) IN ({places})"  # noqa: S608
    with _refusals():
        found = client.query(sql, settings={**_SETTINGS, "final": 0})
    partition, offset = columns.index("_partition"), columns.index("_offset")
    pairs = [(by_position[row[partition], row[offset]], tuple(row)) for row in found.result_rows]
    return StoredRows(table, [kind.name for kind in found.column_types], pairs)


def _rows(client: Client, sql: str, parameters: Mapping[str, object], *, final: int = 1) -> Iterator[Row]:
    settings = {**_SETTINGS, "final": final}
    with _refusals(), client.query_rows_stream(sql, parameters=dict(parameters), settings=settings) as rows:
        yield from rows


@contextmanager
def _refusals() -> Iterator[None]:
    """The server's errors in ours; what a table lacks, a migration brings."""
    try:
        yield
    except ClickHouseError as error:
        refused = translate(error, "reading ClickHouse", show=True)
        if isinstance(refused, Permanent):
            raise Misconfigured(f"{refused.detail}; `earshot migrate` creates the tables") from None
        raise refused from None
