"""Every topic as data: what the CLI creates, what stages read and write, what the exported contract lists.

P partitions scale with posts, R with routing (24 and 8 on a cluster, 4 and 2 locally), fixed for a cluster's
life: keys would move otherwise.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from schemas.cases.case import Assignment, CaseCurrent, CaseEvent
from schemas.cases.journal import JournalEntry
from schemas.dead_letter import dead_letters_of
from schemas.people.rep import RepEvent
from schemas.policy.policy import Policy
from schemas.posts.mention import Mention
from schemas.posts.raw import RawPost
from schemas.posts.scored import ScoredPost

DAY_MS = 86_400_000
MAX_MESSAGE_BYTES = 1_048_576
"""Largest record of ordinary topics; dead letters get twice that, for the same value plus headers."""
COMPACTED = {
    "segment.bytes": str(64 * 2**20),
    "min.cleanable.dirty.ratio": "0.1",
    "max.compaction.lag.ms": str(DAY_MS),
}
"""Small segments and early compaction, so that a restore reads little more than the live keys."""

Partitions = Literal["P", "R", 1]
Cleanup = Literal["delete", "compact"]


@dataclass(frozen=True)
class Topic:
    """One topic of the contract."""

    name: str
    key: str
    about: str
    model: type[BaseModel] | None
    partitions: Partitions
    cleanup: Cleanup
    retention_days: int | None
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    plain_text: bool = False
    dead_letters: bool = False
    max_message_bytes: int = MAX_MESSAGE_BYTES
    tombstone: str | None = None
    """What a record without a value means; None where there are none."""

    @property
    def outward(self) -> bool:
        """Whether other systems read it, whose clients may know no compression but gzip (kafkajs): the broker
        then writes gzip, whatever a producer sends (`deploy/decisions`, "Outward topics")."""
        return "desktops" in self.consumers

    @property
    def config(self) -> dict[str, str]:
        """Topic-level broker settings."""
        settings = {
            "cleanup.policy": self.cleanup,
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(self.max_message_bytes),
        }
        if self.outward:
            settings["compression.type"] = "gzip"
        if self.cleanup == "compact":
            settings |= COMPACTED
        elif self.retention_days is not None:
            settings["retention.ms"] = str(self.retention_days * DAY_MS)
        return settings

    def partition_count(self, p: int, r: int) -> int:
        """Partitions on a cluster that has `p` post and `r` routing partitions."""
        return {"P": p, "R": r}.get(str(self.partitions), 1)

    @property
    def dlq(self) -> "Topic":
        """Where rejected records of this topic are kept, byte for byte."""
        return Topic(
            name=dead_letters_of(self.name),
            key="as source",
            about=f"records of {self.name} that a stage gave up, original bytes, reason in headers",
            model=None,
            partitions=1,
            cleanup="delete",
            retention_days=self.retention_days or 14,
            producers=tuple(party for party in self.consumers if party != "desktops"),
            consumers=("operators",),
            plain_text=self.plain_text,
            max_message_bytes=2 * MAX_MESSAGE_BYTES,
        )


RAW = Topic("posts.raw", "workspace/author_id", "messages as received, the only plain text", RawPost,
            "P", "delete", 3, ("ingest",), ("enrich",), plain_text=True, dead_letters=True)  # fmt: skip
SCORED = Topic("posts.scored", "workspace/author_id", "every post with its signals and triage", ScoredPost,
               "P", "delete", 14, ("enrich",), ("sink",), dead_letters=True)  # fmt: skip
ACTIONABLE = Topic("posts.actionable", "workspace", "posts to act on, and context for cases", ScoredPost,
                   "R", "delete", 14, ("enrich",), ("route",), dead_letters=True)  # fmt: skip
MENTIONS = Topic("mentions", "workspace/topic", "which listening topics each post concerns, no words", Mention,
                 "P", "delete", 3, ("enrich",), ("operators",))  # fmt: skip
POLICIES = Topic("policies", "workspace", "the policy of each workspace", Policy,
                 1, "compact", None, ("operators",), ("enrich", "route"),
                 tombstone="the workspace has no policy any more")  # fmt: skip
REPS = Topic("reps.events", "workspace", "what reps do, sent by desktops", RepEvent,
             "R", "delete", 14, ("desktops", "operators"), ("route",), dead_letters=True)  # fmt: skip
ASSIGNMENTS = Topic("assignments", "case_id", "offers and assignments for desktops", Assignment,
                    "R", "delete", 14, ("route",), ("sink", "desktops"), dead_letters=True)  # fmt: skip
CASE_EVENTS = Topic("cases.events", "case_id", "each step of each case", CaseEvent,
                    "R", "delete", 30, ("route",), ("sink", "desktops"), dead_letters=True)  # fmt: skip
CASES = Topic("cases.current", "case_id", "state of each open case", CaseCurrent,
              "R", "compact", None, ("route",), ("desktops",), tombstone="the case is closed")  # fmt: skip
JOURNAL = Topic("route.journal", "-", "one record a router transaction", JournalEntry,
                "R", "delete", 14, ("route",), ("operators",))  # fmt: skip
ROUTE_STATE = Topic("route.state", "entity", "changelog of the router, by input partition", None,
                    "R", "compact", None, ("route",), ("route",), tombstone="the entity has ended")  # fmt: skip

TOPICS: tuple[Topic, ...] = (
    RAW, SCORED, ACTIONABLE, MENTIONS, POLICIES, REPS, ASSIGNMENTS, CASE_EVENTS, CASES, JOURNAL, ROUTE_STATE,
)  # fmt: skip

REPLAYS = Topic("dlq.replays", "topic/partition/offset of the letter", "dead letters that were sent back, no text",
                None, 1, "delete", 30, ("operators",), ("operators",))  # fmt: skip
"""Beside the flow: no stage has it. Kept as long as the dead letters that are kept longest."""


def all_topics() -> Iterator[Topic]:
    """Every topic, each followed by its dead-letter topic where it has one, and the receipts of replays."""
    for topic in TOPICS:
        yield topic
        if topic.dead_letters:
            yield topic.dlq
    yield REPLAYS


def team_topic(workspace: str, team: str) -> Topic:
    """`assignments.<workspace>.<team>`: the same records for one team, created before a policy takes effect."""
    return Topic(f"{ASSIGNMENTS.name}.{workspace}.{team}", "case_id", f"assignments of team {team} of {workspace}",
                 Assignment, "R", "delete", 14, ("route",), ("desktops",))  # fmt: skip


def post_key(workspace: str, author_id: str) -> bytes:
    """Record key of topics that are keyed by author."""
    return f"{workspace}/{author_id}".encode()
