"""Describes a ClickHouse table as one list of columns, each with name, type, value and comment.

Everything else about a table is derived from this list. The sink makes its rows of it, `ddl` writes the statements
that create or widen the table, `dictionary` explains it to analysts, and the audit compares stored rows with it.
An absent text or id is stored as '', an absent number as NULL where 0 would be a statement. The functions here are
pure.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel

from pipeline.errors import Permanent
from pipeline.ports.records import InputRecord

M = TypeVar("M", bound=BaseModel)
TIME = "DateTime64(3, 'UTC')"
WORD = "LowCardinality(String)"
"""Codes and names that repeat have this type. ClickHouse keeps each of them once and stores a number for it."""
WORDS = f"Array({WORD})"

_UNSIGNED, _SIGNED = range(2**64), range(-(2**63), 2**63)
_INTEGERS = re.compile(r"\b(U?)Int\d+\b")
_HOLDS_NUMBERS = frozenset({int, list, tuple, dict})


class Source(NamedTuple):
    """Holds what a row is made of besides the message."""

    record: InputRecord
    inserted_at: datetime


@dataclass(frozen=True)
class Column(Generic[M]):
    """Describes one column of a table.

    Args:
        name: its name in ClickHouse.
        type: its type, as `system.columns` writes it.
        value: makes the value of a message and its record. A name is the message's field, with dots a field of a
            field; None stands for the column's own name.
        comment: what a value means; the comment of the column in ClickHouse too.
        unit: the unit of a number, or its range.
        codec: how ClickHouse compresses the column; empty: as the server does by default.
    """

    name: str
    type: str
    value: Callable[[M, Source], object] | str | None = None
    comment: str = ""
    unit: str = ""
    codec: str = ""


@dataclass(frozen=True)
class Table(Generic[M]):
    """Describes one table of the store, and makes rows of messages.

    Args:
        name: in the store's database.
        about: what one row is, for the data dictionary.
        model: of the topic's messages.
        columns: in the order of the table.
        key: the columns that name a row; of rows with the same key the one with the highest `ver` counts.
        shard_by: the column whose hash chooses the shard of a cluster.
        is_deleted: the column that hides a row under FINAL when it is 1.
        partition_by: the time column whose month is the row's partition; None: the table has one partition.
        order_by: the sorting key where it is more than the names of `key`, as SQL expressions.
        indexes: data skipping indexes, as SQL.
    """

    name: str
    about: str
    model: type[M]
    columns: tuple[Column[M], ...]
    key: tuple[str, ...]
    shard_by: str
    is_deleted: str | None = None
    partition_by: str | None = None
    order_by: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the columns stand in the order of a row's values."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The types of the columns stand in the same order."""
        return tuple(column.type for column in self.columns)

    def row(self, message: M, source: Source) -> tuple[object, ...]:
        """Returns the row of one message.

        Raises:
            Permanent: a number of the message fits into no column, for the contract leaves some without a limit.
                The store would refuse the whole batch for it, and for ever.
        """
        fields = iter(self._fields(message))
        row = tuple([make(message, source) if make else next(fields) for make in self._makers])
        # Only columns of whole numbers are looked at, because this runs for every row of every batch.
        for index, numbers in self._numbers:
            value = row[index]
            if type(value) in _HOLDS_NUMBERS and not _fits(value, numbers):
                name = self.names[index]
                raise Permanent("out_of_range", "the number does not fit into its column of 64 bits", name)
        return row

    @cached_property
    def _makers(self) -> tuple[Callable[[M, Source], object] | None, ...]:
        """What makes the value of each column; None where it is a field of the message."""
        return tuple(column.value if callable(column.value) else None for column in self.columns)

    @cached_property
    def _fields(self) -> Callable[[M], tuple[Any, ...]]:
        """Reads all columns at once that are fields of the message: a Python call for each would take longer."""
        names = [column.value or column.name for column in self.columns if not callable(column.value)]
        assert len(names) > 1, "attrgetter returns a tuple only for two names or more"
        return attrgetter(*names)

    @cached_property
    def _numbers(self) -> tuple[tuple[int, range], ...]:
        """The columns that hold whole numbers: their index and what 64 bits can hold."""
        matches = ((index, _INTEGERS.search(column.type)) for index, column in enumerate(self.columns))
        return tuple((index, _UNSIGNED if match[1] else _SIGNED) for index, match in matches if match)


def _fits(value: object, numbers: range) -> bool:
    if type(value) is int:
        return value in numbers
    if isinstance(value, dict):
        value = tuple(value.values())
    return all(_fits(item, numbers) for item in value) if isinstance(value, list | tuple) else True


def position(*, offset_codec: str = "CODEC(Delta, ZSTD(1))") -> tuple[Column[Any], ...]:
    """Returns the columns that every table ends with: the record that made the row, and when it was sent."""
    return (
        Column("_topic", WORD, lambda _, s: s.record.topic, "topic of the record that the row was made of"),
        Column("_partition", "UInt32", lambda _, s: s.record.partition, "its partition"),
        Column("_offset", "UInt64", lambda _, s: s.record.offset, "its offset", codec=offset_codec),
        Column(
            "inserted_at",
            TIME,
            lambda _, s: s.inserted_at,
            "by the sink, never by the server",
            codec="CODEC(Delta, ZSTD(1))",
        ),
    )
