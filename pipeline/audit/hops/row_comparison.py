"""Compares stored rows with their records, column by column.

It compares the row that the sink's own code makes of a record with the row that ClickHouse gave back. It names the
columns that differ and never a value, which may be somebody's words.
"""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pipeline.audit.collected import Facts
from pipeline.audit.findings import HopReport
from pipeline.audit.logs import Log, place, position
from pipeline.clock import to_ms
from pipeline.codec import decode
from pipeline.sink.columns import Source, Table

_NO_NAMES = ("created_at", "at", "platform")
"""These parts of a key tell a person nothing: the id of the post holds its platform already, and the record that
is named with the row says when."""


def compare_rows(report: HopReport, facts: Facts, log: Log) -> None:
    """Compares the rows of a sample of the topic's records with what the sink's own code makes of the records.

    The append time is part of `ver`. A row with another `ver` is therefore of a record that lay there in an
    earlier life of the topic, and is passed over.
    """
    for stored in facts.store.rows.get(log.name, ()):
        table = stored.table
        for record, row in stored.pairs:
            inserted_at = row[table.names.index("inserted_at")]
            assert isinstance(inserted_at, datetime), "it is the only column that no record tells"
            sent = table.row(decode(table.model, record.value), Source(record, inserted_at))
            wrong = differing(table.names, table.types, sent, row)
            if wrong and "ver" not in wrong:
                where = f"{table.name} from {place(log.name, position(record.partition, record.offset))}"
                report.changed.add(_name_of(table, row), where, f"column {', '.join(wrong)}")


def differing(
    columns: Sequence[str], types: Sequence[str], sent: Sequence[object], stored: Sequence[object]
) -> list[str]:
    """Returns the columns in which the two rows differ, in their order.

    Args:
        columns: the names of the columns.
        types: the types of the columns, as ClickHouse names them.
        sent: one value for each column, as the sink sends it.
        stored: one value for each column, as ClickHouse gave it back.
    """
    rows = zip(columns, types, sent, stored, strict=True)
    return [name for name, kind, left, right in rows if _plain(left, kind) != _plain(right, kind)]


def _plain(value: object, kind: str) -> object:
    """Returns a value in the form in which two values of a column can be compared."""
    if isinstance(value, float):
        # A Float32 column keeps 24 bits, about seven digits. That is its precision and no change.
        return struct.unpack("f", struct.pack("f", value))[0] if "Float32" in kind else value
    if isinstance(value, datetime):
        # clickhouse-connect gives UTC times back without a zone.
        return to_ms(value if value.tzinfo else value.replace(tzinfo=UTC))
    if isinstance(value, dict):
        return {key: _plain(item, kind) for key, item in value.items()}
    return tuple(_plain(item, kind) for item in value) if isinstance(value, list | tuple) else value


def _name_of(table: Table[Any], row: Sequence[object]) -> str:
    """Returns the name by which a reader finds the row: its key without times and platform."""
    values = zip(table.names, row, strict=True)
    return "/".join(str(value) for name, value in values if name in table.key and name not in _NO_NAMES)
