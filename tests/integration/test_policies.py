"""Policies on the real broker are published, followed and refused when not newer, and bad records are skipped."""

import time
import uuid
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from pipeline.adapters.kafka.config import client_config, producer_config
from pipeline.adapters.kafka.policies.in_force import PoliciesInForce
from pipeline.adapters.kafka.policies.publication import publish_policy
from pipeline.adapters.kafka.reader import TopicReader
from pipeline.cli import main
from pipeline.codec import encode
from pipeline.errors import EXIT_NO, EXIT_USAGE, Misconfigured
from pipeline.settings import KafkaSettings
from schemas.cases.case import CaseCurrent
from schemas.policy.policy import Policy
from schemas.topics import CASES, POLICIES
from tests.builders import at, author
from tests.golden.test_refusals import FOLDER, REFUSED, write

pytestmark = pytest.mark.integration


def policy(version: int, workspace: str, team: str = "care") -> Policy:
    return Policy.model_validate(
        {
            "workspace": workspace, "version": version, "brand": {"name": "Acme"},
            "queues": [{"name": "general", "team": team}],
            "rules": [{"name": "all", "action": "respond", "queue": "general"}],
        }
    )  # fmt: skip


def put(kafka: KafkaSettings, key: bytes | None, value: bytes | None, topic: str = POLICIES.name) -> None:
    producer = Producer(producer_config(kafka))
    producer.produce(topic, key=key, value=value)
    assert producer.flush(30) == 0


def poll_until_changed(reader: PoliciesInForce) -> None:
    deadline = time.monotonic() + 30
    while not reader.poll():
        assert time.monotonic() < deadline, "no change arrived"
        time.sleep(0.05)


def test_a_published_policy_is_in_force_for_new_readers_and_its_team_topics_exist(kafka: KafkaSettings) -> None:
    workspace = f"pol-{uuid.uuid4().hex[:8]}"
    assert publish_policy(kafka, policy(1, workspace)) is True
    reader = PoliciesInForce.start(kafka)
    assert reader.policies()[workspace] == policy(1, workspace)
    reader.close()
    assert f"assignments.{workspace}.care" in AdminClient(client_config(kafka)).list_topics(timeout=20).topics


def test_a_version_that_is_not_newer_is_refused_unless_it_is_the_same(kafka: KafkaSettings) -> None:
    workspace = f"pol-{uuid.uuid4().hex[:8]}"
    publish_policy(kafka, policy(5, workspace))
    assert publish_policy(kafka, policy(5, workspace)) is False
    for version in (4, 5):
        with pytest.raises(Misconfigured, match="above 5"):
            publish_policy(kafka, policy(version, workspace, team="other"))
    assert publish_policy(kafka, policy(6, workspace, team="other")) is True


def test_a_reader_follows_changes_and_tombstones_and_never_changes_a_mapping_it_gave_out(
    kafka: KafkaSettings,
) -> None:
    workspace = f"pol-{uuid.uuid4().hex[:8]}"
    reader = PoliciesInForce.start(kafka)
    before = reader.policies()
    assert reader.poll() is False
    publish_policy(kafka, policy(1, workspace))
    poll_until_changed(reader)
    assert reader.versions()[workspace] == 1
    assert workspace not in before
    put(kafka, workspace.encode(), None)
    poll_until_changed(reader)
    assert workspace not in reader.policies()
    reader.close()


def test_bad_records_are_skipped_and_the_policy_before_them_stays(kafka: KafkaSettings) -> None:
    workspace = f"pol-{uuid.uuid4().hex[:8]}"
    publish_policy(kafka, policy(1, workspace))
    for key, value in (
        (workspace.encode(), b"{"),
        (b"someone-else", encode(policy(2, workspace))),
        (None, encode(policy(2, workspace))),
        (b"\xff", None),
    ):
        put(kafka, key, value)
    reader = PoliciesInForce.start(kafka)
    assert reader.versions()[workspace] == 1
    reader.close()


def test_a_thread_follows_for_stages_without_a_place_to_poll(kafka: KafkaSettings) -> None:
    workspace = f"pol-{uuid.uuid4().hex[:8]}"
    reader = PoliciesInForce.start(kafka)
    reader.follow()
    publish_policy(kafka, policy(3, workspace))
    deadline = time.monotonic() + 30
    while workspace not in reader.policies():
        assert time.monotonic() < deadline, "no change arrived"
        time.sleep(0.05)
    reader.close()


def earshot(kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Runs `earshot policy` on this broker and returns its exit code."""
    monkeypatch.setenv("EARSHOT_KAFKA__BOOTSTRAP_SERVERS", str(kafka.bootstrap_servers))
    with pytest.raises(SystemExit) as ended:
        main(["policy", *words])
    return int(ended.value.code or 0)


def in_force(kafka: KafkaSettings, workspace: str) -> Policy:
    reader = PoliciesInForce.start(kafka)
    try:
        return reader.policies()[workspace]
    finally:
        reader.close()


def test_no_bad_policy_gets_to_the_topic_and_the_one_in_force_stays(
    kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    workspace = f"pol-{uuid.uuid4().hex[:8]}"
    good = tmp_path / "good.yaml"
    text = (FOLDER / "policy_good.yaml").read_text(encoding="utf-8")
    good.write_text(text.replace("workspace: acme", f"workspace: {workspace}"), encoding="utf-8")
    assert earshot(kafka, monkeypatch, "apply", str(good)) == 0
    before, ends = in_force(kafka, workspace), TopicReader(kafka).ends([POLICIES.name])
    for case in REFUSED:
        bad = write(case, tmp_path)
        newer = bad.read_text(encoding="utf-8").replace("workspace: acme", f"workspace: {workspace}")
        bad.write_text(newer.replace("version: 2", "version: 3"), encoding="utf-8")
        assert earshot(kafka, monkeypatch, "apply", str(bad)) == EXIT_USAGE, case.about
    assert TopicReader(kafka).ends([POLICIES.name]) == ends
    assert in_force(kafka, workspace) == before


def test_a_diff_counts_the_waiting_cases_that_a_policy_would_move(
    kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = f"pol-{uuid.uuid4().hex[:8]}"
    publish_policy(kafka, policy(1, workspace))
    states = ("waiting", "waiting", "waiting", "offered", "assigned")
    for number, state in enumerate(states):
        put(kafka, f"{workspace}-{number}".encode(), encode(current(workspace, number, state)), CASES.name)
    put(kafka, f"{workspace}-0".encode(), None, CASES.name)
    put(kafka, b"other", encode(current(f"{workspace}-b", 9, "waiting")), CASES.name)
    path = tmp_path / "policy.yaml"
    path.write_text(
        f"{{workspace: {workspace}, version: 2, brand: {{name: Acme}}, queues: [{{name: general, team: night}}], "
        "rules: [{name: all, action: respond, queue: general}]}",
        encoding="utf-8",
    )
    assert earshot(kafka, monkeypatch, "diff", str(path)) == EXIT_NO
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "queue general goes to team night from care: 2 waiting (2 stay with their reps) go along",
        f"team night is new: topic assignments.{workspace}.night is made for it",
        "team care has no queue any more: its reps get no cases",
    ]
    # Whatever else stands there is about bad records of the tests above.
    last = said.err.splitlines()[-1]
    assert last == f"{workspace}: 3 changes from version 1 to version 2; 2 of 2 waiting cases move"
    assert in_force(kafka, workspace).version == 1


def current(workspace: str, number: int, state: str) -> CaseCurrent:
    return CaseCurrent.model_validate(
        {
            "workspace": workspace, "case_id": f"{workspace}-{number}", "state": state, "queue": "general",
            "team": "care", "priority": 50.0, "attempt": 0, "root_post_id": "x:p1", "author": author(),
            "posts_total": 1, "queued_at": at(), "respond_by": at(), "updated_at": at(), "event_seq": 0,
        }
    )  # fmt: skip
