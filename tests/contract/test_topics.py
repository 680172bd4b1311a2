"""The catalogue of topics is legal for Kafka, and dead letters can hold what they must."""

import re

import pytest

from pipeline.stages import STAGES
from schemas.base import SourcePosition
from schemas.dead_letter import DeadLetterInfo, decode_headers, encode_headers
from schemas.topics import TOPICS, Topic, all_topics, post_key, team_topic

PARTIES = {*(stage.name for stage in STAGES), "operators", "desktops"}
RETENTION_DAYS = {3, 14, 30, 90, 400}
INFO = DeadLetterInfo(
    stage="enrich",
    code="invalid_field",
    detail="must be a number: naïve ☕",
    field="author.followers",
    source=SourcePosition(topic="posts.raw", partition=3, offset=2**63 - 1),
    appended_ms=1_772_619_301_250,
    failed_ms=1_772_619_301_999,
)


def every(topics: list[Topic]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("topic", topics, ids=lambda topic: topic.name)


@every([*all_topics(), team_topic("a" * 63, "b" * 63)])
def test_a_topic_name_is_legal_and_has_no_metric_collision(topic: Topic) -> None:
    # Kafka's own rule; an underscore next to a period would collide in broker metric names.
    assert re.fullmatch(r"[a-z0-9.-]{1,249}", topic.name)


def test_topic_names_are_unique() -> None:
    names = [topic.name for topic in all_topics()]
    assert len(names) == len(set(names))


@every(list(all_topics()))
def test_each_topic_has_known_producers_and_consumers(topic: Topic) -> None:
    assert topic.producers
    assert topic.consumers
    assert {*topic.producers, *topic.consumers} <= PARTIES


@every(list(all_topics()))
def test_keeping_times_come_from_a_closed_set(topic: Topic) -> None:
    assert (topic.retention_days in RETENTION_DAYS) == (topic.cleanup == "delete")
    assert ("retention.ms" in topic.config) == (topic.cleanup == "delete")


@every([topic for topic in TOPICS if topic.dead_letters])
def test_a_dead_letter_topic_inherits_retention_privacy_and_holds_the_largest_record(topic: Topic) -> None:
    dead = topic.dlq
    assert dead.name == f"{topic.name}.dlq"
    assert dead.retention_days == topic.retention_days
    assert dead.plain_text == topic.plain_text
    assert dead.max_message_bytes >= topic.max_message_bytes + 64 * 1024, "value, key and headers must fit"
    assert set(dead.producers) == set(topic.consumers) - {"desktops"}, "stages give records up"
    assert not dead.dead_letters


def test_only_raw_posts_and_their_dead_letters_hold_plain_text() -> None:
    assert {topic.name for topic in all_topics() if topic.plain_text} == {"posts.raw", "posts.raw.dlq"}


@every(list(all_topics()))
def test_every_topic_uses_the_brokers_append_time(topic: Topic) -> None:
    assert topic.config["message.timestamp.type"] == "LogAppendTime"


@every([*all_topics(), team_topic("acme", "care")])
def test_what_other_systems_read_is_compressed_with_what_every_client_reads(topic: Topic) -> None:
    read_outside = topic.name.startswith(("assignments", "cases.")) and not topic.name.endswith(".dlq")
    assert topic.config.get("compression.type") == ("gzip" if read_outside else None)


def test_partitions_scale_with_posts_or_routing() -> None:
    counts = {topic.name: topic.partition_count(24, 8) for topic in all_topics()}
    assert (counts["posts.raw"], counts["reps.events"], counts["policies"]) == (24, 8, 1)
    assert all(count == 1 for name, count in counts.items() if name.endswith(".dlq"))


def test_inputs_of_the_router_have_the_same_partitions() -> None:
    assert {topic.partitions for topic in TOPICS if "route" in topic.consumers} - {1} == {"R"}


def test_the_key_of_posts_is_workspace_and_author() -> None:
    assert post_key("kestrel-coffee", "chirp:ü") == "kestrel-coffee/chirp:ü".encode()


@pytest.mark.parametrize("info", [INFO, INFO.model_copy(update={"field": None})], ids=["field", "no field"])
def test_dead_letter_headers_survive_a_round_trip(info: DeadLetterInfo) -> None:
    foreign = [("traceparent", b"\xff")]
    assert decode_headers(foreign + encode_headers(info)) == info


def test_a_long_detail_or_field_is_cut_to_what_the_contract_allows() -> None:
    given = INFO.model_dump(exclude={"source"}) | {"source": INFO.source, "detail": "d" * 900, "field": "f" * 900}
    cut = DeadLetterInfo.shortened(**given)
    assert (cut.detail, cut.field) == ("d" * 500, "f" * 200)
    assert DeadLetterInfo.shortened(**(given | {"field": None})).field is None


@pytest.mark.parametrize("missing", [name for name, _ in encode_headers(INFO) if not name.endswith(".field")])
def test_a_missing_dead_letter_header_is_named(missing: str) -> None:
    headers = [(name, value) for name, value in encode_headers(INFO) if name != missing]
    with pytest.raises(ValueError, match=re.escape(missing)):
        decode_headers(headers)
    # Other programs may write headers without a value.
    with pytest.raises(ValueError, match=re.escape(missing)):
        decode_headers([*headers, (missing, None)])


def test_a_malformed_dead_letter_header_is_an_error() -> None:
    headers = [(name, b"soon" if name.endswith("failed_ms") else value) for name, value in encode_headers(INFO)]
    with pytest.raises(ValueError, match="soon"):
        decode_headers(headers)
