"""The AsyncAPI 3.1 document of the contract, as data: channels, messages, and who sends and receives.

`asyncapi.yaml` is written from it. It is made of `topics.TOPICS` and `refusals.REFUSALS`. What a client of Kafka
must be set to stands in fields: in bindings if AsyncAPI has one for it, and in `x-` extensions if not. Host names
and passwords belong to a deployment and are not in it.
"""

from collections.abc import Iterator
from typing import Any, get_args

from schemas.dead_letter import MAX_DETAIL_CHARS, PREFIX
from schemas.refusals import Place, refusals_at
from schemas.tools.export import DIALECT, MAJOR, schema_file_name
from schemas.topics import ASSIGNMENTS, Topic, all_topics, team_topic

Document = dict[str, Any]

KAFKA_BINDING = "0.5.0"
"""The version of AsyncAPI's Kafka binding that the document follows."""
ISOLATION = "read_committed"
"""The `isolation.level` that every consumer needs, because decisions are written in transactions."""
PARTITIONER = "murmur2"
"""The hash by which a key finds its partition, which is the default of the Java clients and of kafkajs."""
TEAM_CHANNEL = f"{ASSIGNMENTS.name}.team"
_SCHEMA_FORMAT = f"application/schema+json;version={DIALECT.split('/')[-2]}"
_LONGEST_NUMBER_CHARS = 19
"""The largest offset, 2**63 - 1, has so many digits."""


def asyncapi() -> Document:
    """Returns the whole document. The same contract gives the same document, in the same order."""
    channels = dict(_channels())
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Earshot",
            "version": f"{MAJOR}.0.0",
            "description": "The topics of Earshot on Kafka. Values are JSON in UTF-8. The number of partitions is "
            "P for topics that scale with posts and R for those that scale with routing. A value that passes its "
            "schema may still be refused, because rules between fields are stated in words only. x-refusals lists "
            "every code of refusal, by the place where it is met.",
            "license": {"name": "Apache-2.0"},
        },
        "servers": {"kafka": _server("kafka"), "kafka-secure": _server("kafka-secure")},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": dict(_operations()),
        "components": {"messages": dict(_messages())},
        "x-refusals": {place: _refusals(place) for place in get_args(Place)},
    }


def _server(protocol: str) -> Document:
    return {
        "host": "{bootstrap}",
        "protocol": protocol,
        "description": "the cluster over TLS" if protocol == "kafka-secure" else "the cluster without TLS",
        "variables": {
            "bootstrap": {
                "default": "localhost:9092",
                "description": "host:port of the deployment's brokers, separated by commas",
            }
        },
        "bindings": {"kafka": {"bindingVersion": KAFKA_BINDING}},
    }


def _refusals(place: Place) -> Document:
    return {refusal.code: {"meaning": refusal.meaning, "remedy": refusal.remedy} for refusal in refusals_at(place)}


def _channels() -> Iterator[tuple[str, Document]]:
    for topic in all_topics():
        yield topic.name, _channel(topic, topic.name)
        if topic == ASSIGNMENTS:
            yield TEAM_CHANNEL, _team_channel()


def _channel(topic: Topic, message: str) -> Document:
    configuration: Document = {
        "cleanup.policy": [topic.cleanup],
        "max.message.bytes": topic.max_message_bytes,
    }
    if topic.cleanup == "delete":
        configuration["retention.ms"] = int(topic.config["retention.ms"])
    return {
        "address": topic.name,
        "description": topic.about,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _message_names(topic, message)},
        "bindings": {"kafka": {"topicConfiguration": configuration, "bindingVersion": KAFKA_BINDING}},
        "x-key": topic.key,
        "x-partitions": topic.partitions,
        "x-retention-days": topic.retention_days,
        "x-plain-text": topic.plain_text,
        "x-dead-letters": topic.dlq.name if topic.dead_letters else None,
        # lz4 is what our own producers are set to, and the broker keeps it on topics without a setting.
        "x-compression": topic.config.get("compression.type", "lz4"),
        "x-tombstones": topic.tombstone is not None,
    }


def _message_names(topic: Topic, message: str) -> list[str]:
    return [message] if topic.tombstone is None else [message, f"{message}.tombstone"]


def _team_channel() -> Document:
    # In an address AsyncAPI takes the names in braces for parameters.
    pattern = team_topic("{workspace}", "{team}")
    channel = _channel(pattern, ASSIGNMENTS.name)
    channel["parameters"] = {
        "workspace": {"description": "name of the workspace"},
        "team": {"description": "name of a team that has queues in the policy of the workspace"},
    }
    return channel


def _operations() -> Iterator[tuple[str, Document]]:
    for topic in all_topics():
        yield from _operations_of(topic, topic.name, topic.name)
        if topic == ASSIGNMENTS:
            yield from _operations_of(team_topic("{workspace}", "{team}"), TEAM_CHANNEL, ASSIGNMENTS.name)


def _operations_of(topic: Topic, channel: str, message: str) -> Iterator[tuple[str, Document]]:
    for action, parties in (("send", topic.producers), ("receive", topic.consumers)):
        for party in parties:
            yield (
                f"{party}.{action}.{channel}",
                {
                    "action": action,
                    "channel": {"$ref": f"#/channels/{channel}"},
                    "messages": [
                        {"$ref": f"#/channels/{channel}/messages/{name}"}
                        for name in _message_names(topic, message)
                    ],
                    "tags": [{"name": party}],
                    **(
                        {"x-isolation-level": ISOLATION} if action == "receive" else {"x-partitioner": PARTITIONER}
                    ),
                },
            )


def _messages() -> Iterator[tuple[str, Document]]:
    for topic in all_topics():
        yield topic.name, _message(topic)
        if topic.tombstone is not None:
            yield f"{topic.name}.tombstone", _tombstone(topic, topic.tombstone)


def _key(topic: Topic) -> Document:
    return {"kafka": {"key": {"type": "string", "description": topic.key}, "bindingVersion": KAFKA_BINDING}}


def _tombstone(topic: Topic, meaning: str) -> Document:
    """Describes a record with a key and no value."""
    return {
        "name": "Tombstone",
        "summary": meaning,
        "payload": {"type": "null"},
        "bindings": _key(topic),
    }


def _message(topic: Topic) -> Document:
    key = _key(topic)
    if topic.model is not None:
        reference = {"$ref": f"./json/{schema_file_name(topic)}"}
        return {
            "name": topic.model.__name__,
            "summary": _first_line(topic.model),
            "contentType": "application/json",
            "payload": {"schemaFormat": _SCHEMA_FORMAT, "schema": reference},
            "bindings": key,
        }
    raw: Document = {"name": "Bytes", "summary": topic.about, "contentType": "application/octet-stream"}
    if topic.name.endswith(".dlq"):
        raw = raw | {"name": "DeadLetter", "headers": _dead_letter_headers()}
    return raw | {"bindings": key}


def _first_line(model: type) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


def _dead_letter_headers() -> Document:
    """Describes the headers, whose values are UTF-8 text and decimal numbers (`dead_letter.encode_headers`)."""
    number = {"type": "string", "pattern": "^[0-9]+$", "maxLength": _LONGEST_NUMBER_CHARS}
    # Only `field` may be missing, as `encode_headers` writes it.
    properties: Document = {
        "stage": {"type": "string", "maxLength": 32, "description": "stage that gave the record up"},
        "code": {"type": "string", "maxLength": 64, "description": "stable code of the reason, one of x-refusals"},
        "detail": {"type": "string", "maxLength": MAX_DETAIL_CHARS, "description": "the reason for a person"},
        "field": {"type": "string", "maxLength": 200, "description": "dotted path of the field at fault"},
        "source.topic": {"type": "string", "maxLength": 249},
        "source.partition": dict(number),
        "source.offset": dict(number),
        "appended_ms": dict(number) | {"description": "append time of the record, ms since 1970"},
        "failed_ms": dict(number) | {"description": "when it was given up, ms since 1970"},
    }
    return {
        "type": "object",
        "properties": {PREFIX + name: schema for name, schema in properties.items()},
        "required": [PREFIX + name for name in properties if name != "field"],
    }
