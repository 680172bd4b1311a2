"""Notes each batch at the brokers before it is scored, and judges records that workers ended over.

The rules are those of `notes.py`. Here is what has to be awaited: that a note stands before scoring begins, and
that the engine works before a record is blamed.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from pipeline.enrich.batches.events import Opened, Place
from pipeline.enrich.batches.notes import AttemptNotes, NoteStore, Span
from pipeline.enrich.batches.queue import Batch
from pipeline.enrich.received import ReceivedPost
from pipeline.errors import MustRestart


@dataclass(frozen=True)
class EngineTrial:
    """How to find out whether the engine works: it scores a harmless text."""

    score: Callable[[int], None]
    """Blocks until the text is scored. Its argument makes the text a new one, which no cache holds."""
    executor: Executor
    timeout_s: float


class Attempts:
    """The attempts of one worker to score its batches.

    Args:
        notes: what is begun; the queue of records asks them too.
        store: where notes stand.
        trial: of the engine.
        write_timeout_s: longest wait until the brokers have taken a note.
    """

    def __init__(self, notes: AttemptNotes, store: NoteStore, trial: EngineTrial, write_timeout_s: float) -> None:
        self._notes = notes
        self._store = store
        self._trial = trial
        self._write_timeout_s = write_timeout_s

    async def take_over(self) -> Mapping[int, Sequence[Span]]:
        """Learns, when partitions were assigned, what was being scored when their last worker ended.

        Returns:
            Partition to the offsets that will be repeated with care; empty when nothing was assigned.
        """
        standing = await self._store.assigned()
        if standing is None:
            return {}
        spans = self._notes.read(standing)
        self._store.keep(self._notes.notes())
        return spans

    async def begin(self, batch: Batch) -> tuple[list[Opened], bool]:
        """Returns when the batch is noted and may be scored.

        Returns:
            Its records, and whether one of them is given up because workers ended over it: in its place stands the
            reason.
        """
        verdicts = [self._notes.verdict(place) for place in batch.places]
        records = [
            (event, verdict or content) for (event, content), verdict in zip(batch.records, verdicts, strict=True)
        ]
        self._notes.begin(batch.places)
        await self._write(self._notes.partitions())
        if batch.careful and self._notes.is_alone(batch.places) and isinstance(records[0][1], ReceivedPost):
            await self._count_attempt(batch.places[0])
        return records, any(verdicts)

    async def done(self, batch: Batch, *, given_up: bool) -> None:
        """Takes the batch, which is scored, off the notes.

        The note itself goes with the commit that acknowledges the batch. That of a careful batch goes at once, so
        that what ends a worker while it delivers is not held against the record.

        Args:
            batch: that was begun.
            given_up: whether one of its records was given up.
        """
        self._notes.done(batch.places)
        at_once = batch.careful and not given_up
        await self._write({partition for partition, _ in batch.places} if at_once else ())

    async def _count_attempt(self, place: Place) -> None:
        """Notes that this record, which is begun alone, may now be what ends this worker.

        The note stands before scoring begins, for a post that holds the interpreter lets nobody write. It is
        written only where the engine works. Otherwise the cause would be sought in one innocent post after
        another.
        """
        trial = self._trial
        _, offset = place
        try:
            trying = asyncio.get_running_loop().run_in_executor(trial.executor, trial.score, offset)
            await asyncio.wait_for(trying, trial.timeout_s)
        except TimeoutError:
            waited = f"no scores of a harmless text within {trial.timeout_s:.0f} s"
            raise MustRestart(f"{waited}: an engine hangs, no post is given up") from None
        self._notes.count_attempt(place)
        await self._write(self._notes.partitions())

    async def _write(self, partitions: Collection[int]) -> None:
        """Lets every commit say what is begun now, and writes it at these partitions without waiting for one."""
        self._store.keep(self._notes.notes())
        if not partitions:
            return
        try:
            await asyncio.wait_for(self._store.write(partitions), self._write_timeout_s)
        except TimeoutError:
            raise MustRestart(f"the brokers took no note within {self._write_timeout_s:.0f} s") from None
