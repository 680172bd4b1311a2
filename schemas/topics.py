"""Every topic as data: what the CLI creates, what stages read and write, what the exported contract lists.

P partitions scale with posts and R with routing (24 and 8 on a cluster, 4 and 2 locally). Both are fixed for the
life of a cluster, because otherwise keys would move to other partitions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from schemas.cases.case import Assignment, CaseCurrent, CaseEvent
from schemas.cases.gauges import RouteGauge
from schemas.cases.journal import JournalEntry
from schemas.cases.steps import RouteSignal
from schemas.dead_letter import dead_letters_of
from schemas.people.customer import CustomerLink
from schemas.people.rep import RepEvent
from schemas.policy.policy import Policy
from schemas.posts.engagement import Engagement
from schemas.posts.feedback import Feedback
from schemas.posts.mention import Mention
from schemas.posts.raw import RawPost
from schemas.posts.scored import ScoredPost

DAY_MS = 86_400_000
MAX_MESSAGE_BYTES = 1_048_576
"""A record of an ordinary topic has at most so many bytes. Dead letters may have twice that, because they add
headers to the same value."""
COMPACTED = {
    "segment.bytes": str(64 * 2**20),
    "min.cleanable.dirty.ratio": "0.1",
    "max.compaction.lag.ms": str(DAY_MS),
}
"""Small segments and early compaction keep a compacted topic short, so that a restore reads little more than the
live keys."""

Partitions = Literal["P", "R", 1]
Cleanup = Literal["delete", "compact"]


@dataclass(frozen=True)
class Topic:
    """One topic of the contract.

    `key` describes the key of its records, `about` what they are, in words that are exported. `partitions` is P, R
    or 1 (see above), and `retention_days` is None for a topic that is compacted. `plain_text` is true when its
    records hold personal data unmasked.
    """

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
    """What a record without a value means; None when the topic has none."""

    @property
    def outward(self) -> bool:
        """Whether other systems read the topic.

        Their clients may know no compression but gzip (kafkajs does not), so that the broker writes gzip on such a
        topic, whatever a producer sends (`deploy/decisions`, "Outward topics").
        """
        return "desktops" in self.consumers

    @property
    def config(self) -> dict[str, str]:
        """Returns the settings of the topic at the broker."""
        settings = {
            "cleanup.policy": self.cleanup,
            # The broker's time on every record: producers' clocks may be wrong, and merging inputs goes by time.
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
        """Returns the number of partitions on a cluster that has `p` for posts and `r` for routing."""
        return {"P": p, "R": r}.get(str(self.partitions), 1)

    @property
    def dlq(self) -> "Topic":
        """Returns the topic where rejected records of this one are kept, byte for byte."""
        return Topic(
            name=dead_letters_of(self.name),
            key="as source",
            about=f"records of {self.name} that a stage gave up: the original bytes, with the reason in headers",
            model=None,
            # One partition, because letters are few and an operator reads them in the order in which they came.
            partitions=1,
            cleanup="delete",
            retention_days=self.retention_days or 14,
            # Whoever consumes the topic gives its records up, except for desktops, which are not ours.
            producers=tuple(party for party in self.consumers if party != "desktops"),
            consumers=("operators",),
            plain_text=self.plain_text,
            max_message_bytes=2 * MAX_MESSAGE_BYTES,
        )


# Three days and no more, because no other topic holds plain text.
RAW = Topic("posts.raw", "workspace/author_id", "posts as they were received, the only plain text", RawPost,
            "P", "delete", 3, ("ingest",), ("enrich",), plain_text=True, dead_letters=True)  # fmt: skip
# Keyed by whom it happened to, so that an author's row, and posts of the author, are in partitions of one number.
ENGAGEMENTS = Topic("engagements", "workspace/author_id", "reactions to posts, and news of posts", Engagement,
                    "P", "delete", 3, ("ingest", "enrich"), ("enrich",),
                    dead_letters=True)  # fmt: skip
SCORED = Topic("posts.scored", "workspace/author_id", "every post with its signals and its triage", ScoredPost,
               "P", "delete", 14, ("enrich",), ("sink",), dead_letters=True)  # fmt: skip
ACTIONABLE = Topic("posts.actionable", "workspace", "posts to act on, and posts that belong to cases", ScoredPost,
                   "R", "delete", 14, ("enrich",), ("route",), dead_letters=True)  # fmt: skip
MENTIONS = Topic("mentions", "workspace/topic", "which listening topics each post concerns", Mention,
                 "P", "delete", 3, ("enrich",), ("operators",))  # fmt: skip
# Each worker of enrich reads the links of its partitions whole, as it does the policies, so no group commits them.
CUSTOMERS = Topic("customers", "workspace/author_id", "which customer stands behind a handle", CustomerLink,
                  "P", "compact", None, ("operators",), ("enrich",),
                  tombstone="the handle is linked to nobody any more")  # fmt: skip
# Who corrects what is an employee's data, so it is kept no longer than training needs it.
FEEDBACK = Topic("feedback", "workspace/post_id", "corrections of labels and of triage by reps", Feedback,
                 "P", "delete", 90, ("desktops", "operators"), ("operators",))  # fmt: skip
# One partition: all workers read the topic whole, and there is one small record for each workspace.
POLICIES = Topic("policies", "workspace", "the policy of each workspace", Policy,
                 1, "compact", None, ("operators",), ("enrich", "route"),
                 tombstone="the workspace has no policy any more")  # fmt: skip
REPS = Topic("reps.events", "workspace", "what reps do, as desktops send it", RepEvent,
             "R", "delete", 14, ("desktops", "operators"), ("route",), dead_letters=True)  # fmt: skip
SIGNALS = Topic("route.signals", "workspace", "steps of reach, mood and customer value of posts and authors",
                RouteSignal, "R", "delete", 3, ("operators",), ("route",), dead_letters=True)  # fmt: skip
ASSIGNMENTS = Topic("assignments", "case_id", "each step of each offer, for desktops", Assignment,
                    "R", "delete", 14, ("route",), ("sink", "desktops"), dead_letters=True)  # fmt: skip
CASE_EVENTS = Topic("cases.events", "case_id", "each step of each case", CaseEvent,
                    "R", "delete", 30, ("route",), ("sink", "desktops"), dead_letters=True)  # fmt: skip
CASES = Topic("cases.current", "case_id", "the state of each open case", CaseCurrent,
              "R", "compact", None, ("route",), ("desktops",), tombstone="the case is closed")  # fmt: skip
JOURNAL = Topic("route.journal", "-", "one record for each transaction of the router", JournalEntry,
                "R", "delete", 14, ("route",), ("operators",))  # fmt: skip
POLICY_LOG = Topic("policies.log", "workspace", "each policy that was ever in force, as it was published", Policy,
                   1, "delete", 400, ("route",), ("operators",))  # fmt: skip
# Rep ids stand beside figures only here, so that who may read it and for how long is settled for this topic.
GAUGES = Topic("route.gauges", "workspace", "how queues stand each minute, and when reps come and go", RouteGauge,
               "R", "delete", 14, ("route",), ("sink",), dead_letters=True)  # fmt: skip
INFLUENCE_STATE = Topic("influence.state", "workspace/author_id", "changelog of the rows of authors", None,
                        "P", "compact", None, ("enrich",), ("enrich",),
                        tombstone="nothing is remembered of the author")  # fmt: skip
ROUTE_STATE = Topic("route.state", "entity", "changelog of the router's state, by partition", None,
                    "R", "compact", None, ("route",), ("route",), tombstone="the entity has ended")  # fmt: skip

TOPICS: tuple[Topic, ...] = (
    RAW, ENGAGEMENTS, CUSTOMERS, SCORED, ACTIONABLE, MENTIONS, FEEDBACK, POLICIES, SIGNALS, REPS, ASSIGNMENTS,
    CASE_EVENTS, CASES, JOURNAL, POLICY_LOG, GAUGES, INFLUENCE_STATE, ROUTE_STATE,
)  # fmt: skip

REPLAYS = Topic("dlq.replays", "topic/partition/offset of the letter", "receipts of letters that were sent back",
                None, 1, "delete", 30, ("operators",), ("operators",))  # fmt: skip
"""It lies beside the flow and belongs to no stage. It is kept as long as the dead letters that are kept
longest."""

SNAPSHOTS = Topic("route.snapshots", "entity", "the router's state after a transaction, written at once", None,
                  "R", "delete", 14, ("operators",), ("operators",))  # fmt: skip
"""It lies beside the flow like the receipts. `earshot snapshot` writes it, and `earshot replay` reads it."""


def all_topics() -> Iterator[Topic]:
    """Yields every topic, each followed by its dead-letter topic if it has one, and last those beside the flow."""
    for topic in TOPICS:
        yield topic
        if topic.dead_letters:
            yield topic.dlq
    yield REPLAYS
    yield SNAPSHOTS


def team_topic(workspace: str, team: str) -> Topic:
    """Returns `assignments.<workspace>.<team>`, which has the records of one team.

    It must be created before the policy with that team takes effect.
    """
    return Topic(f"{ASSIGNMENTS.name}.{workspace}.{team}", "case_id", f"assignments of team {team} of {workspace}",
                 Assignment, "R", "delete", 14, ("route",), ("desktops",))  # fmt: skip


def post_key(workspace: str, author_id: str) -> bytes:
    """Returns the record key of topics that are keyed by author."""
    return f"{workspace}/{author_id}".encode()
