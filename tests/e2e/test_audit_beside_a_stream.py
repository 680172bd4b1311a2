"""`earshot audit` beside the running system: calm while posts flow, and a loss and a change are named at once."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from pipeline.adapters.clickhouse.writer import connect
from pipeline.ingest.manifest.format import list_manifests, read_manifest
from pipeline.local.endpoints import Endpoints
from pipeline.settings import ClickHouseSettings
from tests.pipeline_lab import PipelineLab, hop

pytestmark = pytest.mark.integration

AUDITS = 5
POSTS = 300
STORED = "posts.scored -> ClickHouse posts"


@pytest.fixture
def lab(stack: Endpoints, tmp_path: Path) -> Iterator[PipelineLab]:
    made = PipelineLab(stack, tmp_path, "audit-stream")
    made.prepare()
    yield made
    made.close()


def change(stack: Endpoints, statement: str) -> None:
    settings = ClickHouseSettings(
        url=stack.clickhouse_url, user=stack.clickhouse_user, password=SecretStr(stack.clickhouse_password)
    )
    with connect(settings) as client:
        client.command(f"ALTER TABLE {settings.database}.{statement}", settings={"mutations_sync": 2})


def sent(lab: PipelineLab) -> bool:
    return any(read_manifest(path).deliveries for path in list_manifests(lab.folder / "state"))


def findings(verdict: dict[str, Any], kind: str) -> list[tuple[str, str]]:
    return [(one["hop"], found["id"]) for one in verdict["hops"] for found in one[kind]["shown"]]


@pytest.mark.timeout(300)
def test_an_audit_is_calm_beside_a_stream_and_names_what_is_lost_or_changed(
    lab: PipelineLab, stack: Endpoints
) -> None:
    posts = lab.generated(POSTS, hours=3)
    lab.start_all()
    lab.start_desk()
    lab.wait(lambda: lab.pid_of("sink") is not None, what="the stages run")
    sender = lab.start("ingest", "jsonl", str(posts), "--speed", "600")
    lab.wait(lambda: sent(lab), what="the first posts are sent")
    waiting = []
    for _ in range(AUDITS):
        verdict = lab.audit(settle_s=0)
        assert verdict["ok"]
        waiting.append(verdict["not_yet"])
        time.sleep(0.5)
    assert any(waiting), "at least one audit looked while posts were on their way"
    assert sender.wait(120) == 0
    whole = lab.audit()
    assert whole["ok"]
    assert hop(whole, "posts.raw -> posts.scored")["out"] >= POSTS
    assert hop(whole, "posts.scored -> mentions")["out"] > 0
    assert whole["compared"].keys() == {"posts", "case_events", "assignments", "queue_gauges", "rep_presence"}

    records = [json.loads(line) for line in posts.read_text().splitlines()]
    times = Counter(record["post_id"] for record in records)
    victims = [name for name, count in times.items() if count == 1][:2]
    where = "workspace = 'audit-stream' AND post_id ="
    change(stack, f"posts DELETE WHERE {where} '{victims[0]}'")
    lossy = lab.audit(settle_s=0, expect=1)
    assert findings(lossy, "lost") == [(STORED, f"audit-stream/{victims[0]}")]
    assert hop(whole, STORED)["in"] <= whole["compared"]["posts"], "all posts are within the sample here"
    change(stack, f"posts UPDATE visibility = 'another' WHERE {where} '{victims[1]}'")
    changed = lab.audit(settle_s=0, expect=1)
    assert findings(changed, "changed") == [(STORED, f"audit-stream/{victims[1]}")]
    (found,) = hop(changed, STORED)["changed"]["shown"]
    assert found["detail"] == "column visibility"
