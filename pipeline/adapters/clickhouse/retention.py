"""Says how long rows are kept, by the TTL of their tables, which is set only where an operator asks for one.

It takes days, or None for ever. Posts have no default, because a TTL on creation time deletes imported history
while it is being inserted. When posts of 2017 were imported under such a TTL, no row was left. So the sink refuses
such posts with a reason instead. Gauges go by when they were stored, so that a replay of an old day keeps its own.
"""

import re
from typing import NamedTuple

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from pipeline.adapters.clickhouse.writer import connect, translate
from pipeline.settings import ClickHouseSettings, SinkSettings


class Kept(NamedTuple):
    """A table whose rows may go after a while."""

    table: str
    since: str
    """The column from which the days count."""
    setting: str
    """The setting of the sink that says how many."""

    def days(self, sink: SinkSettings) -> int | None:
        """Returns the days that it shall keep; None for ever."""
        days: int | None = getattr(sink, self.setting)
        return days


KEPT = (
    Kept("posts", "created_at", "ttl_days"),
    Kept("queue_gauges", "inserted_at", "gauges_ttl_days"),
    Kept("rep_presence", "inserted_at", "presence_ttl_days"),
)
_TTL = re.compile(r"\bTTL \w+ \+ toIntervalDay\((\d+)\)")


def ttl_days_in_force(settings: ClickHouseSettings) -> dict[str, int | None]:
    """Returns the days that each table keeps, or None for ever or where there is no table yet."""
    with connect(settings) as client:
        return {kept.table: _in_force(client, settings, kept.table) for kept in KEPT}


def set_ttls(settings: ClickHouseSettings, sink: SinkSettings) -> dict[str, int | None]:
    """Makes each table keep its rows as the settings say.

    Returns:
        The days, or None for ever, of the tables that this has changed.
    """
    changed = {}
    with connect(settings) as client:
        for kept in KEPT:
            days = kept.days(sink)
            # An ALTER that changes nothing may still make the server go over every part of the table.
            if _in_force(client, settings, kept.table) != days:
                _set(client, settings, kept, days)
                changed[kept.table] = days
    return changed


def _set(client: Client, settings: ClickHouseSettings, kept: Kept, days: int | None) -> None:
    change = "REMOVE TTL" if days is None else f"MODIFY TTL {kept.since} + toIntervalDay({int(days)})"
    on_cluster = f" ON CLUSTER '{settings.cluster}'" if settings.cluster else ""
    try:
        client.command(f"ALTER TABLE {settings.database}.{_local(settings, kept.table)}{on_cluster} {change}")
    except ClickHouseError as error:
        raise translate(error, f"changing the TTL of {kept.table}", show=True) from None


def _in_force(client: Client, settings: ClickHouseSettings, table: str) -> int | None:
    try:
        rows = client.query(
            "SELECT engine_full FROM system.tables WHERE database = {db:String} AND name = {table:String}",
            parameters={"db": settings.database, "table": _local(settings, table)},
        ).result_rows
    except ClickHouseError as error:
        raise translate(error, f"reading the TTL of {table}", show=True) from None
    match = _TTL.search(str(rows[0][0])) if rows else None
    return int(match[1]) if match else None


def _local(settings: ClickHouseSettings, table: str) -> str:
    return f"{table}_local" if settings.cluster else table
