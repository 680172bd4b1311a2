"""Runs the whole pipeline as real processes for e2e and fault tests, with the commands that an operator types."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipeline.app.supervise.run_file import RunStatus, read_run_file
from pipeline.local.endpoints import Endpoints

ROOT = Path(__file__).parents[1]
POLICIES = ROOT / "deploy" / "policies"


class PipelineLab:
    """Holds one workspace on the session's stack, with a state folder and processes of its own."""

    def __init__(self, stack: Endpoints, folder: Path, workspace: str, clock: str = "event") -> None:
        self.workspace = workspace
        self.folder = folder
        self.environment = os.environ | {
            "EARSHOT_STATE_DIR": str(folder / "state"),
            "EARSHOT_CLOCK": clock,
            "EARSHOT_KAFKA__BOOTSTRAP_SERVERS": stack.kafka_bootstrap,
            "EARSHOT_CLICKHOUSE__URL": stack.clickhouse_url,
            "EARSHOT_CLICKHOUSE__USER": stack.clickhouse_user,
            "EARSHOT_CLICKHOUSE__PASSWORD": stack.clickhouse_password,
        }
        self._children: list[subprocess.Popen[bytes]] = []

    def earshot(
        self, *words: str, expect: int | None = 0, feed: bytes | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs one command to its end and checks that its exit code is `expect`, unless that is None."""
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.cli", *words], env=self.environment, input=feed, capture_output=True,
            check=False, timeout=240,
        )  # fmt: skip
        result = subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )
        assert expect is None or result.returncode == expect, (
            f"{words}: {result.returncode}\n{result.stderr[-3000:]}"
        )
        return result

    def prepare(self) -> None:
        """Creates topics and tables, and applies the demo's policy for this workspace."""
        self.earshot("topics", "apply")
        self.earshot("migrate")
        policy = self._own("acme.yaml")
        self.earshot("policy", "apply", str(policy))

    def start(self, *words: str, **environment: str) -> subprocess.Popen[bytes]:
        """Starts a lasting command, with these variables added to its environment."""
        log = (self.folder / f"{'-'.join(words[:2]).replace('/', '_')[:40]}.log").open("ab")
        with log:
            child = subprocess.Popen(
                [sys.executable, "-m", "pipeline.cli", *words], env=self.environment | environment,
                stdout=log, stderr=log, start_new_session=True, cwd=ROOT,
            )  # fmt: skip
        self._children.append(child)
        return child

    def start_all(self, *options: str) -> None:
        """Starts the supervised stages."""
        # All labs use one name, so the next one's workers take over at once and need not wait for the last one's
        # session.
        self.start("run", "all", "--logs", "files", *options, EARSHOT_KAFKA__INSTANCE_ID="lab")

    def start_desk(self) -> None:
        """Starts the simulated reps of this workspace."""
        self.start("desk", str(self._own("acme-desk.yaml")))

    def generated(self, posts: int, hours: float = 3.0, seed: int = 5) -> Path:
        """Writes a file of generated posts of this workspace and returns its path."""
        path = self.folder / f"posts-{seed}.jsonl"
        self.earshot("generate", "--seed", str(seed), "--posts", str(posts), "--hours", str(hours),
                     "--workspace", self.workspace, "-o", str(path))  # fmt: skip
        return path

    def status(self) -> RunStatus | None:
        """Returns what the supervisor says."""
        return read_run_file(self.folder / "state")

    def pid_of(self, stage: str) -> int | None:
        """Returns the process of a stage, if it runs now."""
        status = self.status()
        workers = status.of(stage) if status is not None else ()
        return workers[0].pid if workers else None

    def wait(self, reached: Callable[[], bool], timeout_s: float = 120, what: str = "") -> None:
        """Polls until `reached()` is true."""
        deadline = time.monotonic() + timeout_s
        while not reached():
            assert time.monotonic() < deadline, f"not reached in {timeout_s} s: {what}"
            time.sleep(0.3)

    def audit(self, settle_s: int = 120, expect: int = 0) -> dict[str, Any]:
        """Returns what `earshot audit --json` says of this workspace. With `settle_s` it repeats until nothing is
        "not yet".
        """
        deadline = time.monotonic() + settle_s
        while True:
            done = self.earshot(
                "audit", "--json", "--workspace", self.workspace, "--settle", str(settle_s), expect=None
            )
            assert done.returncode == expect, done.stderr[-3000:]
            found: dict[str, Any] = json.loads(done.stdout)
            # The simulated reps go on working after the stages were seen at rest.
            if expect or not settle_s or not found["not_yet"]:
                return found
            assert time.monotonic() < deadline, f"the stages do not come to an end: {done.stderr[-3000:]}"

    def close(self) -> None:
        """Ends every process of this lab."""
        for child in self._children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self._children:
            try:
                child.wait(40)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def _own(self, name: str) -> Path:
        """Writes a policy file of the demo for this workspace and returns its path."""
        path = self.folder / name
        text = (POLICIES / name).read_text(encoding="utf-8")
        path.write_text(text.replace("workspace: acme\n", f"workspace: {self.workspace}\n"), encoding="utf-8")
        return path


def kill_9(pid: int | None) -> bool:
    """Sends SIGKILL to a process that may have ended already."""
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def hop(audit: dict[str, Any], name: str) -> dict[str, Any]:
    """Returns the hop of an audit whose name contains this part."""
    hops: Sequence[dict[str, Any]] = audit["hops"]
    return next(hop for hop in hops if name in hop["hop"])
