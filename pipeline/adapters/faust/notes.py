"""Notes in the metadata of Faust's commits: what every commit of one topic says beside its offset.

In: an app that is not started, notes by partition. Out: commits that carry them, and the notes that stood when
partitions were assigned. Never here: what a note means.

Kafka keeps a text beside each committed offset. It moves with the partition, costs no topic, and only the member
that owns the partition can write it, so that a note never outlives its offset.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from aiokafka.errors import KafkaError

from pipeline.adapters.faust.fixes import Commit, Offsets, carry_notes
from pipeline.errors import MustRestart

if TYPE_CHECKING:
    import faust

READ_TIMEOUT_S = 30.0
"""The group has just been joined, so its coordinator answers; else the worker starts again."""


class CommitNotes:
    """The notes of one topic's partitions.

    Args:
        app: not started yet; from now on its commits carry the notes.
        topic: whose partitions have notes; other topics' commits stay as they are.
    """

    def __init__(self, app: "faust.App", topic: str) -> None:
        self._app = app
        self._topic = topic
        self._read_of: object = None
        """Generation of the group whose standing notes were read, and the one whose notes were told."""
        self._told_of: object = None
        self._standing: Mapping[int, str] = {}
        self._kept: Mapping[int, str] = {}
        self._places: dict[int, int] = {}
        """Partition to its committed offset."""
        self._one_reads, self._one_commits = asyncio.Lock(), asyncio.Lock()
        carry_notes(app, self._commit)

    async def assigned(self) -> Mapping[int, str] | None:
        """Partition to the note that stands there, if partitions were assigned since the last call; else None.

        Raises:
            MustRestart: the brokers do not say it.
        """
        if self._told_of == self._app.consumer_generation_id:
            return None
        await self._app.consumer._thread.call_thread(self._read)
        self._kept = self._standing
        self._told_of = self._read_of
        return self._standing

    def keep(self, notes: Mapping[int, str]) -> None:
        """Every commit from now on leaves these notes, partition to text; none where a partition is missing."""
        self._kept = notes

    async def write(self, partitions: Iterable[int]) -> None:
        """Returns when what was kept stands at those of the partitions that this worker owns; no offset moves."""
        from faust.types import TP

        if self._told_of != self._app.consumer_generation_id:
            return  # the records were read before a rebalance, and come again to whoever owns them now
        wanted = {TP(self._topic, partition): partition for partition in partitions}
        consumer = self._app.consumer
        places = {
            place: self._places[wanted[place]]
            for place in wanted.keys() & consumer.assignment()
            if wanted[place] in self._places
        }
        if places:
            await consumer._commit(places)

    async def _commit(self, offsets: Offsets, commit: Commit) -> None:
        # Runs in the Kafka client's thread, for every commit of the app.
        if self._read_of != self._app.consumer_generation_id:
            await self._read()  # else it would erase notes that nobody has read
        async with self._one_commits:
            noted = {place: self._noted(place, value) for place, value in offsets.items()}
            await commit(noted)
            for place, value in noted.items():
                if place.topic == self._topic:
                    self._places[place.partition] = value.offset

    def _noted(self, place: Any, value: Any) -> Any:
        if place.topic != self._topic:
            return value
        # A note that was asked for before a commit and comes after it must not move the offset back.
        offset = max(value.offset, self._places.get(place.partition, 0))
        notes = self._kept if self._told_of == self._read_of else self._standing
        return value._replace(offset=offset, metadata=notes.get(place.partition, ""))

    async def _read(self) -> None:
        """Learns places and notes of the partitions that were assigned, once for each assignment.

        Runs in the Kafka client's thread.
        """
        async with self._one_reads:
            generation = self._app.consumer_generation_id
            if self._read_of == generation:
                return
            try:
                found = await asyncio.wait_for(self._committed(), READ_TIMEOUT_S)
            except (KafkaError, TimeoutError) as error:
                raise MustRestart(f"the notes of the group cannot be read: {error!r}") from None
            self._places = {partition: offset for partition, (offset, _) in found.items()}
            self._standing = {partition: note for partition, (_, note) in found.items() if note}
            self._read_of = generation

    async def _committed(self) -> dict[int, tuple[int, str]]:
        """Partition to its committed offset, or where its log begins, and the note beside it.

        The client of Faust is asked: librdkafka copies metadata without its end, and reads on into its memory.
        """
        client = self._app.consumer._thread._ensure_consumer()
        owned = [place for place in client.assignment() if place.topic == self._topic]
        committed = await client._coordinator.fetch_committed_offsets(owned)
        found = {place.partition: (value.offset, value.metadata or "") for place, value in committed.items()}
        new = [place for place in owned if found.get(place.partition, (-1, ""))[0] < 0]
        begins = await client.beginning_offsets(new) if new else {}
        return found | {place.partition: (offset, "") for place, offset in begins.items()}
