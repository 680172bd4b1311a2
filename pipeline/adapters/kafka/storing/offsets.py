"""What the batch loop commits: how far it has stored, and in the metadata where the batch at hand will end.

Whoever takes over after a crash cuts the same batch again, under the same token, so that the store drops the rows
that it has already.
"""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from pipeline.errors import Misconfigured, ServiceMissing

KAFKA_TIMEOUT_S = 20.0
"""Longest wait for an answer of the cluster while partitions are acquired."""


class ResumePoint(NamedTuple):
    """Where the storing of a partition goes on."""

    offset: int
    announced_end: int | None
    """End of the batch that was announced last and may be stored in part; None after a clean stop."""


def encode_announced_end(end: int) -> str:
    """Returns commit metadata that announces a batch up to `end`, exclusive."""
    return json.dumps({"end": end})


def decode_announced_end(metadata: str | None) -> int | None:
    """Returns the announced end; None when there is none or another tool wrote the metadata.

    Bytes behind the announcement are no part of it (`committed_offsets` says where they come from).
    """
    try:
        announced, _ = json.JSONDecoder().raw_decode(metadata or "")
    except json.JSONDecodeError:
        return None
    end = announced.get("end") if isinstance(announced, dict) else None
    return end if isinstance(end, int) and end >= 0 else None


def resume_point(where: str, committed: int, metadata: str | None, low: int, high: int) -> ResumePoint:
    """Returns where to start reading one partition.

    Args:
        where: topic, partition and group, for the message.
        committed: the committed offset, negative when there is none.
        metadata: the metadata of the commit.
        low: the first offset of the log.
        high: the end of the log.

    Raises:
        Misconfigured: records between the committed offset and the log are gone, or the log is shorter than what
            was stored already. Going on would hide a loss, so only an operator may decide to.
    """
    if committed < 0:
        return ResumePoint(low, None)
    if low <= committed <= high:
        return ResumePoint(committed, decode_announced_end(metadata))
    if committed < low:
        what = f"records {committed} to {low - 1} were deleted before they were stored (retention)"
    else:
        what = f"the log ends at {high}, but offsets up to {committed} were stored: it was recreated or truncated"
    raise Misconfigured(
        f"{where}: {what}. Note the loss, then move the group on purpose with Kafka's own tool: "
        "kafka-consumer-groups --reset-offsets --to-earliest --execute"
    )


def token_prefixes(admin: AdminClient, topics: Sequence[str]) -> Mapping[str, str]:
    """Returns `<cluster id>/<topic>/<topic id>` by topic.

    The id is part of it, because a topic that is created again restarts at offset 0. Under the tokens of the
    former one the store would silently drop its rows.

    Raises:
        Misconfigured: a topic is missing.
        ServiceMissing: no broker answers.
    """
    try:
        cluster = admin.list_topics(timeout=KAFKA_TIMEOUT_S).cluster_id
        answers = admin.describe_topics(TopicCollection(list(topics)), request_timeout=KAFKA_TIMEOUT_S)
        ids = {name: str(future.result().topic_id) for name, future in answers.items()}
    except KafkaException as error:
        if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise Misconfigured("a topic is missing on the cluster: run `earshot topics apply`") from None
        raise ServiceMissing(f"Kafka does not answer: {error.args[0].str()}") from None
    return {name: f"{cluster}/{name}/{topic_id}" for name, topic_id in ids.items()}
