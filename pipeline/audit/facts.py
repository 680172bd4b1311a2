"""Everything that an audit has collected: the logs of all topics, the tables, and what belongs to them.

In: whatever the collectors saw. Out: the same, for `hops`. Never here: Kafka, ClickHouse, files, a verdict.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.audit.collect.sample import StoredRows
from pipeline.audit.logs import ActionableLog, AssignmentLog, EventLog, Log, ManifestLog, MentionLog, ScoredLog
from pipeline.audit.names import Names


class CurrentCase(NamedTuple):
    """The latest value of one key of `cases.current`."""

    state: str | None
    """None: the tombstone that ends the case."""
    seq: int
    at: int
    append_ms: int


@dataclass
class Store:
    """What ClickHouse shows under FINAL."""

    posts: Log = field(default_factory=lambda: Log("posts"))
    """Ids are posts without revision; positions are those of the scored record."""
    post_vers: "array[int]" = field(default_factory=lambda: array("q"))
    deletions: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Post to the version of its highest deletion, which FINAL hides, and the position of its scored record."""
    refused: set[int] = field(default_factory=set)
    """Ids of `refused_posts`."""
    case_events: Log = field(default_factory=lambda: Log("case_events"))
    assignments: Log = field(default_factory=lambda: Log("assignments table"))
    rows: dict[str, list[StoredRows]] = field(default_factory=dict)
    """Topic to the whole rows of a sample of its records, one entry a table."""

    def add_deletion(self, post: int, ver: int, at: int) -> None:
        """Takes one row of a deletion."""
        self.deletions[post] = max(self.deletions.get(post, (-1, -1)), (ver, at))


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
    mentions: MentionLog
    events: EventLog
    assignments: AssignmentLog
    teams: list[AssignmentLog]
    current: dict[int, CurrentCase]
    """Case to its latest value."""
    current_log: Log
    """Only the offsets, unreadable records and times of `cases.current`."""
    store: Store

    def logs(self) -> Iterator[Log]:
        """Every topic that was read."""
        yield from (self.raw, self.scored, self.actionable, self.mentions, self.events, self.assignments)
        yield from (*self.teams, self.current_log)
