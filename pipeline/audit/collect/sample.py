"""Chooses the records that are compared with their whole rows, the same ones as long as the topic holds the same
records.

Records pass by, and at most `SAMPLE_RECORDS` of a topic are kept, spread over all of it. The comparison itself is
made elsewhere.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import xxhash

from pipeline.ports.records import InputRecord
from pipeline.sink.columns import Table

SAMPLE_RECORDS = 500
"""So many records of each topic are compared. If one of a hundred rows is wrong, 99 of 100 audits see it (1 -
.99**500 = .993).
"""


class Sample:
    """Keeps the records whose positions have the smallest hashes, which is a random choice and the same one each
    time.

    Args:
        most: the number of records that are kept.
    """

    def __init__(self, most: int = SAMPLE_RECORDS) -> None:
        self._most = most
        self._kept: list[tuple[int, int, int, InputRecord]] = []
        """This heap has the largest hash at its top. Partition and offset order records with equal hashes."""

    def offer(self, record: InputRecord) -> None:
        """Keeps the record if there is room or if its hash is smaller than one that is kept."""
        chance = xxhash.xxh3_64_intdigest(f"{record.topic}/{record.partition}/{record.offset}".encode())
        # `heapq` keeps the smallest entry at its top, so the hash is negated.
        entry = (-chance, record.partition, record.offset, record)
        if len(self._kept) < self._most:
            heapq.heappush(self._kept, entry)
        elif entry > self._kept[0]:
            heapq.heapreplace(self._kept, entry)

    @property
    def records(self) -> list[InputRecord]:
        """Returns the kept records in the order of partition and offset."""
        return sorted((entry[3] for entry in self._kept), key=lambda record: (record.partition, record.offset))


@dataclass(frozen=True)
class StoredRows:
    """Holds the rows of one table that say that they were made of records of a sample."""

    table: Table[Any]
    pairs: Sequence[tuple[InputRecord, Sequence[object]]]
    """Pairs a record with a row that was made of it. A record may have several rows, or none at its position."""
