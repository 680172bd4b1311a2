"""What an audit has collected, column by column: ids as numbers, positions, flags; never a text.

In: whatever the collectors saw. Out: the same, for `hops`. Never here: Kafka, ClickHouse, files, a verdict.
Measured: 10**6 posts with 10**6 steps of cases and 670,000 assignment records take 0.9 GB, 1.2 GB while they are
judged; two thirds of it are the texts of the ids.
"""

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.audit.names import Names

_OFFSET_BITS = 48
"""Partition and offset share one number: 2**48 records fill a partition in 890 years at 10,000/s."""


def position(partition: int, offset: int) -> int:
    """Partition and offset as one number."""
    return partition << _OFFSET_BITS | offset


def partition_at(at: int) -> int:
    """The partition of a position."""
    return at >> _OFFSET_BITS


def offset_at(at: int) -> int:
    """The offset of a position."""
    return at & (1 << _OFFSET_BITS) - 1


def place(topic: str, at: int) -> str:
    """`<topic>/<partition>/<offset>` of a position."""
    return f"{topic}/{partition_at(at)}/{offset_at(at)}"


class Letter(NamedTuple):
    """One dead letter: why, where it lies, and a hash of its key and value."""

    code: str
    place: str
    digest: bytes


@dataclass
class Letters:
    """The dead letters of one topic, by the source position in their headers."""

    by_source: dict[int, Letter] = field(default_factory=dict)
    repeated: dict[int, Letter] = field(default_factory=dict)
    """Sources that have more than one letter, with the second one."""
    altered: set[int] = field(default_factory=set)
    """Sources whose letter does not hold the bytes that the topic holds."""
    codes: Counter[str] = field(default_factory=Counter)

    def add(self, source: int, letter: Letter) -> None:
        """Takes one letter."""
        self.codes[letter.code] += 1
        if source in self.by_source:
            self.repeated.setdefault(source, letter)
        else:
            self.by_source[source] = letter

    def kept(self, source: int) -> bool:
        """Whether the record of that position lies in the dead letters, byte for byte."""
        return source in self.by_source and source not in self.altered


class Log:
    """The readable records of one topic or table: 24 bytes each.

    Args:
        name: of the topic or table.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.ids = array("q")
        self.positions = array("q")
        self.append_ms = array("q")
        self.low: dict[int, int] = {}
        """Partition to its first offset: what was before is removed by retention."""
        self.end: dict[int, int] = {}
        """Partition to the end that was read: what follows came later."""
        self.first_ms: dict[int, int] = {}
        """Partition to the append time of its first record; of an empty one: when it would have been removed."""
        self.unreadable: list[tuple[int, str]] = []
        """Position and code of each record that the contract does not read."""
        self.letters = Letters()

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, number: int, at: int, append_ms: int) -> None:
        """Takes one record."""
        self.ids.append(number)
        self.positions.append(at)
        self.append_ms.append(append_ms)

    def place(self, index: int) -> str:
        """Where record number `index` lies."""
        return place(self.name, self.positions[index])

    def holds(self, at: int) -> bool:
        """Whether the position is within what was read."""
        partition = partition_at(at)
        return self.low.get(partition, 0) <= offset_at(at) < self.end.get(partition, 0)

    def removed(self, at: int) -> bool:
        """Whether retention has removed the record of that position."""
        return offset_at(at) < self.low.get(partition_at(at), 0)

    def removed_before_ms(self, partition: int) -> int:
        """Append time up to which retention may have removed records of that partition; 0: none is removed."""
        if self.low.get(partition, 0) == 0:
            return 0
        return self.first_ms.get(partition, 0)

    @property
    def trimmed(self) -> bool:
        """Whether retention has removed records of any partition."""
        return any(self.low.values())


class ManifestLog:
    """What ingest runs say that Kafka has confirmed."""

    def __init__(self) -> None:
        self.ids = array("q")
        self.positions = array("q")
        self.lines = array("q")
        self.run_starts: list[tuple[int, str]] = []
        """Index of the first delivery of each run, and the run's name."""
        self.rejected = 0
        """Lines that were given up and never sent."""

    def place(self, index: int) -> str:
        """The run and the line of delivery number `index`."""
        run = next(name for start, name in reversed(self.run_starts) if start <= index)
        return f"{run} line {self.lines[index]}"


class ScoredLog(Log):
    """`posts.scored`, with what the following hops expect from each record."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.sources = array("q")
        """Position of the raw record."""
        self.vers = array("q")
        self.actionable = bytearray()
        self.deleted = bytearray()
        self.outdated = bytearray()
        """1 where the keeping time of the `posts` table is over."""


class ActionableLog(Log):
    """`posts.actionable`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.sources = array("q")


class EventLog(Log):
    """`cases.events`; -1 stands for absent."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.cases = array("q")
        self.seqs = array("q")
        """Place in the case's own sequence; -1: the event belongs to no open case."""
        self.posts = array("q")
        """The post that was queued, joined or refused."""
        self.too_old = bytearray()
        """1 where a post was refused because nobody remembers whether it was handled."""
        self.causes = array("q")
        """Position of that post in `posts.actionable`."""
        self.assignments = array("q")
        """The assignment record that this step implies."""
        self.steps = bytearray()
        """What the step makes of the case: index into `steps.AFTER`."""


class AssignmentLog(Log):
    """`assignments`, or one team's topic."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.teams = array("q")
        """Number of the name of the team topic that must hold the record too."""


class Current(NamedTuple):
    """The latest value of one key of `cases.current`."""

    state: str
    seq: int
    at: int
    append_ms: int


@dataclass
class Store:
    """What ClickHouse shows under FINAL."""

    posts: Log = field(default_factory=lambda: Log("posts"))
    """Ids are posts without revision; positions are those of the scored record."""
    post_vers: "array[int]" = field(default_factory=lambda: array("q"))
    refused: set[int] = field(default_factory=set)
    """Ids of `refused_posts`."""
    case_events: Log = field(default_factory=lambda: Log("case_events"))
    assignments: Log = field(default_factory=lambda: Log("assignments table"))


@dataclass
class Facts:
    """Everything that was collected."""

    names: Names
    manifests: ManifestLog
    raw: Log
    scored: ScoredLog
    actionable: ActionableLog
    actionable_partitions: dict[str, int]
    """Workspace to its partition of `posts.actionable`."""
    events: EventLog
    assignments: AssignmentLog
    teams: list[AssignmentLog]
    current: dict[int, Current]
    """Case to its latest value."""
    current_log: Log
    """Only the offsets, unreadable records and times of `cases.current`."""
    store: Store
    snapshot_ms: int
    """When the ends were taken: what was appended later is not judged."""

    def logs(self) -> Iterator[Log]:
        """Every topic that was read."""
        yield from (self.raw, self.scored, self.actionable, self.events, self.assignments, *self.teams)
        yield self.current_log
