"""Messages as rows: for each input topic its table, and for each column where its value comes from, listed once.

In: a decoded message, its record, the time of the insert. Out: one tuple in the order of `Table.columns`. Absent
text and ids become '', absent numbers NULL where 0 would be a statement. Never here: I/O, decisions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from pydantic import BaseModel

from pipeline.errors import Permanent
from pipeline.ports.records import InputRecord

M = TypeVar("M", bound=BaseModel)
UNSIGNED = range(2**64)
SIGNED = range(-(2**63), 2**63)


class Source(NamedTuple):
    """What a row is made of besides the message."""

    record: InputRecord
    inserted_at: datetime


@dataclass(frozen=True)
class Table(Generic[M]):
    """One table and how a message becomes a row of it.

    Args:
        name: in the store's database.
        model: of the topic's messages.
        values: column name to where its value comes from.
        key: sorting key as far as it tells rows apart; `ver` decides among equals.
        is_deleted: column that hides a row under FINAL when it is 1.
        signed: columns of whole numbers that may be negative; all others are unsigned.
    """

    name: str
    model: type[M]
    values: Mapping[str, Callable[[M, Source], object]]
    key: tuple[str, ...]
    is_deleted: str | None = None
    signed: frozenset[str] = frozenset()

    @property
    def columns(self) -> tuple[str, ...]:
        """In the order of a row's values."""
        return tuple(self.values)

    def row(self, message: M, source: Source) -> tuple[object, ...]:
        """The row of one message.

        Raises:
            Permanent: no column holds a number of the message (the contract leaves some without a limit): the
                store would refuse the whole batch for it, for ever.
        """
        row = tuple(value(message, source) for value in self.values.values())
        for name, value in zip(self.values, row, strict=True):
            if type(value) in _CHECKED and not _storable(value, SIGNED if name in self.signed else UNSIGNED):
                raise Permanent("out_of_range", "the number does not fit into its column of 64 bits", name)
        return row


POSITION: Mapping[str, Callable[[object, Source], object]] = {
    "_topic": lambda _, s: s.record.topic,
    "_partition": lambda _, s: s.record.partition,
    "_offset": lambda _, s: s.record.offset,
    "inserted_at": lambda _, s: s.inserted_at,
}
"""Columns of every table: the record that the row was made from, and when it was sent."""


_CHECKED = frozenset({int, list, tuple, dict})


def _storable(value: object, numbers: range) -> bool:
    if type(value) is int:
        return value in numbers
    if isinstance(value, dict):
        value = tuple(value.values())
    return all(_storable(one, numbers) for one in value) if isinstance(value, list | tuple) else True
