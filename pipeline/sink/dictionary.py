"""Explains the columns of the store to analysts, as Markdown that `earshot schemas` writes and checks."""

from collections.abc import Iterable
from typing import Any

from pipeline.sink.columns import TIME, Column, Table

_HEAD = """\
<!-- Written by `earshot schemas` from pipeline/sink/tables. -->

# Data dictionary

These are the tables of ClickHouse that the sink fills, column by column. Query them with `FINAL`, or with the
setting `final = 1` that `earshot query` uses. Of rows with equal keys only the one with the highest `ver` counts.
An absent text or id is an empty string, and an absent number is NULL where 0 would be a statement. Times are UTC.

On a cluster each table is a Distributed table over `NAME_local` on the shards. The view `sentiment_by_hour` counts
posts by workspace, hour and platform, `queues_by_hour` has the hours of each queue, and `cases` one row a
case, with how it went and ended. Their migrations say how.
"""


def dictionary(tables: Iterable[Table[Any]]) -> str:
    """Returns the page that explains the tables."""
    return _HEAD + "".join(_section(table) for table in tables)


def _section(table: Table[Any]) -> str:
    rows = "".join(_row(column) for column in table.columns)
    key = ", ".join(f"`{name}`" for name in table.key)
    return (
        f"\n## {table.name}\n\n{table.about} Key: {key}.\n\n"
        f"| Column | Type | Unit | Meaning |\n| --- | --- | --- | --- |\n{rows}"
    )


def _row(column: Column[Any]) -> str:
    # A time has no unit of its own in the list: its type says it, for all of them alike.
    unit = column.unit or ("UTC, to the millisecond" if TIME in column.type else "")
    return f"| `{column.name}` | `{column.type}` | {_cell(unit)} | {_cell(column.comment)} |\n"


def _cell(text: str) -> str:
    # An unescaped bar would begin another cell of the table.
    return text.replace("|", "\\|")
