"""Whether a stored row says what its record says, column by column.

In: the row that the sink's own code makes of a record, the row that ClickHouse gave back, the columns' types. Out:
names of columns that differ; never a value, which may be somebody's words. Never here: I/O.
"""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime

from pipeline.clock import to_ms


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
