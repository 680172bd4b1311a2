"""Says how long posts are kept, by the TTL of the `posts` table, which is set only when an operator asks for one.

It takes days, or None for ever. There is no default, because a TTL on creation time deletes imported history while
it is being inserted. When posts of 2017 were imported under such a TTL, no row was left. So the sink
refuses such posts with a reason instead.
"""

import re

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from pipeline.adapters.clickhouse.writer import connect, translate
from pipeline.settings import ClickHouseSettings

_TTL = re.compile(r"\bTTL created_at \+ toIntervalDay\((\d+)\)")


def ttl_days_in_force(settings: ClickHouseSettings) -> int | None:
    """Returns the days that the `posts` table keeps, or None for ever or when there is no table yet."""
    with connect(settings) as client:
        return _in_force(client, settings)


def set_ttl(settings: ClickHouseSettings, days: int | None) -> bool:
    """Makes the table keep posts for `days` after their creation, or for ever.

    It returns whether that changed the table.
    """
    with connect(settings) as client:
        # An ALTER that changes nothing may still make the server go over every part of the table.
        if _in_force(client, settings) == days:
            return False
        change = "REMOVE TTL" if days is None else f"MODIFY TTL created_at + toIntervalDay({int(days)})"
        on_cluster = f" ON CLUSTER '{settings.cluster}'" if settings.cluster else ""
        try:
            client.command(f"ALTER TABLE {settings.database}.{_table(settings)}{on_cluster} {change}")
        except ClickHouseError as error:
            raise translate(error, "changing the TTL of posts", show=True) from None
        return True


def _in_force(client: Client, settings: ClickHouseSettings) -> int | None:
    try:
        rows = client.query(
            "SELECT engine_full FROM system.tables WHERE database = {db:String} AND name = {table:String}",
            parameters={"db": settings.database, "table": _table(settings)},
        ).result_rows
    except ClickHouseError as error:
        raise translate(error, "reading the TTL of posts", show=True) from None
    match = _TTL.search(str(rows[0][0])) if rows else None
    return int(match[1]) if match else None


def _table(settings: ClickHouseSettings) -> str:
    return "posts_local" if settings.cluster else "posts"
