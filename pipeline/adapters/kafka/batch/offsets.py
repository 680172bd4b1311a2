"""What the batch loop writes into the offsets topic: how far it stored, and where the batch at hand will end.

In: committed offsets with their metadata, the ends of the log. Out: where to start, which end was promised. Never
here: records.
"""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from pipeline.errors import Misconfigured, ServiceMissing

KAFKA_TIMEOUT_S = 20.0
"""Longest wait for an answer of the cluster while partitions are taken over."""


class Start(NamedTuple):
    """Where a partition goes on."""

    offset: int
    intended_end: int | None
    """End of the batch that was announced last and may be half stored; None after a clean stop."""


def encode_intent(end: int) -> str:
    """Commit metadata that announces a batch up to `end`, exclusive."""
    return json.dumps({"end": end})


def decode_intent(metadata: str | None) -> int | None:
    """The announced end; None when there is none or another tool wrote the metadata.

    Whatever stands behind the announcement is no part of it (`committed_offsets` says where that comes from).
    """
    try:
        announced, _ = json.JSONDecoder().raw_decode(metadata or "")
    except json.JSONDecodeError:
        return None
    end = announced.get("end") if isinstance(announced, dict) else None
    return end if isinstance(end, int) and end >= 0 else None


def start_of(where: str, committed: int, metadata: str | None, low: int, high: int) -> Start:
    """Where to start reading one partition.

    Args:
        where: topic, partition and group, for the message.
        committed: committed offset, negative when there is none.
        metadata: of the commit.
        low: first offset of the log.
        high: end of the log.

    Raises:
        Misconfigured: records between the committed offset and the log are gone, or the log is shorter than what
            was stored already. Going on would hide a loss; only an operator can decide to.
    """
    if committed < 0:
        return Start(low, None)
    if low <= committed <= high:
        return Start(committed, decode_intent(metadata))
    if committed < low:
        what = f"records {committed} to {low - 1} were deleted before they were stored (retention)"
    else:
        what = f"the log ends at {high}, but offsets up to {committed} were stored: it was recreated or truncated"
    raise Misconfigured(
        f"{where}: {what}. Note the loss, then move the group on purpose with Kafka's own tool: "
        "kafka-consumer-groups --reset-offsets --to-earliest --execute"
    )


def token_prefixes(admin: AdminClient, topics: Sequence[str]) -> Mapping[str, str]:
    """`<cluster id>/<topic>/<topic id>` by topic.

    With the id, because a topic that is created anew restarts at offset 0: under the old one's tokens its rows
    would silently be dropped.

    Raises:
        Misconfigured: a topic is missing. ServiceMissing: no broker answers.
    """
    try:
        cluster = admin.list_topics(timeout=KAFKA_TIMEOUT_S).cluster_id
        asked = admin.describe_topics(TopicCollection(list(topics)), request_timeout=KAFKA_TIMEOUT_S)
        ids = {name: str(future.result().topic_id) for name, future in asked.items()}
    except KafkaException as error:
        if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise Misconfigured("a topic is missing on the cluster: run `earshot topics apply`") from None
        raise ServiceMissing(f"Kafka does not answer: {error.args[0].str()}") from None
    return {name: f"{cluster}/{name}/{topic_id}" for name, topic_id in ids.items()}
