"""The in-memory twin of the outbox: for tests of stages without a broker."""

from collections.abc import Sequence

from pipeline.ports import Outgoing


class MemoryOutbox:
    """`Outbox` on a list."""

    def __init__(self) -> None:
        self.delivered: list[Outgoing] = []

    def deliver(self, records: Sequence[Outgoing]) -> None:
        """See `Outbox.deliver`."""
        self.delivered += records
