"""The AsyncAPI file lists every topic, and every reference in it leads somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.adapters.kafka.config import consumer_config, producer_config
from pipeline.settings import KafkaSettings
from schemas.base import SourcePosition
from schemas.dead_letter import DeadLetterInfo, encode_headers
from schemas.refusals import REFUSALS
from schemas.topics import all_topics

FILE = Path(__file__).parents[2] / "schemas/published/asyncapi.yaml"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return loaded


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for name, inner in node.items():
            if name == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)


def test_the_required_parts_of_asyncapi_3_are_there(document: dict[str, Any]) -> None:
    assert document["asyncapi"] == "3.1.0"
    assert document["info"].keys() >= {"title", "version"}
    known = {"asyncapi", "id", "info", "servers", "defaultContentType", "channels", "operations", "components"}
    assert {name for name in document if not name.startswith("x-")} <= known


def test_every_topic_is_a_channel_and_nothing_else_is(document: dict[str, Any]) -> None:
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert addresses == {topic.name for topic in all_topics()} | {"assignments.{workspace}.{team}"}


def test_the_parameters_of_an_address_are_declared(document: dict[str, Any]) -> None:
    for channel in document["channels"].values():
        assert set(re.findall(r"\{(\w+)\}", channel["address"])) == set(channel.get("parameters", {}))


def test_each_reference_resolves(document: dict[str, Any]) -> None:
    found = list(references(document))
    assert found
    for reference in found:
        file, _, pointer = reference.partition("#")
        if file:
            assert (FILE.parent / file).is_file(), reference
        node: Any = document
        for step in pointer.split("/")[1:]:
            node = node[step]


def test_each_operation_sends_or_receives_messages_of_its_channel(document: dict[str, Any]) -> None:
    for name, operation in document["operations"].items():
        assert operation["action"] in {"send", "receive"}, name
        channel = operation["channel"]["$ref"]
        assert channel.startswith("#/channels/")
        assert all(message["$ref"].startswith(f"{channel}/messages/") for message in operation["messages"])


def test_each_channel_has_a_sender_and_a_receiver(document: dict[str, Any]) -> None:
    for action in ("send", "receive"):
        served = {
            operation["channel"]["$ref"].removeprefix("#/channels/")
            for operation in document["operations"].values()
            if operation["action"] == action
        }
        assert served == set(document["channels"])


def test_a_client_finds_what_it_must_be_set_to_in_fields(document: dict[str, Any]) -> None:
    assert {server["protocol"] for server in document["servers"].values()} == {"kafka", "kafka-secure"}
    for name, operation in document["operations"].items():
        if operation["action"] == "receive":
            assert operation["x-isolation-level"] == "read_committed", name
        else:
            assert operation["x-partitioner"] == "murmur2", name
    for topic in all_topics():
        compression = document["channels"][topic.name]["x-compression"]
        assert compression == topic.config.get("compression.type", producer_config(KAFKA)["compression.type"])
    assert producer_config(KAFKA)["partitioner"] == "murmur2_random", "murmur2 of the key where there is one"
    assert consumer_config(KAFKA, "any")["isolation.level"] == "read_committed"


KAFKA = KafkaSettings(bootstrap_servers="somewhere:9092")


def test_compacted_topics_have_tombstones_as_messages_of_their_own(document: dict[str, Any]) -> None:
    with_tombstones = {topic.name for topic in all_topics() if topic.cleanup == "compact"}
    for name, channel in document["channels"].items():
        assert channel["x-tombstones"] == (name in with_tombstones)
        assert (f"{name}.tombstone" in channel["messages"]) == (name in with_tombstones)
    for name in with_tombstones:
        assert document["components"]["messages"][f"{name}.tombstone"]["payload"] == {"type": "null"}


def test_every_code_of_refusal_is_told_with_its_meaning_and_what_to_do(document: dict[str, Any]) -> None:
    told = {(place, code) for place, codes in document["x-refusals"].items() for code in codes}
    assert told == {(place, refusal.code) for refusal in REFUSALS for place in refusal.places}
    for codes in document["x-refusals"].values():
        assert all(code.keys() == {"meaning", "remedy"} for code in codes.values())


def test_parties_keys_and_keeping_times_are_those_of_the_contract(document: dict[str, Any]) -> None:
    for topic in all_topics():
        channel = document["channels"][topic.name]
        assert channel["x-key"] == topic.key
        assert channel["x-partitions"] == topic.partitions
        assert channel["x-retention-days"] == topic.retention_days
        assert channel["x-dead-letters"] == (topic.dlq.name if topic.dead_letters else None)
        configuration = channel["bindings"]["kafka"]["topicConfiguration"]
        assert str(configuration.get("retention.ms", "")) == topic.config.get("retention.ms", "")
        assert configuration["cleanup.policy"] == [topic.cleanup]
        for action, parties in (("send", topic.producers), ("receive", topic.consumers)):
            for party in parties:
                assert f"{party}.{action}.{topic.name}" in document["operations"]


def test_the_headers_of_dead_letters_are_those_that_are_written(document: dict[str, Any]) -> None:
    source = SourcePosition(topic="posts.raw", partition=1, offset=2)
    info = DeadLetterInfo(
        stage="enrich", code="c", detail="d", field="f", source=source, appended_ms=3, failed_ms=4
    )
    written = {name for name, _ in encode_headers(info)}
    optional = written - {name for name, _ in encode_headers(info.model_copy(update={"field": None}))}
    for topic in all_topics():
        if topic.name.endswith(".dlq"):
            headers = document["components"]["messages"][topic.name]["headers"]
            assert set(headers["properties"]) == written
            assert set(headers["required"]) == written - optional
