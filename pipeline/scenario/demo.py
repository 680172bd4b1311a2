"""The demo: generated posts through the whole pipeline on the embedded stack, step by step.

Comes in: settings, how many posts. Goes out: a running or stopped stack with everything on its topics and in
ClickHouse, progress lines on the way. It drives the same commands that an operator types.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from confluent_kafka import Consumer, TopicPartition

from pipeline.adapters.group_lag import unread_of
from pipeline.adapters.kafka_config import consumer_config
from pipeline.adapters.topic_reader import TIMEOUT_S, partitions_of
from pipeline.app.desk import group_of
from pipeline.codec import encode
from pipeline.errors import Misconfigured, MustRestart
from pipeline.local import processes, stack
from pipeline.scenario.generate import generate
from pipeline.settings import KafkaSettings, Settings
from schemas.topics import ACTIONABLE, ASSIGNMENTS, CASE_EVENTS, RAW, REPS, SCORED

MARKER = "demo.json"
"""Marks a state folder whose data the next demo may remove."""
SHOWN = (RAW, SCORED, ACTIONABLE, CASE_EVENTS, ASSIGNMENTS, REPS)
GROUPS = {
    "earshot-enrich": (RAW.name,),
    "earshot-route": (ACTIONABLE.name, REPS.name),
    "earshot-sink": (SCORED.name, CASE_EVENTS.name, ASSIGNMENTS.name),
}
PROGRESS_S = 2.0
SETTLE_TIMEOUT_S = 120.0
STOP_GRACE_S = 40.0
"""The supervisor gives its workers 30 s."""
ROLES = ("run", "desk")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What the demo plays: `posts` posts over `hours` hours of event time, in about `wall_s` seconds."""

    posts: int = 3200
    hours: float = 10.0
    wall_s: float = 25.0
    seed: int = 0
    workspace: str = "acme"


class Demo:
    """One run of the demo.

    Args:
        settings: unresolved; the embedded stack is always used.
        plan: what to play.
        say: takes each progress line.
    """

    def __init__(self, settings: Settings, plan: Plan, say: Say) -> None:
        self.settings = settings
        self.plan = plan
        self._say = say
        self._started = time.monotonic()
        self._folder = settings.state_dir.resolve()

    def prepare(self) -> None:
        """A fresh stack in the state folder, with topics, tables and the demo's policy.

        Raises:
            Misconfigured: the folder holds a stack that no demo made.
        """
        folder = self._folder
        marker = folder / MARKER
        used = folder.exists() and any(folder.iterdir())
        if used and not marker.exists():
            raise Misconfigured(
                f"{self.settings.state_dir} holds data that no demo made: `earshot local down --wipe` "
                "and delete the folder, or set EARSHOT_STATE_DIR to another one"
            )
        if used:
            self.tell("removing what the last demo left")
            self.stop()
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        marker.write_text("{}\n")
        self.tell("starting Kafka and ClickHouse (the first time their parts are fetched)")
        stack.up(folder, report=self.tell)
        for words in (
            ["topics", "apply"],
            ["migrate"],
            ["policy", "apply", str(policy_path(self.plan.workspace))],
        ):
            self._run(words)
        self.tell("topics, tables and the policy are in place")

    def play(self) -> None:
        """Starts the stages and the desk, sends the posts, and waits until every hop has read everything."""
        posts = self._write_posts()
        self._start(["run", "all", "--logs", "files"])
        self._start(["desk", str(roster_path(self.plan.workspace))])
        speed = self.plan.hours * 3600 / self.plan.wall_s
        self.tell(
            f"sending {self.plan.posts} posts of {self.plan.hours:g} hours, {speed:,.0f} times as fast as life"
        )
        with (self._folder / "ingest.log").open("wb") as log:
            words = ["ingest", "jsonl", str(posts), "--speed", f"{speed:.0f}"]
            with subprocess.Popen(self._command(words), env=self._environment(), stdout=log, stderr=log) as sender:
                while sender.poll() is None:
                    self._progress()
        if sender.returncode != 0:
            raise MustRestart(
                f"ingest ended with exit code {sender.returncode}: see {self._folder / 'ingest.log'}"
            )
        self._settle()

    def audit(self) -> int:
        """Runs `earshot audit` over everything, its words to ours; returns its exit code."""
        return subprocess.run(self._command(["audit"]), env=self._environment(), check=False).returncode

    def stop(self) -> None:
        """Ends the stages, the desk and the stack, also those of an earlier demo; data stays."""
        running = [self._child(role) for role in ROLES]
        processes.stop([child for child in running if child is not None], STOP_GRACE_S)
        stack.down(self._folder)

    def tell(self, text: str) -> None:
        """A progress line with the time since the start."""
        self._say(f"[{time.monotonic() - self._started:5.1f} s] {text}")

    def _write_posts(self) -> Path:
        path = self._folder / "posts.jsonl"
        start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=self.plan.hours)
        made = generate(self.plan.seed, self.plan.posts, start, self.plan.hours, self.plan.workspace)
        path.write_bytes(b"".join(encode(post) + b"\n" for post in made))
        return path

    def _environment(self) -> dict[str, str]:
        return os.environ | {"EARSHOT_STATE_DIR": str(self._folder), "EARSHOT_CLOCK": "event"}

    def _command(self, words: list[str]) -> list[str]:
        # The interpreter ignores an unknown -X option: it marks the process as this folder's.
        return [sys.executable, "-X", self._mark(words[0]), "-m", "pipeline.cli", *words]

    def _mark(self, role: str) -> str:
        return f"earshot={self._folder / role}"

    def _child(self, role: str) -> psutil.Process | None:
        return processes.find(self._folder / f"{role}.pid", self._mark(role))

    def _run(self, words: list[str]) -> None:
        done = subprocess.run(
            self._command(words), env=self._environment(), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise Misconfigured(f"`earshot {' '.join(words)}` failed:\n{done.stderr}")

    def _start(self, words: list[str]) -> None:
        role = words[0]
        logs, pid = self._folder / "logs" / f"{role}.log", self._folder / f"{role}.pid"
        processes.spawn(self._command(words), logs, pid, self._environment())

    def _settle(self) -> None:
        deadline = time.monotonic() + SETTLE_TIMEOUT_S
        quiet = 0
        while quiet < 2:
            if time.monotonic() > deadline:
                raise MustRestart("the stages did not finish reading in time; see logs/ in the state folder")
            self._progress()
            quiet = 0 if self._unread() else quiet + 1

    def _unread(self) -> bool:
        from pipeline.app.endpoints import resolve

        kafka = resolve(self.settings).kafka
        groups = GROUPS | {group_of(self.plan.workspace): (ASSIGNMENTS.name,)}
        return any(unread_of(kafka, group, topics) for group, topics in groups.items())

    def _progress(self) -> None:
        from pipeline.app.endpoints import resolve

        time.sleep(PROGRESS_S)
        counts = end_counts(resolve(self.settings).kafka)
        self.tell("  ".join(f"{topic.name} {counts[topic.name]:,}" for topic in SHOWN))
        for role in ROLES:
            if self._child(role) is None:
                raise MustRestart(f"earshot {role} ended: see {self._folder / 'logs' / f'{role}.log'}")


def end_counts(kafka: KafkaSettings) -> dict[str, int]:
    """Topic to the sum of its end offsets: records and transaction markers so far."""
    consumer = Consumer(consumer_config(kafka, "earshot-demo"))
    try:
        return {
            topic.name: sum(
                consumer.get_watermark_offsets(TopicPartition(topic.name, n), timeout=TIMEOUT_S)[1]
                for n in range(partitions_of(kafka, topic.name))
            )
            for topic in SHOWN
        }
    finally:
        consumer.close()


def policy_path(workspace: str) -> Path:
    """The demo's policy file."""
    return Path(__file__).parents[2] / "deploy" / "policies" / f"{workspace}.yaml"


def roster_path(workspace: str) -> Path:
    """The roster of the demo's desk."""
    return Path(__file__).parents[2] / "deploy" / "policies" / f"{workspace}-desk.yaml"


@contextmanager
def running(demo: Demo, *, keep: bool) -> Iterator[Demo]:
    """Stops everything at the end, also after an error; `keep` leaves it running after a success."""
    try:
        yield demo
    except BaseException:
        demo.stop()
        raise
    if not keep:
        demo.stop()
