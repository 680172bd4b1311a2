"""Lets the commits of one topic carry notes in their metadata, and reads those that stood at an assignment.

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
"""The group has just been joined, so its coordinator answers. If it does not, the worker must restart."""


class CommitNotes:
    """The notes of one topic's partitions.

    Args:
        app: not started yet. From now on its commits carry the notes.
        topic: the topic whose partitions have notes. Commits of other topics stay as they are.
    """

    def __init__(self, app: "faust.App", topic: str) -> None:
        self._app = app
        self._topic = topic
        self._read_generation: object = None
        """Generation of the group whose notes were read last."""
        self._reported_generation: object = None
        """Generation of the group whose notes `assigned` returned last."""
        self._committed_notes: Mapping[int, str] = {}
        self._notes_to_commit: Mapping[int, str] = {}
        self._places: dict[int, int] = {}
        """Maps a partition to its committed offset."""
        self._read_lock, self._commit_lock = asyncio.Lock(), asyncio.Lock()
        carry_notes(app, self._commit)

    async def assigned(self) -> Mapping[int, str] | None:
        """Returns partition to the note that stands there; None if none were assigned since the last call.

        Raises:
            MustRestart: the brokers do not answer.
        """
        if self._reported_generation == self._app.consumer_generation_id:
            return None
        await self._app.consumer._thread.call_thread(self._read)
        self._notes_to_commit = self._committed_notes
        self._reported_generation = self._read_generation
        return self._committed_notes

    def keep(self, notes: Mapping[int, str]) -> None:
        """Makes every commit from now on leave these notes, partition to text; none where one is missing."""
        self._notes_to_commit = notes

    async def write(self, partitions: Iterable[int]) -> None:
        """Writes what was kept at those of the partitions that this worker owns, and moves no offset."""
        from faust.types import TP

        if self._reported_generation != self._app.consumer_generation_id:
            # The records were read before a rebalance, and come again to whoever owns their partitions now.
            return
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
        # This runs in the Kafka client's thread, for every commit of the app.
        if self._read_generation != self._app.consumer_generation_id:
            # Otherwise this commit would erase notes that nobody has read.
            await self._read()
        async with self._commit_lock:
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
        notes = (
            self._notes_to_commit if self._reported_generation == self._read_generation else self._committed_notes
        )
        return value._replace(offset=offset, metadata=notes.get(place.partition, ""))

    async def _read(self) -> None:
        """Learns places and notes of the partitions that were assigned, once for each assignment.

        Runs in the Kafka client's thread.
        """
        async with self._read_lock:
            generation = self._app.consumer_generation_id
            if self._read_generation == generation:
                return
            try:
                commits = await asyncio.wait_for(self._committed(), READ_TIMEOUT_S)
            except (KafkaError, TimeoutError) as error:
                raise MustRestart(f"the notes of the group cannot be read: {error!r}") from None
            self._places = {partition: offset for partition, (offset, _) in commits.items()}
            self._committed_notes = {partition: note for partition, (_, note) in commits.items() if note}
            self._read_generation = generation

    async def _committed(self) -> dict[int, tuple[int, str]]:
        """Returns partition to its committed offset, or where its log begins, and the note beside it.

        The client of Faust is asked, because librdkafka copies metadata without its end and reads on into its
        memory.
        """
        client = self._app.consumer._thread._ensure_consumer()
        owned = [place for place in client.assignment() if place.topic == self._topic]
        committed = await client._coordinator.fetch_committed_offsets(owned)
        notes = {place.partition: (value.offset, value.metadata or "") for place, value in committed.items()}
        new = [place for place in owned if notes.get(place.partition, (-1, ""))[0] < 0]
        begins = await client.beginning_offsets(new) if new else {}
        return notes | {place.partition: (offset, "") for place, offset in begins.items()}
