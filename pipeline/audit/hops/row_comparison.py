"""Whether a stored row says what its record says, column by column.

In: the row that the sink's own code makes of a record, the row that ClickHouse gave back, the columns' types. Out:
names of columns that differ; never a value, which may be somebody's words. Never here: I/O.
"""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pipeline.audit.facts import Facts
from pipeline.audit.findings import HopReport
from pipeline.audit.logs import Log, place, position
from pipeline.clock import to_ms
from pipeline.codec import decode
from pipeline.sink.rows import Source, Table

_NO_NAMES = ("created_at", "platform")
"""Parts of a key that name nothing to a person: the post's id has its platform in it."""


def compare_rows(report: HopReport, facts: Facts, log: Log) -> None:
    """The rows of a sample of the topic's records: each column as the sink's own code makes it of the record.

    A row with another `ver`, which holds the append time, is of a record that lay there in an earlier life of the
    topic.
    """
    for stored in facts.store.rows.get(log.name, ()):
        table = stored.table
        for record, row in stored.pairs:
            inserted_at = row[table.columns.index("inserted_at")]
            assert isinstance(inserted_at, datetime), "it is the only column that no record tells"
            sent = table.row(decode(table.model, record.value), Source(record, inserted_at))
            wrong = differing(table.columns, stored.types, sent, row)
            if wrong and "ver" not in wrong:
                where = f"{table.name} from {place(log.name, position(record.partition, record.offset))}"
                report.changed.add(_name_of(table, row), where, f"column {', '.join(wrong)}")


def differing(
    columns: Sequence[str], types: Sequence[str], sent: Sequence[object], stored: Sequence[object]
) -> list[str]:
    """Columns in which the two rows differ, in their order.

    Args:
        columns: names.
        types: of the columns, as ClickHouse names them.
        sent: a value a column, as the sink sends it.
        stored: a value a column, as ClickHouse gave it back.
    """
    rows = zip(columns, types, sent, stored, strict=True)
    return [name for name, kind, one, other in rows if _plain(one, kind) != _plain(other, kind)]


def _plain(value: object, kind: str) -> object:
    """A value in the form in which two of a column can be compared."""
    if isinstance(value, float):
        # A Float32 column keeps 24 bits, which are seven digits; that is its precision, no change.
        return struct.unpack("f", struct.pack("f", value))[0] if "Float32" in kind else value
    if isinstance(value, datetime):
        # clickhouse-connect gives UTC times back without a zone.
        return to_ms(value if value.tzinfo else value.replace(tzinfo=UTC))
    if isinstance(value, dict):
        return {key: _plain(one, kind) for key, one in value.items()}
    return tuple(_plain(one, kind) for one in value) if isinstance(value, list | tuple) else value


def _name_of(table: Table[Any], row: Sequence[object]) -> str:
    """What a reader finds the row by: its key, times and platform left out."""
    values = zip(table.columns, row, strict=True)
    return "/".join(str(value) for name, value in values if name in table.key and name not in _NO_NAMES)
