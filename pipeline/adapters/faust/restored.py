"""The rows of a table in memory, restored by a reader of our own.

Faust restores a row in over 100 microseconds, so that a million authors would keep a worker from its posts for
minutes. Here the changelog is read in a thread by librdkafka when Faust's recovery begins (fix 5 of `fixes.py`),
and Faust goes on where this reader has stopped. It is not read while partitions are assigned, because the client
sends no heartbeat then.

The store of Faust also keeps rows of partitions that were lost, as far as this worker wrote them, and would show
them again when the partition comes back. Here they go with it.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from faust.stores.memory import Store
from faust.streams import current_event
from faust.types import TP

from pipeline.adapters.kafka.reader import TopicReader, Window
from pipeline.settings import KafkaSettings

LIMIT_S = 60.0
"""Faust gives a step of its recovery 90 s. What is not read by then is left to Faust."""

Restored = Callable[[int, float], None]
"""Told how many rows were restored, and in how many seconds."""


class RestoredRows(Store):  # type: ignore[misc]
    """A store for one table, whose keys and rows are bytes.

    Args:
        arguments: as Faust gives them to a store.
        kafka: resolved settings.
        told: when partitions were restored.
        options: as Faust gives them to a store.
    """

    def __init__(self, *arguments: Any, kafka: KafkaSettings, told: Restored, **options: Any) -> None:
        self._kafka, self._told = kafka, told
        self._offsets: dict[int, int] = {}
        """Maps each partition that is in memory to the offset of its last change."""
        self._keys: dict[int, set[bytes]] = {}
        super().__init__(*arguments, **options)

    def __setitem__(self, key: bytes, row: bytes) -> None:
        """Takes a row that the agent writes, which lies in the partition of the agent's event."""
        if key not in self.data:
            self._keys.setdefault(current_event().message.partition, set()).add(key)
        self.data[key] = row

    async def on_rebalance(self, assigned: set[Any], *_: Any) -> None:
        """Drops the rows of partitions that were lost."""
        owned = {place.partition for place in assigned if place.topic == self.table.changelog_topic_name}
        for partition in (self._keys.keys() | self._offsets.keys()) - owned:
            self._drop(partition)

    async def restore(self, partitions: set[int]) -> Mapping[TP, int]:
        """Reads those of the partitions that are not in memory, and returns the offset of the last change of each.

        Raises:
            ServiceMissing: no broker answers.
            Transient: the brokers fell silent.
        """
        changelog, started_s = self.table.changelog_topic_name, time.monotonic()
        new = partitions - self._offsets.keys()
        if new:
            ended = threading.Event()
            try:
                changes, offsets = await asyncio.to_thread(self._read, changelog, new, ended)
            finally:
                # Another rebalance may break it off. Nothing of it is kept then.
                ended.set()
            for partition in new:
                self._drop(partition)
                self._merge(partition, changes[partition])
            self._offsets.update(offsets)
            self._told(sum(len(self._keys[partition]) for partition in new), time.monotonic() - started_s)
        return {TP(changelog, partition): self._offsets[partition] for partition in partitions}

    def apply_changelog_batch(self, batch: Iterable[Any], **_: Any) -> None:
        """Takes what Faust found behind what was read here."""
        for event in batch:
            message = event.message
            self._merge(message.partition, {message.key: message.value})
            self._offsets[message.partition] = message.offset

    async def on_recovery_completed(self, *_: Any) -> None:
        """Does nothing, because rows of lost partitions are gone already."""

    def persisted_offset(self, tp: Any) -> int | None:
        """Returns the offset of the last change that is in memory."""
        return self._offsets.get(tp.partition)

    def set_persisted_offset(self, tp: Any, offset: int) -> None:
        """Notes that a change of this worker lies at that offset."""
        if offset > self._offsets.get(tp.partition, offset):
            self._offsets[tp.partition] = offset

    def _read(
        self, changelog: str, partitions: set[int], ended: threading.Event
    ) -> tuple[dict[int, dict[bytes, bytes | None]], dict[int, int]]:
        deadline = time.monotonic() + LIMIT_S
        changes: dict[int, dict[bytes, bytes | None]] = {partition: {} for partition in partitions}
        reader = TopicReader(self._kafka)
        try:
            whole = reader.window(changelog)
            window = Window({at: whole.low[at] for at in partitions}, {at: whole.end[at] for at in partitions})
            offsets = {partition: window.low[partition] - 1 for partition in partitions}
            for message in reader.read(changelog, window):
                changes[message.partition()][message.key()] = message.value()
                offsets[message.partition()] = message.offset()
                if ended.is_set() or time.monotonic() > deadline:
                    return changes, offsets
        finally:
            reader.close()
        return changes, {partition: window.end[partition] - 1 for partition in partitions}

    def _merge(self, partition: int, changes: Mapping[bytes, bytes | None]) -> None:
        keys = self._keys.setdefault(partition, set())
        for key, row in changes.items():
            if row is None:
                self.data.pop(key, None)
                keys.discard(key)
            else:
                self.data[key] = row
                keys.add(key)

    def _drop(self, partition: int) -> None:
        self._offsets.pop(partition, None)
        for key in self._keys.pop(partition, ()):
            self.data.pop(key, None)
