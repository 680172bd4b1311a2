"""The in-memory twin of the ClickHouse writer, with ReplacingMergeTree and insert tokens, for tests.

It shows what a reader would see with and without FINAL. It knows no types, no partitions and no background merges.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.errors import Permanent

TOKEN_WINDOW = 10_000
"""A table remembers so many tokens, as `non_replicated_deduplication_window` in the migrations says."""

Row = Mapping[str, object]


@dataclass
class MemoryTable:
    """Holds the rows of one ReplacingMergeTree.

    Args:
        columns: every column of the table.
        key: sorting key; rows that are equal in it replace each other.
        version: the row with the highest value stays, the last inserted one on a tie.
        is_deleted: a staying row with 1 here is hidden by FINAL.
    """

    columns: tuple[str, ...]
    key: tuple[str, ...]
    version: str
    is_deleted: str | None = None
    rows: list[Row] = field(default_factory=list)
    tokens: OrderedDict[str, None] = field(default_factory=OrderedDict)


class MemoryRows:
    """Keeps rows in dictionaries, as a `ports.RowWriter`.

    Args:
        tables: by name.
    """

    def __init__(self, tables: Mapping[str, MemoryTable]) -> None:
        self._tables = dict(tables)

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[object]],
        *,
        token: str,
        settings: Mapping[str, object] | None = None,  # noqa: ARG002 - part of the port
    ) -> None:
        """See `ports.RowWriter.insert`; `settings` change nothing here."""
        target = self._tables.get(table)
        if target is None:
            raise Permanent("store_refuses", f"{len(rows)} rows for {table}: no such table")
        unknown = [name for name in columns if name not in target.columns]
        if unknown or any(len(row) != len(columns) for row in rows):
            raise Permanent("store_refuses", f"{len(rows)} rows for {table}: columns do not fit")
        # As in ClickHouse, the token alone decides. Rows that differ under the same token are dropped in silence.
        if token in target.tokens:
            return
        target.tokens[token] = None
        if len(target.tokens) > TOKEN_WINDOW:
            target.tokens.popitem(last=False)
        target.rows.extend(dict(zip(columns, row, strict=True)) for row in rows)

    def stored(self, table: str) -> list[Row]:
        """Returns all rows as they were inserted, doubles included."""
        return list(self._tables[table].rows)

    def final(self, table: str) -> list[Row]:
        """Returns what `SELECT ... FINAL` gives, in the order of the first insert of each key."""
        target = self._tables[table]
        latest: dict[tuple[object, ...], Row] = {}
        for row in target.rows:
            key = tuple(row[name] for name in target.key)
            if key not in latest or _version(row, target) >= _version(latest[key], target):
                latest[key] = row
        return [row for row in latest.values() if target.is_deleted is None or not row[target.is_deleted]]


def _version(row: Row, table: MemoryTable) -> int:
    value = row[table.version]
    assert isinstance(value, int), f"{table.version} is a number"
    return value
