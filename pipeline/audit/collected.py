"""Holds everything that an audit has collected: the logs of all topics, the tables, and what belongs to them.

The collectors fill these classes and the hops judge them. The module knows neither Kafka nor ClickHouse nor files,
and it gives no verdict.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.audit.collect.sample import StoredRows
from pipeline.audit.interned_ids import Names
from pipeline.audit.logs import (
    ActionableLog,
    AssignmentLog,
    EventLog,
    GaugeLog,
    Log,
    ManifestLog,
    MentionLog,
    ScoredLog,
)


class CurrentCase(NamedTuple):
    """Holds the latest value of one key of `cases.current`."""

    state: str | None
    """This is None where the latest value is the tombstone that ends the case."""
    seq: int
    at: int
    append_ms: int


@dataclass
class Store:
    """Holds what ClickHouse shows under FINAL."""

    posts: Log = field(default_factory=lambda: Log("posts"))
    """The ids are posts without their revision, and the positions are those of the scored records."""
    post_vers: "array[int]" = field(default_factory=lambda: array("q"))
    deletions: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Maps a post to the version of its highest deletion, which FINAL hides, and to the position of its scored
    record.
    """
    refused: set[int] = field(default_factory=set)
    """These are the ids of the table `refused_posts`."""
    case_events: Log = field(default_factory=lambda: Log("case_events"))
    assignments: Log = field(default_factory=lambda: Log("assignments table"))
    gauges: Log = field(default_factory=lambda: Log("queue_gauges and rep_presence"))
    rows: dict[str, list[StoredRows]] = field(default_factory=dict)
    """Maps a topic to the whole rows of a sample of its records, with one entry for each table."""

    def add_deletion(self, post: int, ver: int, at: int) -> None:
        """Notes one row that marks a post as deleted."""
        # A post may have several deletion rows that are not merged yet, and only the highest one counts.
        self.deletions[post] = max(self.deletions.get(post, (-1, -1)), (ver, at))


@dataclass
class Facts:
    """Holds everything that the collectors brought."""

    names: Names
    manifests: ManifestLog
    raw: Log
    scored: ScoredLog
    actionable: ActionableLog
    actionable_partitions: dict[str, int]
    """Maps a workspace to its partition of `posts.actionable`."""
    mentions: MentionLog
    events: EventLog
    assignments: AssignmentLog
    teams: list[AssignmentLog]
    current: dict[int, CurrentCase]
    """Maps a case to its latest value."""
    current_log: Log
    """Holds only the offsets, unreadable records and times of `cases.current`, because its values are in
    `current`.
    """
    gauges: GaugeLog
    store: Store

    def logs(self) -> Iterator[Log]:
        """Yields the log of every topic that was read."""
        yield from (self.raw, self.scored, self.actionable, self.mentions, self.events, self.assignments)
        yield from (*self.teams, self.current_log, self.gauges)
