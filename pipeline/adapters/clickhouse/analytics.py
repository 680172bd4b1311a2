"""Asks the analytics store, read-only, exactly (FINAL everywhere) and with times in UTC.

It takes SQL and its parameters, and returns columns with their types, and rows. It runs no statement that changes
anything, and how an answer is shown is decided elsewhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error

from pipeline.adapters.clickhouse.writer import connect, translate
from pipeline.errors import Misconfigured
from pipeline.settings import ClickHouseSettings

READ_SETTINGS: Mapping[str, object] = {
    "final": 1,
    # This makes FINAL faster, and is right because the partition of a row never changes
    # (deploy/decisions/0004-sink-exactness.md). Otherwise two versions of a row could lie in two partitions, and
    # both would count.
    "do_not_merge_across_partitions_select_final": 1,
    "max_execution_time": 60,
}
READ_ONLY = 2
"""Value of `readonly` with which the server refuses writes and DDL. It is 2, because 1 would refuse the settings
above too."""

SENTIMENT_BY_HOUR = """
SELECT workspace, hour, sum(n) AS n, sum(negative) AS negative, sum(neutral) AS neutral, sum(positive) AS positive,
       sum(unread) AS unread, sum(own_posts) AS own_posts
FROM sentiment_by_hour
WHERE ({workspace:String} = '' OR workspace = {workspace:String})
GROUP BY workspace, hour
ORDER BY workspace, hour
"""


@dataclass(frozen=True)
class Answer:
    """A result, with column names, their ClickHouse types, and rows of Python values."""

    columns: Sequence[str]
    types: Sequence[str]
    rows: Sequence[Sequence[Any]]

    def records(self) -> Iterator[dict[str, Any]]:
        """Yields the rows as dictionaries by column name."""
        for row in self.rows:
            yield dict(zip(self.columns, row, strict=True))


class Analyst:
    """A read-only connection for one thread, used as `with open_analyst(settings) as analyst`."""

    def __init__(self, client: Client, database: str) -> None:
        self._client = client
        self._database = database

    def ask(self, sql: str, parameters: Mapping[str, object] | None = None) -> Answer:
        """Runs one query.

        Raises:
            Misconfigured: the server refuses the query, in its words.
            Transient: nobody answers.
        """
        settings = {**READ_SETTINGS, "readonly": READ_ONLY}
        try:
            self._client.database = self._database
            result = self._client.query(sql, parameters=dict(parameters or {}), settings=settings)
        except Error as error:
            refused = translate(error, "ClickHouse refuses the query", show=True)
            # An error with a code is the server's verdict on this very query, and without a code nobody answered.
            raise (refused if error.code is None else Misconfigured(str(refused))) from None
        return Answer(result.column_names, [kind.name for kind in result.column_types], result.result_rows)


@contextmanager
def open_analyst(settings: ClickHouseSettings) -> Iterator[Analyst]:
    """Opens a connection that can only read.

    Raises:
        ServiceMissing: nobody answers.
    """
    with connect(settings.for_reading()) as client:
        yield Analyst(client, settings.database)
