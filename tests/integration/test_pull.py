"""`earshot pull` finds a post on a real broker, publishes it as work on both topics, and does so once."""

import json
import uuid
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer

from pipeline.adapters.kafka.config import producer_config
from pipeline.adapters.kafka.reader import read_topic
from pipeline.cli import main
from pipeline.codec import decode, encode
from pipeline.errors import EXIT_NO, EXIT_OK, EXIT_USAGE
from pipeline.local.endpoints import Endpoints
from schemas.posts.scored import ScoredPost
from schemas.topics import ACTIONABLE, SCORED, post_key
from tests.builders import scored
from tests.integration.audit_lab import PATIENCE_S, AuditLab

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def lab(stack: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuditLab]:
    made = AuditLab(stack, tmp_path_factory.mktemp("state"))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _environment(lab: AuditLab, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in lab.environment.items():
        monkeypatch.setenv(name, value)


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["pull", *words])
    return EXIT_OK if ended.value.code is None else int(str(ended.value.code))


def published(lab: AuditLab, topic: str, workspace: str) -> list[ScoredPost]:
    posts = (decode(ScoredPost, message.value()) for message in read_topic(lab.kafka, topic))
    return [post for post in posts if post.workspace == workspace]


def test_a_post_is_pulled_once_in_its_newest_revision(lab: AuditLab, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = f"pull-{uuid.uuid4().hex[:8]}"
    producer = Producer(producer_config(lab.kafka))
    for revision in (0, 1):
        post = scored("p1", action="none", workspace=workspace, revision=revision)
        producer.produce(SCORED.name, encode(post), post_key(workspace, post.author.author_id))
    assert producer.flush(PATIENCE_S) == 0
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
    words = ("x:p1", "--workspace", f"pull-{uuid.uuid4().hex[:8]}", "--by", "sam", "--queue", "care")
    assert run(*words) == EXIT_NO
    assert run(*words, "--action", "none") == EXIT_USAGE
    assert "--action: must be one of thank" in capsys.readouterr().err
