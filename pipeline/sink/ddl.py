"""Writes the templates of migrations from the lists of columns, so that nobody writes a list a second time.

A template serves one node and a cluster: `{placeholders}` and the marker "-- cluster only" are filled in or left
out by `earshot migrate`. On a cluster the rows lie in `NAME_local`, and `NAME` is a Distributed table over all
shards. A released migration is never written again; what the lists say and no migration brings becomes the next
one.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from pipeline.sink.columns import Column, Table

_LOCAL_FIRST = (
    "-- The local table comes first: a Distributed table must never name a column that its shards lack.\n"
)
_NAME = re.compile(r"^ {4}(?!MODIFY |UPDATE )(?:ADD COLUMN IF NOT EXISTS )?`?(\w+)`? +[A-Z]")
"""A line of a template that creates or adds a column. A line of an index holds no type after its name."""


def next_migration(tables: Iterable[Table[Any]], templates: Sequence[str]) -> str:
    """Returns the template that brings what no other one does; empty when nothing is missing.

    Args:
        tables: all that the sink writes to.
        templates: of the migrations that exist, in order.
    """
    parts = []
    for table in tables:
        existing = declared(table, templates)
        missing = [column for column in table.columns if column.name not in existing]
        # A table without any column in the templates is new and is created whole.
        if not existing:
            parts.append(create_table(table))
        elif missing:
            parts.append(add_columns(table, missing))
    return "\n".join(parts)


def declared(table: Table[Any], templates: Iterable[str]) -> set[str]:
    """Returns the names of the table's columns that the templates create or add."""
    heads = (f"CREATE TABLE IF NOT EXISTS {{database}}.{table.name}{{local}} ",
             f"ALTER TABLE {{database}}.{table.name}{{local}} ")  # fmt: skip
    statements = (statement for template in templates for statement in re.split(r";[ \t]*(?:\n|$)", template))
    lines = (line for text in statements if any(head in text for head in heads) for line in text.splitlines())
    return {match[1] for line in lines if (match := _NAME.match(line))}


def create_table(table: Table[Any]) -> str:
    """Returns the template that creates a table; it may be repeated."""
    width = max(len(_quoted(name)) for name in table.names)
    inside = [f"{_quoted(column.name):<{width}} {_declaration(column)}" for column in table.columns]
    lines = ",\n    ".join([*inside, *(f"INDEX {index}" for index in table.indexes)])
    version = "ver" if table.is_deleted is None else f"ver, {table.is_deleted}"
    partitions = "" if table.partition_by is None else f"PARTITION BY toYYYYMM({table.partition_by})\n"
    order = ", ".join(table.order_by or map(_quoted, table.key))
    return (
        f"CREATE TABLE IF NOT EXISTS {{database}}.{table.name}{{local}} {{on_cluster}} (\n    {lines}\n)\n"
        f"ENGINE = {{engine_replacing}}({version})\n{partitions}ORDER BY ({order})\nSETTINGS {{windows}};\n\n"
        "-- cluster only\n"
        f"CREATE TABLE IF NOT EXISTS {{database}}.{table.name} {{on_cluster}} AS {{database}}.{table.name}_local\n"
        f"ENGINE = Distributed('{{cluster}}', {{database}}, {table.name}_local, cityHash64({table.shard_by}));\n"
    )


def add_columns(table: Table[Any], columns: Sequence[Column[Any]]) -> str:
    """Returns the template that adds columns of the table at their places; it may be repeated."""
    # Columns are placed behind the one that the list has before them, so that table and list keep one order.
    before = dict(zip(table.names, ("", *table.names), strict=False))
    lines = ",\n".join(
        f"    ADD COLUMN IF NOT EXISTS {_quoted(column.name)} {_declaration(column)} {_place(before[column.name])}"
        for column in columns
    )
    local, distributed = (
        f"ALTER TABLE {{database}}.{table.name}{suffix} {{on_cluster}}\n{lines};\n" for suffix in ("{local}", "")
    )
    return f"{_LOCAL_FIRST}\n{local}\n-- cluster only\n{distributed}"


def _declaration(column: Column[Any]) -> str:
    # A quote within a literal of SQL is doubled.
    comment = column.comment.replace("\\", "\\\\").replace("'", "''")
    parts = (column.type, column.codec, f"COMMENT '{comment}'" if comment else "")
    return " ".join(part for part in parts if part)


def _place(previous: str) -> str:
    return f"AFTER {_quoted(previous)}" if previous else "FIRST"


def _quoted(name: str) -> str:
    """The name as SQL; `update` is a word of SQL, so its column needs quotes."""
    return f"`{name}`" if name == "update" else name
