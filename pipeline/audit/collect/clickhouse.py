"""Reads what analysts see: the rows of each table under FINAL, as ids, versions and positions.

It fills a `Store`, reads no text of a post into it, except in the sample of whole rows, and writes nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.adapters.clickhouse.table_reader import TableReader, open_table_reader
from pipeline.audit.collect.sample import Sample, StoredRows
from pipeline.audit.collected import Store
from pipeline.audit.interned_ids import Names
from pipeline.audit.logs import position
from pipeline.ports.records import InputRecord
from pipeline.settings import ClickHouseSettings
from pipeline.sink.agent import TABLES
from pipeline.sink.columns import Table

_WHERE = "WHERE (empty({workspaces:Array(String)}) OR has({workspaces:Array(String)}, workspace))"
_POSTS = f"SELECT workspace, post_id, ver, _partition, _offset FROM posts FINAL {_WHERE}"  # noqa: S608 (constants)
_DELETED = f"SELECT workspace, post_id, ver, _partition, _offset FROM posts {_WHERE} AND is_deleted"  # noqa: S608
_REFUSED = f"SELECT workspace, post_id, revision FROM refused_posts FINAL {_WHERE}"  # noqa: S608
_EVENTS = f"SELECT event_id, _partition, _offset FROM case_events FINAL {_WHERE}"  # noqa: S608
_ASSIGNMENTS = f"SELECT case_id, attempt, state, `update`, _partition, _offset FROM assignments FINAL {_WHERE}"  # noqa: S608

_AT = "toUnixTimestamp64Milli(at), _partition, _offset"
_QUEUES = f"SELECT workspace, queue, {_AT} FROM queue_gauges FINAL {_WHERE}"  # noqa: S608
_REPS = f"SELECT workspace, rep_id, {_AT} FROM rep_presence FINAL {_WHERE}"  # noqa: S608


def collect_clickhouse(
    settings: ClickHouseSettings, names: Names, workspaces: frozenset[str], samples: Mapping[str, Sample]
) -> Store:
    """Reads all tables in blocks.

    Args:
        settings: resolved settings.
        names: numbers all names.
        workspaces: the only ones that count, or all if empty.
        samples: maps a topic to the records whose rows are read whole.

    Raises:
        ServiceMissing: nobody answers.
        Transient: ClickHouse stopped answering.
        Misconfigured: a table is missing.
    """
    store = Store()
    with open_table_reader(settings) as reader:
        parameters = {"workspaces": sorted(workspaces)}
        for workspace, post_id, ver, partition, offset in reader.rows(_POSTS, parameters):
            number = names.number(f"{workspace}/{post_id}")
            store.posts.add(number, position(int(partition), int(offset)), 0)
            store.post_vers.append(int(ver))
        for workspace, post_id, ver, partition, offset in reader.rows(_DELETED, parameters, final=False):
            number = names.number(f"{workspace}/{post_id}")
            store.add_deletion(number, int(ver), position(int(partition), int(offset)))
        for workspace, post_id, revision in reader.rows(_REFUSED, parameters):
            store.refused.add(names.post(str(workspace), str(post_id), int(revision)))
        for event_id, partition, offset in reader.rows(_EVENTS, parameters):
            store.case_events.add(names.number(str(event_id)), position(int(partition), int(offset)), 0)
        for case_id, attempt, state, update, partition, offset in reader.rows(_ASSIGNMENTS, parameters):
            number = names.assignment(str(case_id), int(attempt), str(state), int(update))
            store.assignments.add(number, position(int(partition), int(offset)), 0)
        for kind, sql in (("queue", _QUEUES), ("rep", _REPS)):
            for workspace, name, at_ms, partition, offset in reader.rows(sql, parameters):
                number = names.gauge(str(workspace), kind, str(name), int(at_ms))
                store.gauges.add(number, position(int(partition), int(offset)), 0)
        for topic, sample in samples.items():
            store.rows[topic] = [_whole_rows(reader, table, sample.records) for table in TABLES[topic]]
    return store


def _whole_rows(reader: TableReader, table: Table[Any], records: Sequence[InputRecord]) -> StoredRows:
    """Reads every row, also one that FINAL hides, that says that it was made of one of the records."""
    if not records:
        return StoredRows(table, ())
    by_position = {(record.partition, record.offset): record for record in records}
    places = ", ".join(f"({partition}, {offset})" for partition, offset in by_position)
    columns = table.names
    # Columns are quoted because `update` is a word of SQL.
    names = ", ".join(f"`{name}`" for name in columns)
    sql = f"SELECT {names} FROM {table.name} WHERE (_partition, _offset) IN ({places})"  # noqa: S608
    answer = reader.answer(sql)
    partition, offset = columns.index("_partition"), columns.index("_offset")
    pairs = [(by_position[row[partition], row[offset]], tuple(row)) for row in answer.rows]
    return StoredRows(table, pairs)
