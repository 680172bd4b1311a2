"""What an audit has read of each topic and table, column by column: ids as numbers, positions, flags; no text.

In: what the collectors saw. Out: the same, for `hops`. Never here: Kafka, ClickHouse, files, a verdict.
Measured: 10**6 posts with 10**6 steps of cases and 670,000 assignment records take 0.9 GB, 1.2 GB while they are
judged; two thirds of it are the texts of the ids.
"""

from array import array

from pipeline.audit.letters import Letters

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
        self.handled: dict[int, int] = {}
        """Partition to the offset that the stage which reads the topic had committed before anything else was
        looked at: what it made of the records below must be there."""
        self.settled: dict[int, int] = {}
        """Partition to the end of what was committed before any `end` was taken: what the same transactions wrote
        to other topics lies below their `end`."""
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

    def is_handled(self, at: int) -> bool:
        """Whether the stage that reads the topic says that it has done with that position."""
        return offset_at(at) < self.handled.get(partition_at(at), 0)

    def is_settled(self, at: int) -> bool:
        """Whether the transaction of that position was over before any end was taken."""
        return offset_at(at) < self.settled.get(partition_at(at), 0)

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
        self.wanting = array("q")
        """Index of a record, once for each listening topic of it that must be a mention."""
        self.topics = array("q")
        """Number of the name of that topic's key in `mentions`."""

    def last_of_source(self) -> bytearray:
        """1 for each record that is the last of its raw record.

        Only these must be passed on: an earlier one may be all that a worker wrote before it died, and the one
        that came after it, perhaps with other signals, did the whole work.
        """
        last = bytearray(len(self.ids))
        for index in dict(zip(self.sources, range(len(self.ids)), strict=True)).values():
            last[index] = 1
        return last


class ActionableLog(Log):
    """`posts.actionable`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.sources = array("q")


class MentionLog(Log):
    """`mentions`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.topics = array("q")
        """Number of the name of the record's key."""
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
