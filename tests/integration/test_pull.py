"""`earshot pull` finds a post on a real broker, publishes it as work on both topics, and does so once."""

import json
import uuid

import pytest
from confluent_kafka import Producer

from pipeline.adapters.kafka.config import producer_config
from pipeline.adapters.kafka.reader import read_topic
from pipeline.app.offline.pull import PullRequest, pulled_post
from pipeline.cli import main
from pipeline.codec import decode, encode
from pipeline.errors import EXIT_NO, EXIT_OK, EXIT_USAGE
from schemas.posts.scored import ScoredPost
from schemas.topics import ACTIONABLE, POLICIES, SCORED, post_key
from tests.builders import policy, scored
from tests.integration.audit_lab import PATIENCE_S, AuditLab

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("commands_find_the_lab")]


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["pull", *words])
    return EXIT_OK if ended.value.code is None else int(str(ended.value.code))


def published(lab: AuditLab, topic: str, workspace: str) -> list[ScoredPost]:
    posts = (decode(ScoredPost, message.value()) for message in read_topic(lab.kafka, topic))
    return [post for post in posts if post.workspace == workspace]


def new_workspace() -> str:
    return f"pull-{uuid.uuid4().hex[:8]}"


def store(lab: AuditLab, *posts: ScoredPost) -> None:
    producer = Producer(producer_config(lab.kafka))
    for post in posts:
        producer.produce(SCORED.name, encode(post), post_key(post.workspace, post.author.author_id))
    assert producer.flush(PATIENCE_S) == 0


def test_a_post_is_pulled_once_in_its_newest_revision(lab: AuditLab, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = new_workspace()
    store(lab, *(scored("p1", action="none", workspace=workspace, revision=revision) for revision in (0, 1)))
    words = ("x:p1", "--workspace", workspace, "--by", "sam", "--queue", "care", "--json")
    assert run(*words) == EXIT_OK
    said = json.loads(capsys.readouterr().out)
    assert (said["revision"], said["triage"]["by"], said["triage"]["action"]) == (1, "sam", "respond")
    [work] = published(lab, ACTIONABLE.name, workspace)
    *_, stored = published(lab, SCORED.name, workspace)
    assert work == stored
    assert work.triage.pull_id == said["triage"]["pull_id"]
    assert run(*words) == EXIT_NO
    assert "is work already, in queue care" in capsys.readouterr().err


def test_what_cannot_be_pulled_is_said(lab: AuditLab, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("x:p1", "--workspace", new_workspace(), "--by", "sam", "--queue", "care")
    assert run(*words) == EXIT_NO
    assert run(*words, "--action", "none") == EXIT_USAGE
    assert "--action: must be one of thank" in capsys.readouterr().err
    assert run("p1", *words[1:]) == EXIT_USAGE
    assert "POST_ID: must be PLATFORM:ID" in capsys.readouterr().err
    assert run("x:\udcff", *words[1:]) == EXIT_USAGE


def test_a_pull_that_ended_between_the_topics_is_made_again(lab: AuditLab) -> None:
    workspace, request = new_workspace(), PullRequest("", 'x:"p1"', "kim", "sales")
    post = scored('"p1"', action="none", workspace=workspace)
    store(lab, post, pulled_post(post, request._replace(workspace=workspace), "2026-11-30T09:00:00+00:00"))
    words = ('x:"p1"', "--workspace", workspace, "--by", "sam", "--queue", "care")
    assert run(*words) == EXIT_OK
    [work] = published(lab, ACTIONABLE.name, workspace)
    assert (work.triage.by, work.triage.queue) == ("sam", "care")
    assert run(*words) == EXIT_NO


def test_a_queue_that_the_policy_has_not_is_refused_before_anything_is_read(
    lab: AuditLab, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = new_workspace()
    producer = Producer(producer_config(lab.kafka))
    producer.produce(POLICIES.name, encode(policy(workspace=workspace)), workspace.encode())
    assert producer.flush(PATIENCE_S) == 0
    assert run("x:p1", "--workspace", workspace, "--by", "sam", "--queue", "caer") == EXIT_USAGE
    assert "has no queue caer; did you mean care?" in capsys.readouterr().err
