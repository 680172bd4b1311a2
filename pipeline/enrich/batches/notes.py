"""What a worker notes of the records that it begins to score, so that the next one knows what this one ended over.

A post may hang its thread, hold the interpreter or end the process. No code of that process can then say which
post it was, and the partition moves to the next worker, which would meet the same batch. So before a batch is
scored, the metadata of the committed offset says which offsets are begun and how many records with them. A
worker that is given a partition with such a note repeats those records in small parts, each noted before it is
begun, and then one by one. A record that was begun alone by `MAX_LONE_ATTEMPTS` workers which all ended is
dead-lettered, and its neighbours are scored. A worker that was killed for another reason leaves a note too, and
costs the next one some smaller batches.

A record alone is noted twice. The first note announces it and leaves the count of its attempts as it is. The
second one raises the count, when the first has been acknowledged and the engine has just scored another text.
So neither brokers that take no notes nor an engine that does not work are held against a post.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from pipeline.enrich.batches.events import Place
from pipeline.errors import Permanent

REPEATED_PART_RECORDS = 32
"""Records of a repeated batch that are scored together. The records of a repeated part are scored one by one. So
three workers find the post in a batch of any size. Halving a batch of 512 would take ten, each of which lives as
long as the time-out of a batch. A worker that was killed costs its successor 16 batches of 32 in place of one of
512, which is about two seconds."""
MAX_LONE_ATTEMPTS = 3
"""Workers that must end while they score a record alone before it is given up. One may have been killed by chance.
Another may have ended because the answer to its second note never came. It does not score then, but its note may
stand, so that the count is one too high. No order of writing and scoring can do without that doubt."""
_MAX_SPANS = 50
"""Most spans of one note. The broker takes 4,096 bytes of metadata (`offset.metadata.max.bytes`)."""
_MAX_RECORDS = 8192
"""Two batches of the largest `EARSHOT_ENRICH__BATCH_SIZE`; more are never begun at a time."""
_MAX_SPAN_OFFSETS = 2 * _MAX_RECORDS
"""Most offsets of a span, because a transactional producer may leave a marker behind each record. The limit also
bounds for how long a note that somebody else wrote can slow a partition down."""
_LAST_OFFSET = 2**63 - 1


class Span(NamedTuple):
    """Records of one partition that were begun together."""

    first: int
    end: int
    """The offset after the last one."""
    records: int
    """Number of records that were being scored at that time, in all partitions."""
    tries: int = 0
    """Number of workers that began exactly this record, alone, after the engine had scored another text."""


class NoteStore(Protocol):
    """The place beside the committed offset of each partition, where notes stand."""

    async def assigned(self) -> Mapping[int, str] | None:
        """Returns partition to the note that stands there; None if none were assigned since the last call.

        Raises:
            MustRestart: the brokers do not answer.
        """
        ...

    def keep(self, notes: Mapping[int, str]) -> None:
        """Makes every commit from now on leave these notes, partition to text; none where one is missing."""
        ...

    async def write(self, partitions: Iterable[int]) -> None:
        """Writes what was kept at those of the partitions that this worker owns, and moves no offset."""
        ...


class AttemptNotes:
    """What one worker has begun in all its partitions, and what was begun by workers that ended."""

    def __init__(self) -> None:
        self._repeated: dict[int, list[Span]] = {}
        self._in_flight: list[Sequence[Place]] = []
        self._attempts: dict[Place, int] = {}

    @property
    def careful(self) -> bool:
        """Whether any record must still be repeated with care."""
        return bool(self._repeated)

    def read(self, notes: Mapping[int, str]) -> dict[int, list[Span]]:
        """Takes over the notes that stood at an assignment, in place of all former ones.

        Returns:
            Partition to the spans that its note names.
        """
        self._repeated = {partition: spans for partition, note in notes.items() if (spans := _spans(note))}
        return self._repeated

    def part_size(self, place: Place) -> int | None:
        """Returns the most records that may be scored together with this one; None where it needs no care."""
        span = self._span(place)
        if span is None:
            return None
        return 1 if span.records <= REPEATED_PART_RECORDS else REPEATED_PART_RECORDS

    def verdict(self, place: Place) -> Permanent | None:
        """Returns why a record is given up unread, because it was alone when workers ended; None if it is not."""
        span = self._span(place)
        if span is None or span.records > 1 or span.tries < MAX_LONE_ATTEMPTS:
            return None
        return Permanent("stops_worker", f"{span.tries} workers ended while they scored this post alone")

    def begin(self, batch: Sequence[Place]) -> None:
        """Notes that these records, in offset order in each partition, are scored from now on."""
        self._in_flight.append(batch)
        span = self._span(batch[0])
        earlier = span.tries if span is not None and span.records == 1 else 0
        self._attempts = {batch[0]: earlier} if self.is_alone(batch) else {}
        for partition, offset in batch:
            self._pass(partition, offset + 1)

    def is_alone(self, batch: Sequence[Place]) -> bool:
        """Whether nothing but this batch is begun, and it is one record."""
        # With another batch beside it a record is not alone, whichever was begun first.
        return self._in_flight == [batch] and len(batch) == 1

    def count_attempt(self, place: Place) -> None:
        """Counts an attempt on this record, which was begun alone and is scored once the notes are written."""
        self._attempts[place] += 1

    def done(self, batch: Sequence[Place]) -> None:
        """Notes that these records are scored."""
        self._in_flight.remove(batch)

    def partitions(self) -> set[int]:
        """Returns the partitions with records that are being scored."""
        return {partition for batch in self._in_flight for partition, _ in batch}

    def notes(self) -> dict[int, str]:
        """Returns partition to its note, which names what is begun there and what is still to be repeated."""
        records = sum(map(len, self._in_flight))
        by_partition = {partition: list(spans) for partition, spans in self._repeated.items()}
        for batch in reversed(self._in_flight):
            for partition, offsets in _by_partition(batch).items():
                first, end = min(offsets), max(offsets) + 1
                span = Span(first, end, records, self._attempts.get((partition, first), 0))
                by_partition.setdefault(partition, []).insert(0, span)
        return {number: json.dumps({"begun": spans[:_MAX_SPANS]}) for number, spans in by_partition.items()}

    def _span(self, place: Place) -> Span | None:
        partition, offset = place
        return next((span for span in self._repeated.get(partition, ()) if span.first <= offset < span.end), None)

    def _pass(self, partition: int, offset: int) -> None:
        """Ends the care for what lies before the offset."""
        if partition in self._repeated:
            left = [s._replace(first=max(s.first, offset)) for s in self._repeated[partition] if s.end > offset]
            self._repeated[partition] = left
            if not left:
                del self._repeated[partition]


def _by_partition(batch: Sequence[Place]) -> dict[int, list[int]]:
    offsets: dict[int, list[int]] = {}
    for partition, offset in batch:
        offsets.setdefault(partition, []).append(offset)
    return offsets


def _spans(note: str) -> list[Span]:
    """Returns what a note says; nothing if it is not one of ours, for any tool that commits may write there."""
    try:
        content = json.loads(note)
    except (ValueError, RecursionError):
        return []
    begun = content.get("begun") if isinstance(content, dict) else None
    if not isinstance(begun, list) or len(begun) > _MAX_SPANS or not all(map(_is_span, begun)):
        return []
    return [Span(*span) for span in begun]


def _is_span(numbers: object) -> bool:
    """Whether `AttemptNotes` could have written it."""
    if not isinstance(numbers, list) or len(numbers) != len(Span._fields):
        return False
    if any(type(number) is not int for number in numbers):  # true and 1.0 are no offsets
        return False
    first, end, records, tries = numbers
    if not (0 <= first < end <= _LAST_OFFSET and end - first <= _MAX_SPAN_OFFSETS):
        return False
    if records == 1:
        return bool(end - first == 1 and 0 <= tries <= MAX_LONE_ATTEMPTS)
    return bool(1 < records <= _MAX_RECORDS and tries == 0)
