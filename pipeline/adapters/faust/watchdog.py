"""Watches from outside Faust whether a group still makes progress.

A worker may stay alive and fetch nothing more (issues 175, 523 and 532 of faust-streaming/faust), or its commits
may be blocked after a recovery (issue 596), while its own metrics are still served.

A client of its own, which never joins the group, asks the brokers for the group's committed offsets and the
ends of the partitions. It reports the lag of each partition, and calls when commits stand still while records
wait.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaException, TopicPartition

from pipeline.adapters.kafka.committed import committed_offsets
from pipeline.adapters.kafka.config import consumer_config
from pipeline.adapters.kafka.lag import holds_record
from pipeline.settings import KafkaSettings

INTERVAL_S = 2.0
REQUEST_TIMEOUT_S = 10.0

Place = tuple[str, int]
"""Topic and number of a partition."""


@dataclass(frozen=True)
class Standing:
    """The committed offset and the end of one partition."""

    committed: int
    end: int

    @property
    def lag(self) -> int:
        """The number of records that the group has not committed."""
        return max(0, self.end - self.committed)


@dataclass
class ProgressJudge:
    """Decides whether a partition is stuck: records wait, and its commit has not moved for `patience_s`."""

    patience_s: float
    _since: dict[Place, tuple[int, float]] = field(default_factory=dict)

    def stuck(self, standings: Mapping[Place, Standing], now_s: float) -> list[Place]:
        """Returns those partitions of this worker that are stuck.

        Args:
            standings: place to where it stands. A partition that is missing here is forgotten.
            now_s: seconds of a clock that never goes back.
        """
        before = self._since
        self._since = {}
        for place, standing in standings.items():
            committed, _ = before.get(place, (None, now_s))
            waits = standing.lag > 0 and committed == standing.committed
            self._since[place] = before[place] if waits else (standing.committed, now_s)
        return sorted(place for place, (_, since_s) in self._since.items() if now_s - since_s >= self.patience_s)


class LagWatchdog:
    """A thread that watches what one worker of a group owns.

    Args:
        kafka: resolved settings of the cluster.
        group_id: the group to watch.
        owned: returns the partitions that this worker owns now, of every topic that the group commits.
        on_standings: called every few seconds with where each owned partition stands.
        on_stuck: called with the stuck partitions, and expected to end the process.
        patience_s: longest time that a commit may stand while records wait.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        group_id: str,
        *,
        owned: Callable[[], set[Place]],
        on_standings: Callable[[Mapping[Place, Standing]], None],
        on_stuck: Callable[[list[Place]], None],
        patience_s: float,
    ) -> None:
        self._owned = owned
        self._on_standings = on_standings
        self._on_stuck = on_stuck
        self._judge = ProgressJudge(patience_s)
        # A client that never subscribes may ask for a group's offsets without becoming a member.
        self._consumer = Consumer(consumer_config(kafka, group_id))
        self._asked: dict[Place, Standing] = {}
        self._only_markers: dict[Place, Standing] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lag-watchdog", daemon=True)

    def start(self) -> None:
        """Begins to watch."""
        self._thread.start()

    def close(self) -> None:
        """Stops watching."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(2 * REQUEST_TIMEOUT_S)
        self._consumer.close()

    def _run(self) -> None:
        while not self._stopping.wait(INTERVAL_S):
            try:
                standings = self._ask(self._owned())
            except KafkaException:
                # No answer says nothing about progress. Brokers that cannot be reached end the worker by its
                # deliveries.
                continue
            self._on_standings(standings)
            stuck = self._judge.stuck(standings, time.monotonic())
            if stuck:
                self._on_stuck(stuck)

    def _ask(self, owned: set[Place]) -> dict[Place, Standing]:
        partitions = [TopicPartition(topic, number) for topic, number in sorted(owned)]
        if not partitions:
            return {}
        standings = {}
        for partition in committed_offsets(self._consumer, partitions, REQUEST_TIMEOUT_S):
            place = partition.topic, partition.partition
            low, end = self._consumer.get_watermark_offsets(partition, timeout=REQUEST_TIMEOUT_S)
            committed = low if partition.offset == OFFSET_INVALID else max(low, partition.offset)
            standings[place] = self._without_markers(place, Standing(committed, end))
        return standings

    def _without_markers(self, place: Place, standing: Standing) -> Standing:
        """Takes the lag away when nothing but transaction markers lies behind the commit.

        A commit never moves past markers by itself, so the partition would look stuck for ever. Only a
        partition at rest is looked into, and once, because while records flow their commits carry the markers
        along.
        """
        at_rest = self._asked.get(place) == standing
        self._asked[place] = standing
        if standing.lag and at_rest and self._only_markers.get(place) != standing:
            first = TopicPartition(*place, standing.committed)
            if holds_record(self._consumer, first) is False:
                self._only_markers[place] = standing
        return Standing(standing.end, standing.end) if self._only_markers.get(place) == standing else standing
