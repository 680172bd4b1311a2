"""Questions to the analytics store: read-only, exact (FINAL everywhere), times in UTC.

In: SQL and its parameters. Out: columns with their types, rows. Never here: a statement that changes anything, how
an answer is shown.
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
    # Right because the partition of a row never changes (clickhouse.md 4.3).
    "do_not_merge_across_partitions_select_final": 1,
    "max_execution_time": 60,
}
READ_ONLY = 2
"""The server refuses writes and DDL; 2 and not 1, because 1 would refuse the settings above too."""

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
    """A result: column names, their ClickHouse types, and rows of Python values."""

    columns: Sequence[str]
    types: Sequence[str]
    rows: Sequence[Sequence[Any]]

    def records(self) -> Iterator[dict[str, Any]]:
        """Each row by column name."""
        for row in self.rows:
            yield dict(zip(self.columns, row, strict=True))


class Analyst:
    """A read-only connection for one thread; use it as `with open_analyst(settings) as analyst`."""

    def __init__(self, client: Client, database: str) -> None:
        self._client = client
        self._database = database

    def ask(self, sql: str, parameters: Mapping[str, object] | None = None) -> Answer:
        """Runs one query.

        Raises:
            Misconfigured: the server refuses the query, in its words. Transient: nobody answers.
        """
        settings = {**READ_SETTINGS, "readonly": READ_ONLY}
        try:
            self._client.database = self._database
            result = self._client.query(sql, parameters=dict(parameters or {}), settings=settings)
        except Error as error:
            refused = translate(error, "ClickHouse refuses the query", show=True)
            # With a code it is the server's verdict on this very query; without one nobody answered.
            raise (refused if error.code is None else Misconfigured(str(refused))) from None
        return Answer(result.column_names, [kind.name for kind in result.column_types], result.result_rows)


@contextmanager
def open_analyst(settings: ClickHouseSettings) -> Iterator[Analyst]:
    """A connection that can only read.

    Raises:
        ServiceMissing: nobody answers.
    """
    with connect(settings.for_reading()) as client:
        yield Analyst(client, settings.database)
