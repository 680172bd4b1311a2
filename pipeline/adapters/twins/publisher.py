"""The in-memory twin of the record publisher: for tests of stages without a broker."""

from collections.abc import Sequence

from pipeline.ports.records import Outgoing


class MemoryRecordPublisher:
    """`RecordPublisher` on a list."""

    def __init__(self) -> None:
        self.delivered: list[Outgoing] = []

    def publish(self, records: Sequence[Outgoing]) -> None:
        """See `RecordPublisher.publish`."""
        self.delivered += records
