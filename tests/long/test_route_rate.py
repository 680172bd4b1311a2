"""Two inputs of a thousand records a second each, with ten time-outs a second: how long a decision takes.

A decision takes from the append time of the record that causes it to the append time of the first record that it
leads to. Both are the broker's times.
"""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import cycle
from pathlib import Path

import orjson
import psutil
import pytest
from confluent_kafka import Consumer

from pipeline.adapters.kafka.admin import ensure_topics
from pipeline.adapters.kafka.config import consumer_config
from pipeline.adapters.kafka.reader import read_topic
from pipeline.clock import SystemClock
from pipeline.local.stack import down, up
from pipeline.settings import KafkaSettings
from schemas.people.rep import AnyRepEvent
from schemas.policy.queues import Queue
from schemas.topics import ACTIONABLE, ASSIGNMENTS, CASE_EVENTS, REPS, all_topics
from tests.builders import accept, policy, presence, resolve, scored, signed_in
from tests.faults.route_lab import RouteLab

pytestmark = pytest.mark.integration
RATE, SECONDS, WARM_UP_S, STEP_S = 1000, 60, 15, 0.01
ANSWERING, SILENT, OFFER_S = 30, 50, 5
"""Each of the silent reps lets one offer in 5 s end, which makes ten time-outs a second."""
P99_MS = 250


@pytest.fixture
def kafka_alone(tmp_path: Path) -> Iterator[KafkaSettings]:
    """A broker of its own, so that no other test's cases are routed meanwhile."""
    try:
        kafka = KafkaSettings(bootstrap_servers=up(tmp_path / "stack", brokers=1).kafka_bootstrap)
        ensure_topics(kafka, all_topics())
        yield kafka
    finally:
        down(tmp_path / "stack", wipe=True, grace_s=0)


class Desks(threading.Thread):
    """Reads the offers and puts the answers of the reps who answer into `answers`."""

    def __init__(self, kafka: KafkaSettings) -> None:
        super().__init__(daemon=True)
        self.answers: deque[AnyRepEvent] = deque()
        self.ending = threading.Event()
        self._consumer = Consumer(consumer_config(kafka, "desks"))
        self._consumer.subscribe([ASSIGNMENTS.name])

    def run(self) -> None:
        number = 0
        while not self.ending.is_set():
            for message in self._consumer.consume(500, 0.02):
                if message.error() is not None:
                    continue
                offer = orjson.loads(message.value())
                if offer["state"] in ("offered", "assigned") and offer["rep_id"].startswith("d"):
                    number += 1
                    make: Callable[..., AnyRepEvent] = accept if offer["state"] == "offered" else resolve
                    named = offer["case_id"], offer["attempt"], offer["rep_id"]
                    self.answers.append(make(*named, event_id=f"answer-{number}"))
        self._consumer.close()


def feed(lab: RouteLab, desks: Desks) -> float:
    """Sends both inputs for `SECONDS` and returns the rate of each that was reached."""
    here, seq = {"workspace": lab.workspace}, 1
    reps = cycle([f"s{n}" for n in range(SILENT)] + [f"d{n}" for n in range(ANSWERING)])
    began_s, sent = time.monotonic(), 0
    while (passed_s := time.monotonic() - began_s) < SECONDS:
        for _ in range(min(round(passed_s * RATE) - sent, RATE // 10)):
            event = desks.answers.popleft() if desks.answers else presence(next(reps), seq=(seq := seq + 1))
            lab.hand_over(scored(f"p{sent}", f"a{sent}", workspace=lab.workspace), event.model_copy(update=here))
            sent += 1
        time.sleep(STEP_S)
    rate = sent / (time.monotonic() - began_s)
    lab.send()
    return rate


def latencies_ms(kafka: KafkaSettings, since_ms: int) -> list[int]:
    """Returns the time of each decision on a record that was appended after `since_ms`, sorted."""
    first: dict[tuple[str, int, int], int] = {}
    for topic in (ASSIGNMENTS, CASE_EVENTS):
        for record in read_topic(kafka, topic.name):
            cause: Mapping[str, int] | None = orjson.loads(record.value()).get("cause")
            if cause is not None:
                place = str(cause["topic"]), cause["partition"], cause["offset"]
                first[place] = min(record.timestamp()[1], first.get(place, 2**63))
    found = []
    for topic in (ACTIONABLE, REPS):
        for record in read_topic(kafka, topic.name):
            told_ms = first.get((topic.name, record.partition(), record.offset()))
            if told_ms is not None and record.timestamp()[1] >= since_ms:
                found.append(told_ms - record.timestamp()[1])
    return sorted(found)


@pytest.mark.timeout(600)
def test_decisions_keep_up_with_two_busy_inputs_and_ten_time_outs_a_second(
    kafka_alone: KafkaSettings, tmp_path: Path
) -> None:
    lab, desks = RouteLab(kafka_alone, tmp_path), Desks(kafka_alone)
    try:
        queues = (Queue(name="care", team="care", offer_timeout_s=OFFER_S),)
        lab.apply(policy(workspace=lab.workspace, queues=queues))
        life = lab.start()
        here = {"workspace": lab.workspace}
        lab.send(*(signed_in(f"d{n}", capacity=3).model_copy(update=here) for n in range(ANSWERING)))
        lab.send(*(signed_in(f"s{n}", capacity=1).model_copy(update=here) for n in range(SILENT)))
        desks.start()
        since_ms = int(SystemClock().now().timestamp() * 1000) + WARM_UP_S * 1000
        load = psutil.getloadavg()[0]
        rate = feed(lab, desks)
        process = psutil.Process(life.process.pid).cpu_times()
        time.sleep(5)
    finally:
        desks.ending.set()
        desks.join()
        lab.close()
    times = latencies_ms(kafka_alone, since_ms)
    ended = len(lab.events(lab.workspace, "timed_out")) / SECONDS
    middle, late = times[len(times) // 2], times[len(times) * 99 // 100]
    sys.stdout.write(
        f"{rate:.0f} records/s of each input, {ended:.1f} time-outs/s, {len(times)} decisions, p50 {middle} ms, "
        f"p99 {late} ms, most {times[-1]} ms, {process.user + process.system:.0f} s of CPU, load {load:.1f}\n"
    )
    assert late <= P99_MS
