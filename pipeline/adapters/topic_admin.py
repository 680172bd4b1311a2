"""Creates the contract's topics on a cluster and keeps their settings; never deletes, never repartitions."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from pipeline.adapters.kafka_config import client_config
from pipeline.errors import Misconfigured, ServiceMissing
from pipeline.settings import KafkaSettings
from schemas.topics import Topic

TIMEOUT_S = 30.0
"""A broker that does not answer an admin request in this time is taken as missing."""


@dataclass(frozen=True)
class TopicPlan:
    """What must be done to one topic; nothing when both parts are empty."""

    topic: Topic
    partitions: int
    create: bool = False
    config: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    """Setting name: (value on the cluster, value of the contract)."""

    def __str__(self) -> str:
        if self.create:
            return f"{self.topic.name}: create with {self.partitions} partitions"
        changes = ", ".join(f"{name} {old} -> {new}" for name, (old, new) in sorted(self.config.items()))
        return f"{self.topic.name}: {changes or 'as declared'}"

    @property
    def changes(self) -> bool:
        """Whether the cluster differs from the contract."""
        return self.create or bool(self.config)


def admin_client(kafka: KafkaSettings) -> AdminClient:
    """An admin client that has reached the cluster.

    Raises:
        ServiceMissing: no broker answers.
    """
    admin = AdminClient(client_config(kafka))
    try:
        admin.list_topics(timeout=TIMEOUT_S)
    except KafkaException as error:
        raise ServiceMissing(
            f"Kafka at {kafka.bootstrap_servers} does not answer: {error.args[0].str()}"
        ) from None
    return admin


def plan_topics(kafka: KafkaSettings, topics: Iterable[Topic]) -> list[TopicPlan]:
    """Compares the cluster with the contract, in the order of `topics`.

    Raises:
        Misconfigured: a topic has another number of partitions: keys would move, so this is never changed.
        ServiceMissing: no broker answers.
    """
    admin = admin_client(kafka)
    existing = {name: len(meta.partitions) for name, meta in admin.list_topics(timeout=TIMEOUT_S).topics.items()}
    wanted = list(topics)
    present = [topic for topic in wanted if topic.name in existing]
    for topic in present:
        count = topic.partition_count(kafka.post_partitions, kafka.route_partitions)
        if existing[topic.name] != count:
            raise Misconfigured(
                f"{topic.name} has {existing[topic.name]} partitions on the cluster, the settings say {count}. "
                "Partition counts are fixed for a cluster's life: set EARSHOT_KAFKA__POST_PARTITIONS and "
                "EARSHOT_KAFKA__ROUTE_PARTITIONS to what the cluster has."
            )
    actual = _configs(admin, [topic.name for topic in present])
    return [
        TopicPlan(
            topic,
            topic.partition_count(kafka.post_partitions, kafka.route_partitions),
            create=topic.name not in existing,
            config={
                name: (actual[topic.name].get(name), value)
                for name, value in topic.config.items()
                if topic.name in actual and actual[topic.name].get(name) != value
            },
        )
        for topic in wanted
    ]


def ensure_topics(kafka: KafkaSettings, topics: Iterable[Topic]) -> list[TopicPlan]:
    """Creates what is missing and sets what differs; returns what was done. Safe to repeat.

    Raises:
        Misconfigured: a partition count differs, or the cluster refuses a topic.
        ServiceMissing: no broker answers.
    """
    plans = plan_topics(kafka, topics)
    admin = admin_client(kafka)
    create = [
        NewTopic(plan.topic.name, plan.partitions, kafka.replication_factor, config=plan.topic.config)
        for plan in plans
        if plan.create
    ]
    alter = [
        ConfigResource(
            ResourceType.TOPIC,
            plan.topic.name,
            incremental_configs=[
                ConfigEntry(name, new, incremental_operation=AlterConfigOpType.SET)
                for name, (_, new) in plan.config.items()
            ],
        )
        for plan in plans
        if plan.config
    ]
    futures = admin.create_topics(create) if create else {}
    settings = admin.incremental_alter_configs(alter) if alter else {}
    for name, future in [*futures.items(), *((resource.name, f) for resource, f in settings.items())]:
        try:
            future.result(TIMEOUT_S)
        except KafkaException as error:
            # Another `topics apply` may have been quicker: then the topic is there, which is what was asked for.
            if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                raise Misconfigured(f"{name}: the cluster refuses: {error.args[0].str()}") from None
    return [plan for plan in plans if plan.changes]


def _configs(admin: AdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    futures = admin.describe_configs([ConfigResource(ResourceType.TOPIC, name) for name in names])
    return {
        resource.name: {entry.name: entry.value for entry in future.result(TIMEOUT_S).values()}
        for resource, future in futures.items()
    }
