"""`earshot score` gives the same posts in the same order the same scores as the running enrich stage."""

import json
import uuid
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.adapters.kafka.reader import read_topic
from pipeline.adapters.models.check.self_check import TOLERANCE
from pipeline.local.endpoints import Endpoints
from pipeline.settings import KafkaSettings
from schemas.topics import SCORED, post_key
from tests.pipeline_lab import POLICIES, PipelineLab

pytestmark = pytest.mark.integration
POSTS = 300
PARTITION = 1
NEAR = 2 * TOLERANCE
"""A probability of the same text may differ by this much between two batches. An engine rounds by the shape of the
batch, and it serves when each answer is within `TOLERANCE` of the exact one. Differences of .007 were seen on an
EPYC, and of .011 on a processor that rounds bf16 in other places.
"""
ON_THE_EDGE = POSTS // 50
"""So many posts may differ in a label or in what follows from one. A probability beside a threshold of the policy
falls on either side of it.
"""
BY_THE_MODEL = {"sentiment", "offence", "complaint", "intent", "triage"}
"""These fields hold scores of the model, or decisions from them."""


@pytest.fixture
def lab(stack: Endpoints, tmp_path: Path) -> Iterator[PipelineLab]:
    made = PipelineLab(stack, tmp_path, f"score-{uuid.uuid4().hex[:8]}")
    made.prepare()
    yield made
    made.close()


def of_one_partition(generated: Path, workspace: str) -> list[dict[str, Any]]:
    """Returns posts that producers put on one partition, in the order of time. Every tenth repeats another."""
    posts = (json.loads(line) for line in generated.open(encoding="utf-8"))

    def here(post: dict[str, Any]) -> bool:
        return partition_of(post_key(workspace, post["author"]["author_id"]), 4) == PARTITION

    chosen = list(islice(filter(here, posts), POSTS))
    assert len(chosen) == POSTS
    # Engagement comes to the stream's table beside the posts, so that no two runs agree on what was known when.
    chosen = [{name: value for name, value in post.items() if name != "metrics"} for post in chosen]
    return [
        post | {"text": chosen[at - 5]["text"]} if at % 10 == 9 and "text" in chosen[at - 5] else post
        for at, post in enumerate(chosen)
    ]


def same(one: Any, other: Any, within: float) -> bool:
    """Says whether two values are equal, numbers nearly so."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name], within) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b, within) for a, b in zip(one, other, strict=True))
    if isinstance(one, float) or isinstance(other, float):
        return bool(abs(one - other) <= within * max(1.0, abs(one)))
    return bool(one == other)


def differences(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Returns what is shown of two posts that differ."""
    names = one.keys() | other.keys()
    return {k: (one.get(k), other.get(k)) for k in names if not same(one.get(k), other.get(k), NEAR)}


def comparable(post: dict[str, Any]) -> dict[str, Any]:
    """Leaves out where a post lay and when it was appended, the number of copies, and absent fields."""
    left = {k: v for k, v in post.items() if k not in ("source", "appended_ms")}
    if left.get("cluster"):
        left["cluster"] = {k: v for k, v in left["cluster"].items() if k != "size"}
    left["triage"] = {k: v for k, v in left["triage"].items() if k != "reasons"} | {
        # Details and weights repeat probabilities, rounded; near ones may change places.
        "reasons": sorted(reason["code"] for reason in left["triage"]["reasons"])
    }

    def dense(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: dense(v) for k, v in value.items() if v is not None}
        return [dense(one) for one in value] if isinstance(value, list | tuple) else value

    found: dict[str, Any] = dense(left)
    return found


def test_scoring_offline_equals_the_stream_fed_in_the_same_order(lab: PipelineLab, stack: Endpoints) -> None:
    posts = of_one_partition(lab.generated(POSTS * 6, hours=3), lab.workspace)
    source = lab.folder / "one-partition.jsonl"
    source.write_text("\n".join(map(json.dumps, posts)), encoding="utf-8")
    lab.start("run", "enrich")
    lab.earshot("ingest", "jsonl", str(source))
    kafka = KafkaSettings(bootstrap_servers=stack.kafka_bootstrap)

    def streamed() -> list[dict[str, Any]]:
        found = [json.loads(m.value()) for m in read_topic(kafka, SCORED.name) if m.partition() == PARTITION]
        return [post for post in found if post["workspace"] == lab.workspace]

    lab.wait(lambda: len(streamed()) == POSTS, 180, "all posts are scored")
    policy = POLICIES / "acme.yaml"
    own = lab.folder / "own.yaml"
    own.write_text(policy.read_text(encoding="utf-8").replace("workspace: acme", f"workspace: {lab.workspace}"))
    lines = "\n".join(json.dumps({"type": "post", **post}) for post in posts)
    done = lab.earshot("score", "-", "--policy", str(own), feed=lines.encode())
    offline = [json.loads(line) for line in done.stdout.splitlines()]
    assert [post["post_id"] for post in offline] == [post["post_id"] for post in posts]
    pairs = list(zip(map(comparable, streamed()), map(comparable, offline), strict=True))
    differing = [differences(a, b) for a, b in pairs if not same(a, b, NEAR)]
    assert len(differing) <= ON_THE_EDGE, differing
    assert all(names.keys() <= BY_THE_MODEL for names in differing), differing
    assert any(post["cluster"] and post["cluster"]["kind"] == "copy" for post in offline)
    assert any(post["triage"]["action"] != "none" for post in offline)


def test_bad_lines_are_named_and_the_others_are_scored(lab: PipelineLab) -> None:
    good = {
        "type": "post", "workspace": "acme", "post_id": "x:1", "platform": "x", "author": {"author_id": "x:1"},
        "text": "no signal, call +1 415 867 5309", "created_at": "2026-11-20T10:00:00Z",
    }  # fmt: skip
    lines = [
        good,
        {"type": "pst"},
        {"type": "customer", "workspace": "acme", "author_id": "x:1", "customer_id": "7", "value": 0.5},
        {"type": "engagement"},
        {"type": "customer", "workspace": "acme", "author_id": "x:1", "value": 0.5},
        good | {"rating": 11},
        good | {"text": ""},
    ]
    done = lab.earshot("score", feed="\n".join(map(json.dumps, lines)).encode() + b"\n{", expect=2)
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert first["text"] == "no signal, call [phone]"
    assert first["triage"]["reasons"][0]["code"] == "no_policy"
    assert (second["sentiment"], second["intent"]) == (None, None)
    assert (first["customer"], second["customer"]["value"]) == (None, 0.5)
    told = [line for line in done.stderr.splitlines() if line.startswith("standard input:")]
    assert [line.split(": ")[0] for line in told[:3]] == [f"standard input:{number}" for number in (2, 4, 5)]
    assert "2 posts scored, 1 customers, 5 lines refused" in told[-1]
    assert "867" not in done.stderr
