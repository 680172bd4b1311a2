"""Policies on the real broker are published, followed and refused when not newer, and bad records are skipped."""

import time
import uuid

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from pipeline.adapters.kafka.config import client_config, producer_config
from pipeline.adapters.kafka.policies.in_force import PoliciesInForce
from pipeline.adapters.kafka.policies.publication import publish_policy
from pipeline.codec import encode
from pipeline.errors import Misconfigured
from pipeline.settings import KafkaSettings
from schemas.policy.policy import Policy
from schemas.topics import POLICIES

pytestmark = pytest.mark.integration


def policy(version: int, workspace: str, team: str = "care") -> Policy:
    return Policy.model_validate(
        {
            "workspace": workspace, "version": version, "brand": {"name": "Acme"},
            "queues": [{"name": "general", "team": team}],
            "rules": [{"name": "all", "action": "respond", "queue": "general"}],
        }
    )  # fmt: skip


def put(kafka: KafkaSettings, key: bytes | None, value: bytes | None) -> None:
    producer = Producer(producer_config(kafka))
    producer.produce(POLICIES.name, key=key, value=value)
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
