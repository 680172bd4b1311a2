"""The in-memory twin of the record publisher: for tests of stages without a broker."""

from collections.abc import Sequence

from pipeline.ports.records import Record


class MemoryRecordPublisher:
    """`RecordPublisher` on a list."""

    def __init__(self) -> None:
        self.delivered: list[Record] = []

    def publish(self, records: Sequence[Record]) -> None:
        """See `RecordPublisher.publish`."""
        self.delivered += records
