"""Buffers the inputs of one partition number and merges them by (time, topic, offset), without touching Kafka.

A record may be taken only when every other input has either a buffered record or was read to its end. So a
partition that is merely slower to fetch does not lose its place in time.
"""

from collections import deque
from collections.abc import Callable, Sequence
from heapq import heapify, heappop, heapreplace

from pipeline.ports.records import InputRecord

TimeOf = Callable[[InputRecord], int]


class InputBuffers:
    """Records that were read and are not decided yet, by input topic.

    Args:
        topics: the input topics.
        time_of: the time by which a record is merged, in milliseconds.
    """

    def __init__(self, topics: Sequence[str], time_of: TimeOf) -> None:
        self._buffers: dict[str, deque[InputRecord]] = {topic: deque() for topic in sorted(topics)}
        self._time_of = time_of
        self._next: dict[str, int] = {}
        self._at_end: set[str] = set()
        self._last_ms: dict[str, int] = {}
        self._bytes = dict.fromkeys(self._buffers, 0)

    def start(self, topic: str, offset: int) -> None:
        """Notes that the partition is read from `offset` on, and forgets what was buffered of it."""
        self._buffers[topic].clear()
        self._bytes[topic] = 0
        self._next[topic] = offset
        self._at_end.discard(topic)
        self._last_ms.pop(topic, None)

    def add(self, record: InputRecord) -> None:
        """Buffers a record that was read."""
        self._buffers[record.topic].append(record)
        self._bytes[record.topic] += len(record.value or b"")
        self._next[record.topic] = record.offset + 1
        self._last_ms[record.topic] = record.append_ms
        self._at_end.discard(record.topic)

    def reached_end(self, topic: str, offset: int) -> None:
        """Notes that everything below `offset` was read, and that the broker had no more at that moment."""
        self._next[topic] = max(offset, self._next.get(topic, 0))
        self._at_end.add(topic)

    def take(self, limit: int, limit_bytes: int) -> list[InputRecord]:
        """Removes up to `limit` records, of about `limit_bytes` bytes, and returns them in merged order.

        It returns none while an input must be awaited.
        """
        batch: list[InputRecord] = []
        if not self._ready():
            return batch
        size_bytes, time_of = 0, self._time_of
        heads = [
            (time_of(buffer[0]), topic, buffer[0].offset) for topic, buffer in self._buffers.items() if buffer
        ]
        heapify(heads)
        while heads and len(batch) < limit and size_bytes < limit_bytes:
            topic = heads[0][1]
            buffer = self._buffers[topic]
            record = buffer.popleft()
            batch.append(record)
            if record.value is not None:
                self._bytes[topic] -= len(record.value)
                size_bytes += len(record.value)
            if buffer:
                heapreplace(heads, (time_of(buffer[0]), topic, buffer[0].offset))
                continue
            heappop(heads)
            # The next record of this input, still on its way, may be older than all that are buffered.
            if topic not in self._at_end:
                break
        return batch

    def put_back(self, records: Sequence[InputRecord]) -> None:
        """Undoes `take` after an abort. The `records` come in the order in which they were taken."""
        # Backwards, so that the first one taken is again the first of its buffer.
        for record in reversed(records):
            self._buffers[record.topic].appendleft(record)
            self._bytes[record.topic] += len(record.value or b"")

    def positions(self) -> dict[str, int]:
        """Returns the offset of the next record to decide, by topic."""
        return {
            topic: buffer[0].offset if (buffer := self._buffers[topic]) else offset
            for topic, offset in self._next.items()
        }

    @property
    def topics(self) -> Sequence[str]:
        """The inputs, in the order of their names."""
        return tuple(self._buffers)

    def empty_topics(self) -> list[str]:
        """Returns the inputs that have no buffered record."""
        return [topic for topic, buffer in self._buffers.items() if not buffer]

    def read_to(self, topic: str) -> int:
        """Returns the offset up to which the topic was read."""
        return self._next.get(topic, 0)

    def read_to_each(self) -> list[int]:
        """Returns the same of each input, in the order of their names."""
        return [self._next.get(topic, 0) for topic in self._buffers]

    def last_append_ms(self, topic: str) -> int | None:
        """Returns the append time of the last record that was read, decided or not; None without any."""
        return self._last_ms.get(topic)

    def size(self, topic: str) -> int:
        """Returns how many records of one input are buffered."""
        return len(self._buffers[topic])

    def size_bytes(self, topic: str) -> int:
        """Returns how many bytes the values of those records have."""
        return self._bytes[topic]

    @property
    def drained(self) -> bool:
        """True when nothing is buffered and every input was read to its end."""
        return not any(self._buffers.values()) and len(self._at_end) == len(self._buffers)

    def _ready(self) -> bool:
        return all(buffer or topic in self._at_end for topic, buffer in self._buffers.items())
