"""Stands for what Faust and the brokers do around an agent, and writes down in which order it happens."""

from dataclasses import dataclass, field

from pipeline.adapters.in_memory.publisher import MemoryPublisher
from pipeline.ports.records import Delivery, Record
from tests.unit.enrich.posts import WRITTEN_MS


class Died(BaseException):
    """Stands for os._exit in tests."""


@dataclass
class FakeRecord:
    value: bytes | None
    key: bytes | None
    offset: int = 0
    partition: int = 0
    topic: str = "posts.raw"
    timestamp: float = (WRITTEN_MS + 1000) / 1000


@dataclass
class FakeEvent:
    message: FakeRecord
    journal: list[str] = field(default_factory=list)

    def ack(self) -> bool:
        self.journal.append(f"ack {self.message.offset}")
        return True


class FakePublisher(MemoryPublisher):
    """Says in the journal what was delivered, or fails with `failure`."""

    def __init__(self, journal: list[str], failure: Exception | None = None) -> None:
        super().__init__()
        self._journal = journal
        self._failure = failure
        self._told = 0

    def send(self, record: Record, tag: int = 0) -> None:
        if self._failure is not None:
            raise self._failure
        super().send(record, tag)

    def settle(self) -> list[Delivery]:
        self._journal += [f"delivered {record.topic}" for record in self.delivered[self._told :]]
        self._told = len(self.delivered)
        return super().settle()
