"""The seam between the sink and the analytics store."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class RowWriter(Protocol):
    """Writes rows to a table of the analytics store. It blocks."""

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[object]],
        *,
        token: str,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        """Inserts all rows in one call. When it raises, it may have inserted none or all.

        Args:
            table: table name within the store's database.
            columns: column names, in the order of each row's values.
            rows: at least one row.
            token: deduplication token of exactly this batch. The same batch has the same token.
            settings: further ClickHouse settings of the insert.

        Raises:
            Transient: the store did not answer or refused for now. Retry the same batch and token.
            Permanent: the store will never accept this batch (unknown column, bad value).
        """
        ...
