"""Holds what an audit has read of each topic and table as columns of ids, positions and flags, without any text.

The collectors append to these logs and the hops read them. They know neither Kafka nor ClickHouse nor files, and
they give no verdict.

Memory was measured with 10**6 posts, 10**6 steps of cases and 670,000 assignment records. They take 0.9 GB, and
1.2 GB while they are judged. Two thirds of that are the texts of the ids.
"""

from array import array

from pipeline.audit.letters import Letters

_OFFSET_BITS = 48
"""Partition and offset share one number. At 10,000 records a second, 2**48 records fill a partition in 890
years.
"""


def position(partition: int, offset: int) -> int:
    """Packs partition and offset into one number."""
    return partition << _OFFSET_BITS | offset


def partition_at(at: int) -> int:
    """Returns the partition of a position."""
    return at >> _OFFSET_BITS


def offset_at(at: int) -> int:
    """Returns the offset of a position."""
    return at & (1 << _OFFSET_BITS) - 1


def place(topic: str, at: int) -> str:
    """Writes a position as `<topic>/<partition>/<offset>`."""
    return f"{topic}/{partition_at(at)}/{offset_at(at)}"


class Log:
    """Holds the readable records of one topic or table, at 24 bytes each.

    Args:
        name: the topic or table that the records come from.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.ids = array("q")
        self.positions = array("q")
        self.append_ms = array("q")
        self.low: dict[int, int] = {}
        """Maps a partition to its first offset. Retention has removed what was before it."""
        self.end: dict[int, int] = {}
        """Maps a partition to the end that was read. What follows came later."""
        self.handled: dict[int, int] = {}
        """Maps a partition to the offset that the reading stage had committed before anything else was looked at.
        What the stage made of the records below that offset must therefore be there.
        """
        self.settled: dict[int, int] = {}
        """Maps a partition to the end of its committed records, taken before any `end`. What the same transactions
        wrote to other topics lies below the `end` of those topics.
        """
        self.first_ms: dict[int, int] = {}
        """Maps a partition to the append time of its first record. An empty partition has the time before which
        records would have been removed.
        """
        self.unreadable: list[tuple[int, str]] = []
        """Lists position and error code of each record that does not follow the contract."""
        self.letters = Letters()

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, number: int, at: int, append_ms: int) -> None:
        """Appends one record."""
        self.ids.append(number)
        self.positions.append(at)
        self.append_ms.append(append_ms)

    def place(self, index: int) -> str:
        """Names the place of the record with that index."""
        return place(self.name, self.positions[index])

    def holds(self, at: int) -> bool:
        """Says whether the position lies within what was read."""
        partition = partition_at(at)
        return self.low.get(partition, 0) <= offset_at(at) < self.end.get(partition, 0)

    def is_handled(self, at: int) -> bool:
        """Says whether the stage that reads the topic has committed past that position."""
        return offset_at(at) < self.handled.get(partition_at(at), 0)

    def is_settled(self, at: int) -> bool:
        """Says whether the transaction of that position was over before any end was taken."""
        return offset_at(at) < self.settled.get(partition_at(at), 0)

    def removed(self, at: int) -> bool:
        """Says whether retention has removed the record of that position."""
        return offset_at(at) < self.low.get(partition_at(at), 0)

    def removed_before_ms(self, partition: int) -> int:
        """Returns the append time up to which retention may have removed records of that partition.

        The result is 0 if no record was removed.
        """
        if self.low.get(partition, 0) == 0:
            return 0
        return self.first_ms.get(partition, 0)

    @property
    def trimmed(self) -> bool:
        """Says whether retention has removed records of any partition."""
        return any(self.low.values())


class ManifestLog:
    """Holds what the ingest runs say that Kafka has confirmed."""

    def __init__(self) -> None:
        self.ids = array("q")
        self.positions = array("q")
        self.lines = array("q")
        self.run_starts: list[tuple[int, str]] = []
        """Lists the index of the first delivery of each run, together with the name of the run."""
        self.rejected = 0
        """Counts the lines that were given up and never sent."""

    def place(self, index: int) -> str:
        """Names the run and the line of the delivery with that index."""
        # Runs were appended one after another, so the last one that begins at or before the index owns it.
        run = next(name for start, name in reversed(self.run_starts) if start <= index)
        return f"{run} line {self.lines[index]}"


class ScoredLog(Log):
    """Holds `posts.scored`, with what the following hops expect from each record."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.sources = array("q")
        """Holds the position of the raw record."""
        self.vers = array("q")
        self.actionable = bytearray()
        self.deleted = bytearray()
        self.outdated = bytearray()
        """This is 1 where the retention of the `posts` table is over."""
        self.wanting = array("q")
        """Holds the index of a record, once for each of its listening topics that must be a mention."""
        self.topics = array("q")
        """Holds the number of the name of that topic's key in `mentions`."""

    def last_of_source(self) -> bytearray:
        """Marks with 1 each record that is the last one made of its raw record.

        Only these must be passed on. An earlier one may be all that a worker wrote before it died. The later one,
        whose signals may differ, belongs to the attempt that was completed.
        """
        last = bytearray(len(self.ids))
        # A later index overwrites an earlier one in this dictionary, which leaves the last record of each source.
        for index in dict(zip(self.sources, range(len(self.ids)), strict=True)).values():
            last[index] = 1
        return last


class ActionableLog(Log):
    """Holds `posts.actionable`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.sources = array("q")


class MentionLog(Log):
    """Holds `mentions`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.topics = array("q")
        """Holds the number of the name of the record's key."""
        self.sources = array("q")


class EventLog(Log):
    """Holds `cases.events`, where -1 stands for a value that is absent."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.cases = array("q")
        self.seqs = array("q")
        """Holds the place in the sequence of the case, or -1 if the event belongs to no open case."""
        self.posts = array("q")
        """Holds the post that was queued, joined or refused."""
        self.too_old = bytearray()
        """This is 1 where a post was refused because nobody remembers whether it was handled."""
        self.causes = array("q")
        """Holds the position of that post in `posts.actionable`."""
        self.assignments = array("q")
        """Holds the assignment record that this step implies."""
        self.steps = bytearray()
        """Holds the state that the step leaves the case in, as an index into `steps.AFTER`."""


class GaugeLog(Log):
    """Holds `route.gauges`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.outdated = bytearray()
        """This is 1 where the keeping time of the record's table is over."""


class AssignmentLog(Log):
    """Holds `assignments`, or the topic of one team."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.firsts = array("q")
        """Holds the number of the first record in this state, which is the record itself or one before it."""
        self.teams = array("q")
        """Holds the number of the name of the team topic that must hold the record too."""
