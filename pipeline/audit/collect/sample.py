"""Which records are compared with their rows whole: the same ones each time that the topic holds the same records.

In: records as they pass by. Out: at most `SAMPLE_RECORDS` of a topic, spread over all of it, and what their rows
hold. Never here: a comparison.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import xxhash

from pipeline.ports.records import InputRecord
from pipeline.sink.rows import Table

SAMPLE_RECORDS = 500
"""Of each topic. A fault in one of a hundred rows is seen in 99 of 100 audits: 1 - .99**500 = .993."""


class Sample:
    """Keeps the records whose positions have the smallest hashes: by chance, but by the same chance each time.

    Args:
        most: records that are kept.
    """

    def __init__(self, most: int = SAMPLE_RECORDS) -> None:
        self._most = most
        self._kept: list[tuple[int, int, int, InputRecord]] = []
        """A heap with the largest hash at its top; partition and offset tell equal hashes apart."""

    def offer(self, record: InputRecord) -> None:
        """Takes the record, or another one's place, or nothing."""
        chance = xxhash.xxh3_64_intdigest(f"{record.topic}/{record.partition}/{record.offset}".encode())
        entry = (-chance, record.partition, record.offset, record)
        if len(self._kept) < self._most:
            heapq.heappush(self._kept, entry)
        elif entry > self._kept[0]:
            heapq.heapreplace(self._kept, entry)

    @property
    def records(self) -> list[InputRecord]:
        """Those that are kept, in the order of partition and offset."""
        return sorted((entry[3] for entry in self._kept), key=lambda record: (record.partition, record.offset))


@dataclass(frozen=True)
class StoredRows:
    """The rows of one table that say that they were made of records of a sample."""

    table: Table[Any]
    types: Sequence[str]
    """Of the table's columns, as ClickHouse names them."""
    pairs: Sequence[tuple[InputRecord, Sequence[object]]]
    """A record and a row that was made of it; a record may have several rows, or none under its position."""
