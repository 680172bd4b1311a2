"""Reads whole tables in blocks, as analysts see them, so that the audit can compare them with Kafka."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from pipeline.adapters.clickhouse.analytics import READ_ONLY, READ_SETTINGS, Answer
from pipeline.adapters.clickhouse.writer import connect, translate
from pipeline.errors import Misconfigured, Permanent
from pipeline.settings import ClickHouseSettings

LONGEST_QUERY_S = 600
"""Longest time of one query in seconds. A table of 10**8 rows is read whole, for which the analysts' limit of a
minute is too short."""

_SETTINGS = {**READ_SETTINGS, "max_execution_time": LONGEST_QUERY_S, "readonly": READ_ONLY}
"""The settings of analysts with a longer time, because the audit must see what analysts see."""

Row = tuple[str | int, ...]


class TableReader:
    """Reads tables over one connection.

    Args:
        client: connected to the database of the tables.

    Raises:
        ServiceMissing: nobody answers.
        Transient: the server stopped answering.
        Misconfigured: a table is missing.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def rows(self, sql: str, parameters: Mapping[str, object], *, final: bool = True) -> Iterator[Row]:
        """Yields the rows of a query, with one block in memory at a time.

        Without `final` it also yields those that FINAL hides.
        """
        settings = {**_SETTINGS, "final": int(final)}
        with _refusals(), self._client.query_rows_stream(sql, dict(parameters), settings=settings) as rows:
            yield from rows

    def answer(self, sql: str) -> Answer:
        """Returns all rows of a query with the types of its columns, also those that FINAL hides."""
        with _refusals():
            result = self._client.query(sql, settings={**_SETTINGS, "final": 0})
        return Answer(result.column_names, [kind.name for kind in result.column_types], result.result_rows)


@contextmanager
def open_table_reader(settings: ClickHouseSettings) -> Iterator[TableReader]:
    """Opens a reader of the settings' database.

    Raises:
        ServiceMissing: nobody answers.
    """
    with connect(settings) as client:
        client.database = settings.database
        yield TableReader(client)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turns the server's errors into ours.

    What a table lacks is brought by a migration, so such an error names the command.
    """
    try:
        yield
    except ClickHouseError as error:
        refused = translate(error, "reading ClickHouse", show=True)
        if isinstance(refused, Permanent):
            raise Misconfigured(f"{refused.detail}; `earshot migrate` creates the tables") from None
        raise refused from None
