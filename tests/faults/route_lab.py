"""Runs one real router as a process, feeds it posts and reps, and reads back what it said and when."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import Producer

from pipeline.adapters.kafka.config import producer_config
from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.adapters.kafka.reader import read_topic
from pipeline.codec import encode
from pipeline.local.processes import free_ports
from pipeline.settings import KafkaSettings
from schemas.dead_letter import decode_headers
from schemas.people.rep import AnyRepEvent
from schemas.policy.policy import Policy
from schemas.posts.scored import ScoredPost
from schemas.topics import ACTIONABLE, ASSIGNMENTS, CASE_EVENTS, JOURNAL, REPS
from tests.faults.rolling_lab import Life
from tests.pipeline_lab import ROOT


class Told(NamedTuple):
    """Holds a record that the broker has, with the time at which it was appended."""

    append_ms: int
    partition: int
    offset: int
    value: dict[str, Any]


class RouteLab:
    """Holds two workspaces of one partition number and a router with a name of its own.

    Args:
        kafka: resolved; every topic of the contract exists.
        folder: for logs and policies.
    """

    def __init__(self, kafka: KafkaSettings, folder: Path) -> None:
        self._kafka, self._folder = kafka, folder
        run = uuid.uuid4().hex[:8]
        names = (f"route-{run}-{number}" for number in range(99))
        here = (name for name in names if partition_of(name.encode(), kafka.route_partitions) == 0)
        self.workspace, self.neighbour = next(here), next(here)
        self.environment = os.environ | {
            "EARSHOT_CLOCK": "processing",
            "EARSHOT_KAFKA__BOOTSTRAP_SERVERS": str(kafka.bootstrap_servers),
            "EARSHOT_KAFKA__INSTANCE_ID": f"route-{run}",
            "EARSHOT_OPERATE__LOG_FORMAT": "json",
            "EARSHOT_STATE_DIR": str(folder / "state"),
        }
        self._producer = Producer(producer_config(kafka))
        self._lives: list[Life] = []

    def start(self, **environment: str) -> Life:
        """Starts a router and returns when it has restored its state."""
        (port,) = free_ports(1)
        environment = self.environment | {"EARSHOT_OPERATE__HTTP_PORT": str(port)} | environment
        log = self._folder / f"route-{len(self._lives)}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "pipeline.cli", "run", "route"], stdout=file, stderr=file, cwd=ROOT,
                env=environment, start_new_session=True,
            )  # fmt: skip
        life = Life(process, port, log)
        self._lives.append(life)
        self.wait(life.ready, "the router is ready")
        return life

    def kill(self) -> None:
        """Ends the router with SIGKILL."""
        self._lives[-1].process.kill()
        self._lives[-1].process.wait()

    def apply(self, policy: Policy) -> None:
        """Puts a policy in force with the command that an operator types."""
        path = self._folder / f"policy-{policy.workspace}.yaml"
        path.write_text(policy.model_dump_json(exclude_none=True), encoding="utf-8")
        command = [sys.executable, "-m", "pipeline.cli", "policy", "apply", str(path)]
        done = subprocess.run(command, env=self.environment, capture_output=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr.decode()[-2000:]

    def send(self, *messages: ScoredPost | AnyRepEvent) -> None:
        """Sends posts and what reps do, and returns when the broker has them."""
        self.hand_over(*messages)
        assert self._producer.flush(60) == 0

    def hand_over(self, *messages: ScoredPost | AnyRepEvent) -> None:
        """Sends posts and what reps do, without waiting."""
        for message in messages:
            topic = ACTIONABLE if isinstance(message, ScoredPost) else REPS
            self._producer.produce(topic.name, encode(message), message.workspace.encode())
        self._producer.poll(0)

    def put(self, topic: str, key: bytes, value: bytes) -> None:
        """Sends one record as it is."""
        self._producer.produce(topic, value, key)
        assert self._producer.flush(60) == 0

    def told(self, topic: str, workspace: str) -> list[Told]:
        """Returns the committed records of a workspace, in the order in which they came."""
        found = (
            Told(record.timestamp()[1], record.partition(), record.offset(), json.loads(record.value()))
            for record in read_topic(self._kafka, topic)
        )
        mine = (record for record in found if record.value.get("workspace") == workspace)
        return sorted(mine, key=lambda record: record.append_ms)

    def events(self, workspace: str, *types: str) -> list[dict[str, Any]]:
        """Returns the events of these types."""
        return [told.value for told in self.told(CASE_EVENTS.name, workspace) if told.value["type"] in types]

    def offers(self, workspace: str) -> list[Told]:
        """Returns every offer as it was first published."""
        return [told for told in self.told(ASSIGNMENTS.name, workspace) if told.value["state"] == "offered"]

    def journal(self, partition: int = 0) -> list[Told]:
        """Returns the journal of a partition number."""
        return [
            Told(record.timestamp()[1], partition, record.offset(), json.loads(record.value()))
            for record in read_topic(self._kafka, JOURNAL.name)
            if record.partition() == partition
        ]

    def dead_letters(self, workspace: str) -> list[tuple[str, str]]:
        """Returns code and detail of each record of the workspace that was given up."""
        found = []
        for topic in (ACTIONABLE, REPS):
            for letter in read_topic(self._kafka, topic.dlq.name):
                if letter.key() == workspace.encode():
                    why = decode_headers(letter.headers())
                    found.append((why.code, why.detail))
        return found

    def wait(self, reached: Callable[[], bool], what: str, timeout_s: float = 60) -> None:
        """Polls until `reached()` is true, while the router lives."""
        deadline = time.monotonic() + timeout_s
        while not reached():
            life = self._lives[-1]
            assert life.process.poll() is None, life.log.read_text()[-2000:]
            assert time.monotonic() < deadline, f"not reached in {timeout_s} s: {what}"
            time.sleep(0.2)

    def close(self) -> None:
        """Ends every router of this lab."""
        for life in self._lives:
            life.process.kill()
            life.process.wait()
