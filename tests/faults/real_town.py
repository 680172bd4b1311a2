"""The people of the simulated days, who live with a real broker here, in a thread of their own."""

import sched
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from random import Random

from confluent_kafka import Consumer, Producer, TopicPartition

from pipeline.adapters.kafka.config import consumer_config, producer_config
from pipeline.settings import KafkaSettings
from schemas.topics import ASSIGNMENTS
from tests.simulation.desk import Desk, Hours
from tests.simulation.history import decoded

HOURS = Hours(posts=0, work_s=float("inf"))
POLL_S = 0.02
FIRST_POST_S = 3.0
"""Reps sign in before."""


class RealTown(threading.Thread):
    """Customers post and reps answer until the town ends.

    Args:
        kafka: resolved.
        seed: of all that people do. When they do it, the machine decides too.
        workspaces: each has a desk.
        posts_per_s: so many posts come to each workspace in a second.
    """

    def __init__(self, kafka: KafkaSettings, seed: str, workspaces: Sequence[str], posts_per_s: float) -> None:
        super().__init__(daemon=True)
        self._kafka, self._posts_per_s = kafka, posts_per_s
        self._chance = Random(f"{seed}/posts")
        self._began_s = time.monotonic()
        self._times = sched.scheduler(time.monotonic, time.sleep)
        self._producer = Producer(producer_config(kafka))
        self._posting, self._ending = True, threading.Event()
        self._failure: BaseException | None = None
        self.heard = 0
        """How many committed assignments people have read."""
        self.desks = {name: Desk(self, Random(f"{seed}/{name}"), name, HOURS) for name in workspaces}
        for desk in self.desks.values():
            self.call_at(FIRST_POST_S, partial(self._post, desk))

    @property
    def now_s(self) -> float:
        return time.monotonic() - self._began_s

    def clock_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def call_at(self, at_s: float, action: Callable[[], object]) -> None:
        self._times.enterabs(self._began_s + at_s, 0, action)

    def append(self, topic: str, workspace: str, body: bytes) -> None:
        # Its producer keeps the order of a workspace's records, also while no broker answers.
        self._producer.produce(topic, body, workspace.encode())

    def stop_posts(self) -> None:
        """Lets reps finish what there is."""
        self._posting = False

    def end(self) -> None:
        """Lets everybody go home, and returns when the brokers have all that they wrote."""
        self._ending.set()
        self.join()
        assert self._producer.flush(60) == 0
        if self._failure is not None:
            raise self._failure

    def last_posts(self) -> None:
        """Lets one more customer of each workspace post, after the end."""
        for desk in self.desks.values():
            desk.post()
        assert self._producer.flush(60) == 0

    def run(self) -> None:
        """Lives until `end`."""
        try:
            consumer = Consumer(consumer_config(self._kafka, "people"))
            count = len(consumer.list_topics(ASSIGNMENTS.name, timeout=20).topics[ASSIGNMENTS.name].partitions)
            consumer.assign([TopicPartition(ASSIGNMENTS.name, number, 0) for number in range(count)])
            while not self._ending.is_set():
                self._times.run(blocking=False)
                self._producer.poll(0)
                for message in consumer.consume(500, POLL_S):
                    # An error here is a broker that is away, or the end of a partition.
                    if message.error() is None:
                        said = decoded(message.value())
                        self.desks[said["workspace"]].hear(said)
                        self.heard += 1
            consumer.close()
        except BaseException as failure:
            self._failure = failure

    def _post(self, desk: Desk) -> None:
        if self._posting:
            desk.post()
            self.call_at(self.now_s + self._chance.expovariate(self._posts_per_s), partial(self._post, desk))
