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
    _since: dict[int, tuple[int, float]] = field(default_factory=dict)

    def stuck(self, standings: Mapping[int, Standing], now_s: float) -> list[int]:
        """Returns those partitions of this worker that are stuck.

        Args:
            standings: partition to where it stands. A partition that is missing here is forgotten.
            now_s: seconds of a clock that never goes back.
        """
        before = self._since
        self._since = {}
        for partition, standing in standings.items():
            committed, _ = before.get(partition, (None, now_s))
            waits = standing.lag > 0 and committed == standing.committed
            self._since[partition] = before[partition] if waits else (standing.committed, now_s)
        return sorted(
            partition for partition, (_, since_s) in self._since.items() if now_s - since_s >= self.patience_s
        )


class LagWatchdog:
    """A thread that watches one topic of one group.

    Args:
        kafka: resolved settings of the cluster.
        group_id: the group to watch.
        topic: the topic that the group reads.
        owned: returns the partitions that this worker owns now.
        on_standings: called every few seconds with where each owned partition stands.
        on_stuck: called with the stuck partitions, and expected to end the process.
        patience_s: longest time that a commit may stand while records wait.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        group_id: str,
        topic: str,
        *,
        owned: Callable[[], set[int]],
        on_standings: Callable[[Mapping[int, Standing]], None],
        on_stuck: Callable[[list[int]], None],
        patience_s: float,
    ) -> None:
        self._topic = topic
        self._owned = owned
        self._on_standings = on_standings
        self._on_stuck = on_stuck
        self._judge = ProgressJudge(patience_s)
        # A client that never subscribes may ask for a group's offsets without becoming a member.
        self._consumer = Consumer(consumer_config(kafka, group_id))
        self._asked: dict[int, Standing] = {}
        self._only_markers: dict[int, Standing] = {}
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

    def _ask(self, partitions: set[int]) -> dict[int, Standing]:
        places = [TopicPartition(self._topic, partition) for partition in sorted(partitions)]
        if not places:
            return {}
        standings = {}
        for place in committed_offsets(self._consumer, places, REQUEST_TIMEOUT_S):
            low, end = self._consumer.get_watermark_offsets(place, timeout=REQUEST_TIMEOUT_S)
            committed = low if place.offset == OFFSET_INVALID else max(low, place.offset)
            standings[place.partition] = self._without_markers(place.partition, Standing(committed, end))
        return standings

    def _without_markers(self, partition: int, standing: Standing) -> Standing:
        """Takes the lag away when nothing but transaction markers lies behind the commit.

        A commit never moves past markers by itself, so the partition would look stuck for ever. Only a
        partition at rest is looked into, and once, because while records flow their commits carry the markers
        along.
        """
        at_rest = self._asked.get(partition) == standing
        self._asked[partition] = standing
        if standing.lag and at_rest and self._only_markers.get(partition) != standing:
            place = TopicPartition(self._topic, partition, standing.committed)
            if holds_record(self._consumer, place) is False:
                self._only_markers[partition] = standing
        return Standing(standing.end, standing.end) if self._only_markers.get(partition) == standing else standing
