"""Plays the demo step by step: generated posts pass through the whole pipeline on the embedded stack.

It takes settings and a number of posts, and leaves a running or stopped stack with everything on its topics and in
ClickHouse. Progress lines appear on the way. It drives the same commands that an operator types.
"""

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.adapters.clickhouse.migrate import migrate
from pipeline.adapters.clickhouse.retention import set_ttls
from pipeline.adapters.kafka.admin import ensure_topics
from pipeline.adapters.kafka.lag import unread_of
from pipeline.adapters.kafka.policies.publication import publish_policy
from pipeline.adapters.kafka.reader import TopicReader
from pipeline.app.endpoints import resolve
from pipeline.app.offline.policy import read_policy
from pipeline.app.simulated_desk import group_of
from pipeline.app.supervise.run_file import read_run_file
from pipeline.codec import encode
from pipeline.errors import Misconfigured, MustRestart
from pipeline.ingest.manifest.format import Manifest, Source, list_manifests, read_manifest
from pipeline.local import processes, stack
from pipeline.scenario.generate import generate
from pipeline.settings import KafkaSettings, Settings
from pipeline.stages import inputs_by_group, running_stages
from schemas.topics import ACTIONABLE, ASSIGNMENTS, CASE_EVENTS, RAW, REPS, SCORED, all_topics

MARKER = "demo.json"
"""Marks a state folder whose data the next demo may remove."""
POSTS = "posts.jsonl"
STACK_DATA = ("kafka", "clickhouse", "manifests")
"""Folders that must not be mixed with a fresh stack. They hold the data of an old stack, and manifests of posts
that the fresh one never saw."""
SHOWN = (RAW, SCORED, ACTIONABLE, CASE_EVENTS, ASSIGNMENTS, REPS)
PROGRESS_S = 2.0
SETTLE_TIMEOUT_S = 240.0
READY_TIMEOUT_S = 90.0
READY_POLL_S = 0.3
STOP_GRACE_S = 40.0
"""Longest wait for the supervisor to end, in seconds. The supervisor itself gives its workers 30 s."""
ROLES = ("run", "desk")

Line = Callable[[str], None]
"""Takes a line of text."""


@dataclass(frozen=True)
class Plan:
    """What the demo plays: `posts` posts over `hours` hours of event time, in about `wall_s` seconds."""

    posts: int = 3050
    hours: float = 10.0
    wall_s: float = 20.0
    seed: int = 0
    workspace: str = "acme"


class Demo:
    """A run of the demo.

    Args:
        settings: unresolved; the embedded stack is always used.
        plan: what to play.
        progress: takes each progress line.
        emit: takes the text that is read at the end.
    """

    def __init__(self, settings: Settings, plan: Plan, progress: Line, emit: Line) -> None:
        self.settings = settings
        self.plan = plan
        self._show_progress = progress
        self._print = emit
        self._started = time.monotonic()
        self._folder = settings.state_dir.resolve()

    def prepare(self) -> None:
        """Starts a fresh stack in the state folder, with topics, tables and the demo's policy.

        Raises:
            Misconfigured: the folder holds a stack that no demo made.
        """
        folder = self._folder
        marker = folder / MARKER
        used = marker.exists() or any((folder / part).exists() for part in STACK_DATA)
        if used and not marker.exists():
            raise Misconfigured(
                f"{self.settings.state_dir} holds data that no demo made: `earshot local down --wipe` "
                "and delete the folder, or set EARSHOT_STATE_DIR to another one"
            )
        foreign = [run.header.source for run in map(read_manifest, list_manifests(folder)) if not self._ours(run)]
        if foreign:
            raise Misconfigured(
                f"{self.settings.state_dir} holds posts of {_name(foreign[0])}, which the demo would remove: "
                "set EARSHOT_STATE_DIR to another folder, or delete this one"
            )
        if used:
            self.report("removing what the last demo left")
            # A stage that still runs would write into the folder while it is removed.
            self.stop()
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        marker.write_text("{}\n")
        self.report("starting Kafka and ClickHouse (the first time their parts are fetched)")
        stack.up(folder, report=self.report)
        resolved = resolve(self.settings, clickhouse=True)
        ensure_topics(resolved.kafka, all_topics())
        migrate(resolved.clickhouse)
        set_ttls(resolved.clickhouse, resolved.sink)
        publish_policy(resolved.kafka, read_policy(policy_path(self.plan.workspace)))
        self.report("topics, tables and the policy are in place")

    def play(self) -> None:
        """Starts the stages and the desk, sends the posts, and waits until all stages have read everything."""
        self._start(["run", "all", "--logs", "files"])
        self._start(["desk", str(roster_path(self.plan.workspace))])
        # The stages start in their own processes, and the posts are generated meanwhile.
        posts = self._write_posts()
        self._await_ready()
        speed = self.plan.hours * 3600 / self.plan.wall_s
        self.report(
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

    @contextmanager
    def audit(self) -> Iterator[Callable[[], int]]:
        """Runs `earshot audit` beside the block, and yields a function that prints its output and returns its exit
        code."""
        with subprocess.Popen(
            self._command(["audit"]),
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:

            def finish() -> int:
                words, _ = process.communicate()
                self._print(words)
                return process.returncode

            yield finish

    def stop(self) -> None:
        """Ends the stages, the desk and the stack, also those of an earlier demo. The data stays.

        It does nothing in a folder that no demo made.
        """
        if not (self._folder / MARKER).exists():
            return
        running = [self._child(role) for role in ROLES]
        processes.stop([child for child in running if child is not None], STOP_GRACE_S)
        stack.down(self._folder)

    def report(self, text: str) -> None:
        """Shows a progress line with the time since the start."""
        self._show_progress(f"[{time.monotonic() - self._started:5.1f} s] {text}")

    def _write_posts(self) -> Path:
        path = self._folder / POSTS
        start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=self.plan.hours)
        made = generate(self.plan.seed, self.plan.posts, start, self.plan.hours, self.plan.workspace)
        path.write_bytes(b"".join(encode(post) + b"\n" for post in made))
        return path

    def _ours(self, run: Manifest) -> bool:
        source = run.header.source
        return source is not None and Path(source.path).resolve() == self._folder / POSTS

    def _environment(self) -> dict[str, str]:
        return os.environ | {"EARSHOT_STATE_DIR": str(self._folder), "EARSHOT_CLOCK": "event"}

    def _command(self, words: list[str]) -> list[str]:
        # The interpreter ignores an unknown -X option, which marks the process as one of this folder. Without the
        # mark, another program that got the same pid could be stopped instead.
        return [sys.executable, "-X", self._mark(words[0]), "-m", "pipeline.cli", *words]

    def _mark(self, role: str) -> str:
        return f"earshot={self._folder / role}"

    def _child(self, role: str) -> processes.Process | None:
        return processes.find(self._folder / f"{role}.pid", self._mark(role))

    def _start(self, words: list[str]) -> None:
        role = words[0]
        logs, pid = self._folder / "logs" / f"{role}.log", self._folder / f"{role}.pid"
        processes.spawn(self._command(words), logs, pid, self._environment())

    def _await_ready(self) -> None:
        """Waits until the stages have read the policy and joined their groups.

        Otherwise the latencies that the demo shows would be those of starting and not of working.
        """
        self.report(f"starting {', '.join(running_stages())} and the desk")
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not self._ready():
            if time.monotonic() > deadline:
                raise MustRestart(f"the stages did not get ready in time; see {self._folder / 'logs'}")
            self._check_children()
            time.sleep(READY_POLL_S)

    def _ready(self) -> bool:
        status = read_run_file(self._folder)
        return status is not None and all(
            _answers(f"http://{self.settings.operate.http_host}:{worker.http_port}/readyz")
            for worker in status.workers
        )

    def _settle(self) -> None:
        deadline = time.monotonic() + SETTLE_TIMEOUT_S
        quiet = 0
        # One quiet look is not enough, because a record may be on its way between two stages.
        while quiet < 2:
            if time.monotonic() > deadline:
                raise MustRestart("the stages did not finish reading in time; see logs/ in the state folder")
            self._progress()
            quiet = 0 if self._unread() else quiet + 1

    def _unread(self) -> bool:
        kafka = resolve(self.settings).kafka
        groups = inputs_by_group() | {group_of(self.plan.workspace): [ASSIGNMENTS.name]}
        with ThreadPoolExecutor(len(groups)) as pool:
            return any(pool.map(lambda item: unread_of(kafka, *item), groups.items()))

    def _progress(self) -> None:
        time.sleep(PROGRESS_S)
        counts = end_counts(resolve(self.settings).kafka)
        self.report("  ".join(f"{topic.name} {counts[topic.name]:,}" for topic in SHOWN))
        self._check_children()

    def _check_children(self) -> None:
        for role in ROLES:
            if self._child(role) is None:
                raise MustRestart(f"earshot {role} ended: see {self._folder / 'logs' / f'{role}.log'}")
        status = read_run_file(self._folder)
        for worker in status.workers if status is not None else ():
            if worker.state == "given_up":
                log = self._folder / "logs" / f"{worker.name}.log"
                raise MustRestart(f"{worker.name} was given up with exit code {worker.last_exit}: see {log}")


def _name(source: Source | None) -> str:
    return "standard input" if source is None else str(source.path)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - an address of our own processes
            return True
    except OSError:
        return False


def end_counts(kafka: KafkaSettings) -> dict[str, int]:
    """Returns the sum of the end offsets of each topic, which counts its records and transaction markers."""
    reader = TopicReader(kafka)
    try:
        return {topic.name: sum(reader.window(topic.name).end.values()) for topic in SHOWN}
    finally:
        reader.close()


def policy_path(workspace: str) -> Path:
    """Returns the path of the demo's policy file."""
    return Path(__file__).parents[3] / "deploy" / "policies" / f"{workspace}.yaml"


def roster_path(workspace: str) -> Path:
    """Returns the path of the roster of the demo's desk."""
    return Path(__file__).parents[3] / "deploy" / "policies" / f"{workspace}-desk.yaml"


@contextmanager
def running(demo: Demo, *, keep: bool) -> Iterator[Demo]:
    """Stops everything at the end, also after an error. With `keep` it stays running after a success."""
    try:
        yield demo
    except BaseException:  # Ctrl-C must not leave a stack behind either
        demo.stop()
        raise
    if not keep:
        demo.stop()
