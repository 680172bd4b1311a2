"""What a worker notes of the records that it begins to score, so that a later one knows what it died of.

A post may hang its thread, hold the interpreter or end the process. No code of that process can then say which
post it was, and the partition moves to the next worker, which would meet the same batch. So before a batch is
scored, the metadata of the committed offset says which offsets are begun and how many records with them. A worker
that is given a partition with such a note repeats those records in small parts, each noted before it is begun, and
then one by one. A record that was begun alone by `MOST_TRIES` workers which all ended is dead-lettered, and its
neighbours are scored. A worker that was killed for another reason leaves a note too: it costs the next one some
smaller batches.

A record alone is noted twice. The first note announces it and leaves the count of its tries as it is; the second
one raises the count, when the first has been acknowledged and the engine has just scored another text. So neither
brokers that take no notes nor an engine that does not work are held against a post.

In: places of records that are begun and done, notes that stood at an assignment. Out: notes, and how many of the
records that wait may be scored together. Never here: Kafka, what is in a record.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from pipeline.errors import Permanent

PART = 32
"""Records of a repeated batch that are scored together; repeated parts are scored one by one. So of a batch of any
size three lives find the post: two parts of 512 posts would need ten, each as long as the time-out of a batch.
A worker that was killed costs its successor 16 batches of 32 in place of one of 512: about two seconds."""
MOST_TRIES = 3
"""Lives that must end while a record is scored alone before it is given up. One may have been killed by chance.
One may have ended because the answer to its second note never came: it does not score then, but its note may
stand, so that the count is one too high. No order of writing and scoring can do without that doubt."""
_MOST_SPANS = 50
"""Of one note: the broker takes 4,096 bytes of metadata (`offset.metadata.max.bytes`)."""
_MOST_RECORDS = 8192
"""Two batches of the largest `EARSHOT_ENRICH__BATCH_SIZE`: more are never begun."""
_WIDEST = 2 * _MOST_RECORDS
"""Offsets of a span: a transactional producer may leave a marker behind each record. Whoever else writes notes
cannot slow a partition down for longer."""
_LAST_OFFSET = 2**63 - 1

Place = tuple[int, int]
"""Partition and offset."""


class Span(NamedTuple):
    """Records of one partition that were begun."""

    first: int
    end: int
    """The offset after the last one."""
    records: int
    """How many were scored at that time, of all partitions."""
    tries: int = 0
    """Lives that began exactly this record, alone, after the engine had scored another text."""


class Notes(Protocol):
    """Where notes stand: beside the committed offset of a partition."""

    async def assigned(self) -> Mapping[int, str] | None:
        """Partition to the note that stands there, if partitions were assigned since the last call; else None.

        Raises:
            MustRestart: the brokers do not say it.
        """
        ...

    def keep(self, notes: Mapping[int, str]) -> None:
        """Every commit from now on leaves these notes, partition to text; none where a partition is missing."""
        ...

    async def write(self, partitions: Iterable[int]) -> None:
        """Returns when what was kept stands at those of the partitions that this worker owns; no offset moves."""
        ...


class Notebook:
    """What is begun now, and what was begun in lives that ended. Of one worker, all partitions."""

    def __init__(self) -> None:
        self._found: dict[int, list[Span]] = {}
        self._begun: list[Sequence[Place]] = []
        self._tries: dict[Place, int] = {}

    @property
    def careful(self) -> bool:
        """Whether any record is still to be repeated with care."""
        return bool(self._found)

    def read(self, notes: Mapping[int, str]) -> dict[int, list[Span]]:
        """Takes the notes that stood at an assignment in place of all former ones; what they say, by partition."""
        self._found = {partition: spans for partition, note in notes.items() if (spans := _spans(note))}
        return self._found

    def at_once(self, place: Place) -> int | None:
        """How many records beside this one may be scored together, itself included; None: as many as usual."""
        span = self._span(place)
        if span is None:
            return None
        return 1 if span.records <= PART else PART

    def verdict(self, place: Place) -> Permanent | None:
        """Why a record is given up unread: it was alone when workers ended."""
        span = self._span(place)
        if span is None or span.records > 1 or span.tries < MOST_TRIES:
            return None
        return Permanent("stops_worker", f"{span.tries} workers ended while they scored this post alone")

    def begin(self, batch: Sequence[Place]) -> None:
        """These records are scored from now on, in offset order in each partition."""
        self._begun.append(batch)
        span = self._span(batch[0])
        known = span.tries if span is not None and span.records == 1 else 0
        self._tries = {batch[0]: known} if self.is_alone(batch) else {}
        for partition, offset in batch:
            self._pass(partition, offset + 1)

    def is_alone(self, batch: Sequence[Place]) -> bool:
        """Whether nothing but this batch is begun, and it is one record."""
        # With another batch beside it a record is not alone, whichever was begun first.
        return self._begun == [batch] and len(batch) == 1

    def count_try(self, place: Place) -> None:
        """This record, which was begun alone, is scored as soon as the notes of now are written."""
        self._tries[place] += 1

    def done(self, batch: Sequence[Place]) -> None:
        """These records are scored."""
        self._begun.remove(batch)

    def partitions(self) -> set[int]:
        """Those with records that are scored now."""
        return {partition for batch in self._begun for partition, _ in batch}

    def notes(self) -> dict[int, str]:
        """Partition to its note: what is begun there, then what is still to be repeated with care."""
        records = sum(map(len, self._begun))
        spans = {partition: list(found) for partition, found in self._found.items()}
        for batch in reversed(self._begun):
            for partition, offsets in _by_partition(batch).items():
                first, end = min(offsets), max(offsets) + 1
                span = Span(first, end, records, self._tries.get((partition, first), 0))
                spans.setdefault(partition, []).insert(0, span)
        return {partition: json.dumps({"begun": some[:_MOST_SPANS]}) for partition, some in spans.items()}

    def _span(self, place: Place) -> Span | None:
        partition, offset = place
        return next((span for span in self._found.get(partition, ()) if span.first <= offset < span.end), None)

    def _pass(self, partition: int, offset: int) -> None:
        """What lies before the offset needs no more care."""
        if partition in self._found:
            left = [s._replace(first=max(s.first, offset)) for s in self._found[partition] if s.end > offset]
            self._found[partition] = left
            if not left:
                del self._found[partition]


def _by_partition(batch: Sequence[Place]) -> dict[int, list[int]]:
    offsets: dict[int, list[int]] = {}
    for partition, offset in batch:
        offsets.setdefault(partition, []).append(offset)
    return offsets


def _spans(note: str) -> list[Span]:
    """What a note says; nothing if it is none of ours: any tool that commits may write there."""
    try:
        content = json.loads(note)
    except (ValueError, RecursionError):
        return []
    begun = content.get("begun") if isinstance(content, dict) else None
    if not isinstance(begun, list) or len(begun) > _MOST_SPANS or not all(map(_is_span, begun)):
        return []
    return [Span(*span) for span in begun]


def _is_span(numbers: object) -> bool:
    """Whether a notebook could have written it."""
    if not isinstance(numbers, list) or len(numbers) != len(Span._fields):
        return False
    if any(type(number) is not int for number in numbers):  # true and 1.0 are none
        return False
    first, end, records, tries = numbers
    if not (0 <= first < end <= _LAST_OFFSET and end - first <= _WIDEST):
        return False
    if records == 1:
        return bool(end - first == 1 and 0 <= tries <= MOST_TRIES)
    return bool(1 < records <= _MOST_RECORDS and tries == 0)
