"""The guarantees of the whole pipeline while its real processes are killed, frozen and kept away."""

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.local.endpoints import Endpoints
from tests.pipeline_lab import PipelineLab, hop, kill_9

pytestmark = pytest.mark.integration


@pytest.fixture
def lab(stack: Endpoints, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[PipelineLab]:
    made = PipelineLab(stack, tmp_path, "faults-" + request.node.name.replace("_", "-")[5:25].strip("-"))
    made.prepare()
    yield made
    made.close()


@pytest.mark.timeout(420)
def test_kill_9_of_each_stage_five_times_under_load_loses_and_doubles_nothing(lab: PipelineLab) -> None:
    rng = random.Random(11)
    posts = lab.generated(2500, hours=3)
    lab.start_all()
    lab.start_desk()
    lab.wait(lambda: lab.pid_of("sink") is not None, what="the stages run")
    # 3 h in about 60 s: the stream goes on while workers die and come back.
    sender = lab.start("ingest", "jsonl", str(posts), "--speed", "180")
    kills = {"enrich": 0, "route": 0, "sink": 0}
    while min(kills.values()) < 5:
        stage = rng.choice([name for name, count in kills.items() if count < 5])
        time.sleep(rng.uniform(0.5, 5.0))
        kills[stage] += kill_9(lab.pid_of(stage))
    assert sender.wait(120) == 0
    audit = lab.audit(settle_s=150)
    assert audit["ok"]
    assert hop(audit, "posts.raw -> posts.scored")["out"] >= 2500
    assert hop(audit, "cases.events -> assignments")["in"] > 0
    status = lab.status()
    assert status is not None
    assert all(status.of(stage)[0].restarts >= 5 for stage in kills)


@pytest.mark.timeout(240)
def test_a_frozen_router_that_was_replaced_writes_nothing_that_a_reader_sees(lab: PipelineLab) -> None:
    first, second = lab.generated(400, seed=1), lab.generated(400, seed=2)
    lab.start_all("--workers", "route=0")
    lab.start_desk()
    frozen = lab.start("run", "route")
    lab.earshot("ingest", "jsonl", str(first))
    assert lab.audit()["ok"]
    os.kill(frozen.pid, signal.SIGSTOP)
    lab.earshot("ingest", "jsonl", str(second))
    heir = lab.start("run", "route")
    assert lab.audit()["ok"], "the heir has taken over after the session timeout"
    os.kill(frozen.pid, signal.SIGCONT)
    time.sleep(5)
    assert lab.audit()["ok"], "what the frozen one held was fenced"
    assert heir.poll() is None
    assert frozen.poll() in (None, 70), "it ended as fenced or joined again as an ordinary member"
