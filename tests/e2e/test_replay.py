"""`earshot replay` decides again what a real router has decided, from the snapshot of a running one."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.local.endpoints import Endpoints
from tests.pipeline_lab import POLICIES, PipelineLab

pytestmark = pytest.mark.integration


@pytest.fixture
def lab(stack: Endpoints, tmp_path: Path) -> Iterator[PipelineLab]:
    made = PipelineLab(stack, tmp_path, "replayed")
    made.prepare()
    yield made
    made.close()


def replayed(lab: PipelineLab) -> dict[int, dict[str, Any]]:
    done = [json.loads(line) for line in lab.earshot("replay", "--json").stdout.splitlines()]
    return {one["partition"]: one for one in done}


def another_policy(lab: PipelineLab) -> Path:
    text = (POLICIES / "acme.yaml").read_text(encoding="utf-8")
    text = text.replace("workspace: acme\n", f"workspace: {lab.workspace}\n")
    path = lab.folder / "next.yaml"
    path.write_text(re.sub(r"(?m)^version: \d+", "version: 1000", text), encoding="utf-8")
    return path


@pytest.mark.timeout(300)
def test_what_a_router_decides_after_a_snapshot_is_decided_again_byte_for_byte(lab: PipelineLab) -> None:
    lab.start_all()
    lab.start_desk()
    lab.wait(lambda: lab.pid_of("sink") is not None, what="the stages run")
    lab.earshot("ingest", "jsonl", str(lab.generated(120)))
    lab.audit()
    kept = lab.earshot("snapshot").stderr
    lab.earshot("policy", "apply", str(another_policy(lab)))
    lab.earshot("ingest", "jsonl", str(lab.generated(120, seed=6)))
    lab.audit()
    done = replayed(lab)
    for number, after in re.findall(r"partition (\d+): the state after transaction (\d+) is kept", kept):
        assert done[int(number)]["after"] == int(after)
    busiest = max(done.values(), key=lambda one: int(one["records"]))
    assert busiest["records"] >= 20
    assert busiest["outputs"] > busiest["records"]
    refused = lab.earshot("replay", "--partition", "99", expect=2)
    assert "--partition 99: the router has partitions 0 to" in refused.stderr
