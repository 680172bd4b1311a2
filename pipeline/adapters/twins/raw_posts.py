"""The in-memory twin of the publisher of `posts.raw`: for tests of ingest and for runs without a broker."""

from zlib import crc32

from pipeline.errors import Permanent, ServiceMissing
from pipeline.ports.records import Published
from schemas.topics import RAW


class MemoryPostPublisher:
    """`PostPublisher` on lists.

    Args:
        partitions: how many partitions the topic has.
        fail_after: the cluster goes away after that many records; None: never.
    """

    def __init__(self, partitions: int = 4, fail_after: int | None = None) -> None:
        self.partitions: list[list[tuple[bytes, bytes]]] = [[] for _ in range(partitions)]
        self._fail_after = fail_after
        self._published: list[Published] = []
        self._sent = 0

    @property
    def values(self) -> list[bytes]:
        """Every record value, partition by partition."""
        return [value for partition in self.partitions for _, value in partition]

    def send(self, key: bytes, value: bytes, tag: int) -> None:
        """See `PostPublisher.send`."""
        if self._fail_after is not None and self._sent >= self._fail_after:
            raise ServiceMissing("the cluster has gone away")
        self._sent += 1
        if len(key) + len(value) > RAW.max_message_bytes:
            self._published.append(Published(tag, -1, -1, Permanent("too_large", "the record is too large")))
            return
        number = crc32(key) % len(self.partitions)
        self.partitions[number].append((key, value))
        self._published.append(Published(tag, number, len(self.partitions[number]) - 1))

    def settle(self) -> list[Published]:
        """See `PostPublisher.settle`."""
        published, self._published = self._published, []
        return published
