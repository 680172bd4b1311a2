"""Takes snapshots of the router's state, and decides what it has decided since then again.

A replay proves that the router's decisions follow from its inputs, and shows whoever doubts one the very state in
which it was made. It reads topics only and changes nothing.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from pipeline.adapters.kafka.messages import input_record
from pipeline.adapters.kafka.reader import TopicReader, Window
from pipeline.adapters.kafka.snapshots import Snapshot, SnapshotWriter, snapshots
from pipeline.app.stages.route import configuration, new_router
from pipeline.codec import decode
from pipeline.errors import Misconfigured, ServiceMissing
from pipeline.loop.now import NOW_KEY
from pipeline.loop.rerun import Replay
from pipeline.ports.decider import Decisions
from pipeline.ports.records import InputRecord
from pipeline.settings import KafkaSettings, Settings
from schemas.cases.journal import JournalEntry
from schemas.topics import JOURNAL, POLICY_LOG, ROUTE_STATE, SNAPSHOTS


@dataclass(frozen=True)
class Replayed:
    """What a replay of one partition number decided again."""

    partition: int
    after: int
    """Number of the transaction after which it began; 0: at the beginning."""
    transactions: int
    records: int
    outputs: int


def take_snapshots(kafka: KafkaSettings) -> dict[int, int]:
    """Keeps the state of each partition number. Returns number to the transaction after which its state was.

    Raises:
        ServiceMissing: no broker answers.
        Transient: the brokers do not take a snapshot.
    """
    reader = TopicReader(kafka)
    writer = SnapshotWriter(kafka, ROUTE_STATE.name, SNAPSHOTS.name)
    taken = {n: writer.copy(reader, n) for n in partitions(kafka)}
    return {n: number for n, number in taken.items() if number}


def partitions(kafka: KafkaSettings) -> tuple[int, ...]:
    """Returns the numbers of the router's partitions.

    Raises:
        ServiceMissing: no broker answers, or no router has its topics yet.
    """
    found = tuple(TopicReader(kafka).partitions.get(JOURNAL.name, ()))
    if not found:
        raise ServiceMissing(f"topic {JOURNAL.name} does not exist: run `earshot topics apply`")
    return found


def replay(settings: Settings, partition: int) -> Replayed:
    """Decides what a partition number has decided since its newest snapshot again.

    Args:
        settings: resolved, the same that the router has.
        partition: the number.

    Raises:
        as `Rerun` does when it is made and when it decides.
    """
    rerun = Rerun(settings, partition)
    number, records, outputs = rerun.after, 0, 0
    for again in rerun.transactions():
        number = again.entry.number
        records, outputs = records + again.records, outputs + len(again.decisions.outputs)
    return Replayed(partition, rerun.after, number - rerun.after, records, outputs)


class Again(NamedTuple):
    """A transaction that was decided again, alike."""

    entry: JournalEntry
    records: int
    """How many it consumed."""
    decisions: Decisions


class Rerun:
    """Decides what a partition number has decided since its newest snapshot again, transaction by transaction.

    Args:
        settings: resolved, the same that the router has.
        partition: the number.

    Raises:
        Misconfigured: there is no such partition.
        ServiceMissing: no broker answers, or no router has its topics yet.
    """

    def __init__(self, settings: Settings, partition: int) -> None:
        if partition not in (numbers := partitions(settings.kafka)):
            raise Misconfigured(f"--partition {partition}: the router has partitions 0 to {numbers[-1]}")
        self._settings, self._partition = settings, partition
        self._reader = TopicReader(settings.kafka)
        kept = deque(snapshots(self._reader, SNAPSHOTS.name, partition), maxlen=1)
        newest = kept[0] if kept else Snapshot()
        self.after = newest.number
        """Number of the transaction after which it begins; 0: at the beginning."""
        self.router = new_router(settings)
        """Its state is that after the last transaction that was decided again."""
        for key, value in newest.entries.items():
            if key != NOW_KEY:
                self.router.restore(key, value)

    def transactions(self) -> Iterator[Again]:
        """Yields each transaction in order.

        Raises:
            ReplayDiffers: something was decided differently, or under another configuration.
            Misconfigured: a topic no longer holds what the replay needs.
            ServiceMissing: no broker answers.
        """
        settings, partition = self._settings, self._partition
        contents = {sha256(value).hexdigest(): value for value in _values(self._reader, POLICY_LOG.name)}
        is_event_clock = settings.clock == "event"
        played = Replay(self.router, _looked_up(contents), configuration(settings), event_clock=is_event_clock)
        inputs: dict[str, _Input] = {}
        number = self.after
        for entry in _entries(self._reader, partition, number):
            if entry.number != number + 1:
                raise Misconfigured(
                    f"{JOURNAL.name}/{partition} holds no entry {number + 1}. The newest snapshot is of "
                    f"transaction {self.after}; take one more often than the journal's retention."
                )
            batch: list[InputRecord] = []
            for part in entry.inputs:
                if part.topic not in inputs:
                    inputs[part.topic] = _Input(settings.kafka, part.topic, partition, part.first)
                batch += inputs[part.topic].until(part.next)
            number = entry.number
            yield Again(entry, len(batch), played.play(entry, batch))


class _Input:
    """Reads one partition of an input in order, as far as the entries need it."""

    def __init__(self, kafka: KafkaSettings, topic: str, partition: int, first: int) -> None:
        # A client of its own, because inputs are read side by side.
        reader = TopicReader(kafka)
        window = reader.window(topic)
        if first < window.low[partition]:
            raise Misconfigured(f"{topic}/{partition}: the records before {window.low[partition]} are gone")
        self._place = f"{topic}/{partition}"
        self._messages = reader.read(topic, Window({partition: first}, {partition: window.end[partition]}))

    def until(self, offset: int) -> list[InputRecord]:
        """Returns the records below the offset that were not returned before. The one just below it exists."""
        records: list[InputRecord] = []
        while not records or records[-1].offset < offset - 1:
            message = next(self._messages, None)
            if message is None:
                raise Misconfigured(f"{self._place} ends before offset {offset}: the topic was made anew")
            records.append(input_record(message))
        return records


def _looked_up(contents: Mapping[str, bytes]) -> Callable[[str], bytes]:
    def content(digest: str) -> bytes:
        if digest not in contents:
            raise Misconfigured(f"{POLICY_LOG.name} no longer holds the policy {digest}, which the replay needs")
        return contents[digest]

    return content


def _entries(reader: TopicReader, partition: int, after: int) -> Iterator[JournalEntry]:
    window = reader.window(JOURNAL.name)
    one = Window({partition: window.low[partition]}, {partition: window.end[partition]})
    for message in reader.read(JOURNAL.name, one):
        entry = decode(JournalEntry, message.value())
        # Entries of releases before the numbers have none.
        if entry.number > after:
            yield entry


def _values(reader: TopicReader, topic: str) -> Iterator[bytes]:
    for message in reader.read(topic, reader.window(topic)):
        if message.value() is not None:
            yield message.value()
