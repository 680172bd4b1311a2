"""What analysts see: the rows of each table under FINAL, as ids, versions and positions.

In: the ClickHouse settings. Out: `Store`. Never here: a text, a write.
"""

from collections.abc import Iterator, Mapping

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from pipeline.adapters.analytics import READ_ONLY, READ_SETTINGS
from pipeline.adapters.clickhouse import connect, translate
from pipeline.audit.facts import Store, position
from pipeline.audit.names import Names
from pipeline.errors import Misconfigured, Permanent
from pipeline.settings import ClickHouseSettings

LONGEST_QUERY_S = 600
"""A table of 10**8 rows is read whole; analysts' limit of a minute is not for that."""

_SETTINGS = {**READ_SETTINGS, "max_execution_time": LONGEST_QUERY_S, "readonly": READ_ONLY}
"""The audit must see what analysts see."""

Row = tuple[str | int, ...]

_WHERE = "WHERE empty({workspaces:Array(String)}) OR has({workspaces:Array(String)}, workspace)"
_POSTS = f"SELECT workspace, post_id, ver, _partition, _offset FROM posts FINAL {_WHERE}"  # noqa: S608 (constants)
_REFUSED = f"SELECT workspace, post_id, revision FROM refused_posts FINAL {_WHERE}"  # noqa: S608
_EVENTS = f"SELECT event_id, _partition, _offset FROM case_events FINAL {_WHERE}"  # noqa: S608
_ASSIGNMENTS = f"SELECT case_id, attempt, state, `update`, _partition, _offset FROM assignments FINAL {_WHERE}"  # noqa: S608


def collect_clickhouse(settings: ClickHouseSettings, names: Names, workspaces: frozenset[str]) -> Store:
    """Reads all tables, in blocks.

    Args:
        settings: resolved.
        names: numbers of all names.
        workspaces: the only ones that count; empty: all.

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
        for workspace, post_id, revision in _rows(client, _REFUSED, parameters):
            store.refused.add(names.post(str(workspace), str(post_id), int(revision)))
        for event_id, partition, offset in _rows(client, _EVENTS, parameters):
            store.case_events.add(names.number(str(event_id)), position(int(partition), int(offset)), 0)
        for case_id, attempt, state, update, partition, offset in _rows(client, _ASSIGNMENTS, parameters):
            number = names.assignment(str(case_id), int(attempt), str(state), int(update))
            store.assignments.add(number, position(int(partition), int(offset)), 0)
    return store


def _rows(client: Client, sql: str, parameters: Mapping[str, object]) -> Iterator[Row]:
    try:
        with client.query_rows_stream(sql, parameters=dict(parameters), settings=_SETTINGS) as rows:
            yield from rows
    except ClickHouseError as error:
        refused = translate(error, "reading ClickHouse", show=True)
        if isinstance(refused, Permanent):
            raise Misconfigured(f"{refused.detail}; `earshot migrate` creates the tables") from None
        raise refused from None
