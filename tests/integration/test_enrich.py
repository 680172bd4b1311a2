"""The enrich worker as a process of its own on the real broker: everything is accounted for, whatever ends it."""

import signal
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.adapters.kafka.reader import read_topic
from pipeline.clock import SystemClock
from pipeline.codec import encode
from pipeline.local.processes import free_ports
from pipeline.settings import KafkaSettings
from schemas.posts.engagement import Engagement
from schemas.posts.raw import PostMetrics
from schemas.topics import ACTIONABLE, CUSTOMERS, ENGAGEMENTS, INFLUENCE_STATE, SCORED, post_key
from tests.enrich_lab import (
    START_S,
    TEXTS,
    WORK_S,
    Raw,
    bad,
    dead,
    good,
    ids,
    is_ready,
    link_of,
    scored,
    send,
    send_to,
    uncommitted,
    wait_for,
    worker,
)

pytestmark = pytest.mark.integration


def test_every_post_is_scored_or_dead_lettered_with_its_bytes_and_sigterm_ends_cleanly(
    kafka: KafkaSettings, workspace: str, tmp_path: Path
) -> None:
    records, broken = [good(workspace, number) for number in range(292)], bad(workspace)
    for number, record in enumerate(broken.values()):
        records.insert(30 * number + 7, record)
    links = [link_of(workspace, number) for number in (7, 8)]
    send_to(kafka, CUSTOMERS.name, [*links, links[1]._replace(value=None)])
    send(kafka, records)
    with worker(kafka, tmp_path) as process:
        wait_for(lambda: uncommitted(kafka) == 0, START_S + WORK_S)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    found = scored(kafka, workspace)
    assert ids(found) == {f"x:{number}": 1 for number in range(292)}
    assert dead(kafka, workspace) == {code: (record.key, record.value) for code, record in broken.items()}
    assert all((post.sentiment is None) == (post.text == "") for post in found)
    customers = {(post.author.author_id, post.customer.customer_id) for post in found if post.customer is not None}
    assert customers == {("x:a7", "C-7")}
    assert all(post.customer is not None for post in found if post.author.author_id == "x:a7")
    work = {post.post_id for post in found if post.triage.action != "none"}
    assert work == {f"x:{number}" for number in range(292) if number % len(TEXTS) in (2, 3)}
    assert set(ids(scored(kafka, workspace, ACTIONABLE.name))) == work
    assert all(post.triage.priority >= 70 for post in found if "smoke" in (post.text or ""))
    for message in read_topic(kafka, SCORED.name):
        assert message.partition() == partition_of(message.key(), 4)


def test_kill_9_of_one_worker_or_of_one_of_two_loses_nothing_and_a_clean_stop_repeats_nothing(
    kafka: KafkaSettings, workspace: str, tmp_path: Path
) -> None:
    send(kafka, [good(workspace, number) for number in range(200)])
    with worker(kafka, tmp_path) as first:
        wait_for(lambda: len(ids(scored(kafka, workspace))) > 0, START_S + WORK_S)
        first.kill()
    [port] = free_ports(1)
    with worker(kafka, tmp_path) as second, worker(kafka, tmp_path, port) as third:
        wait_for(lambda: is_ready(port), START_S)
        before = len(ids(scored(kafka, workspace)))
        send(kafka, [good(workspace, number) for number in range(200, 600)])
        wait_for(lambda: len(ids(scored(kafka, workspace))) >= before + 50, WORK_S)
        second.kill()
        wait_for(lambda: len(ids(scored(kafka, workspace))) == 600, START_S + WORK_S)
        send(kafka, [good(workspace, number) for number in range(600, 650)])
        third.send_signal(signal.SIGTERM)
        assert third.wait(60) == 0
    stopped = ids(scored(kafka, workspace))
    # A kill or a rebalance repeats at most what was in flight: two batches of 32 a worker.
    assert sum(stopped.values()) - len(stopped) <= 4 * 64
    with worker(kafka, tmp_path):
        wait_for(lambda: len(ids(scored(kafka, workspace))) == 650, START_S + WORK_S)
    after = ids(scored(kafka, workspace))
    assert set(after) == {f"x:{number}" for number in range(650)}
    assert [post for post in after - stopped if post in stopped] == []


def test_influence_rests_on_what_earlier_posts_brought_about_also_after_a_kill(
    kafka: KafkaSettings, workspace: str, tmp_path: Path
) -> None:
    key = post_key(workspace, "x:a1")
    day_before = SystemClock().now() - timedelta(days=2)
    liked = [
        Engagement(
            workspace=workspace, engagement_id=f"x:old{number}/post", target_author_id="x:a1",
            post_id=f"x:old{number}", kind="post", created_at=day_before,
            metrics=PostMetrics(likes=9000, reposts=2000, replies=100),
        )
        for number in range(8)
    ]  # fmt: skip
    send_to(kafka, ENGAGEMENTS.name, [Raw(key, encode(one), partition_of(key, 4)) for one in liked])
    [port] = free_ports(1)
    with worker(kafka, tmp_path, port) as first:
        wait_for(lambda: is_ready(port), START_S + WORK_S)
        wait_for(lambda: rows(kafka, workspace) == {key}, WORK_S)
        wait_for(lambda: uncommitted(kafka, ENGAGEMENTS.name) == 0, WORK_S)
        first.kill()
    send(kafka, [good(workspace, 1), good(workspace, 2)])
    with worker(kafka, tmp_path):
        wait_for(lambda: len(ids(scored(kafka, workspace))) == 2, START_S + WORK_S)
        wait_for(lambda: len(rows(kafka, workspace)) == 2, WORK_S)
    known, unknown = sorted(scored(kafka, workspace), key=lambda post: post.post_id)
    assert known.influence.confidence > 0.8 > unknown.influence.confidence == 0
    assert known.influence.score > 60 > unknown.influence.score


def rows(kafka: KafkaSettings, workspace: str) -> set[bytes]:
    """Returns the keys of the authors' rows of a workspace."""
    keys = {message.key() or b"" for message in read_topic(kafka, INFLUENCE_STATE.name)}
    return {key for key in keys if key.startswith(workspace.encode())}
