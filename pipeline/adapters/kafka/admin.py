"""Creates the contract's topics on a cluster and keeps their settings; never deletes, never repartitions."""

from collections.abc import Iterable, Mapping
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

from pipeline.adapters.kafka.reach import reach
from pipeline.errors import Misconfigured
from pipeline.settings import KafkaSettings
from schemas.topics import Topic

TIMEOUT_S = 30.0
"""A broker that does not answer an admin request in this time is taken as missing."""


@dataclass(frozen=True)
class TopicPlan:
    """What must be done to one topic. Nothing must be where it exists and `config` is empty."""

    topic: Topic
    partitions: int
    create: bool = False
    config: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    """Maps the name of each setting that differs to its value on the cluster and its value in the contract."""

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
    """Returns an admin client that has reached the cluster.

    Raises:
        ServiceMissing: no broker answers.
        Misconfigured: the brokers refuse us.
    """
    return reach(kafka, TIMEOUT_S)


def plan_topics(kafka: KafkaSettings, topics: Iterable[Topic]) -> list[TopicPlan]:
    """Compares the cluster with the contract, in the order of `topics`.

    Raises:
        Misconfigured: a topic has another number of partitions. It is never changed, because keys would move.
        ServiceMissing: no broker answers.
    """
    admin = admin_client(kafka)
    existing = {name: len(meta.partitions) for name, meta in admin.list_topics(timeout=TIMEOUT_S).topics.items()}
    wanted = list(topics)
    present = [topic for topic in wanted if topic.name in existing]
    _check_counts(kafka, {topic: existing[topic.name] for topic in present})
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


def _check_counts(kafka: KafkaSettings, counts: Mapping[Topic, int]) -> None:
    """Compares partition counts with the settings.

    Raises:
        Misconfigured: some differ. All are named, with the settings that would fit them.
    """
    wrong = {
        topic: count
        for topic, count in counts.items()
        if topic.partition_count(kafka.post_partitions, kafka.route_partitions) != count
    }
    if not wrong:
        return
    differences = ", ".join(
        f"{topic.name} has {count}, not {topic.partition_count(kafka.post_partitions, kafka.route_partitions)}"
        for topic, count in wrong.items()
    )
    variables = {"P": "EARSHOT_KAFKA__POST_PARTITIONS", "R": "EARSHOT_KAFKA__ROUTE_PARTITIONS"}
    # A setting helps where all topics that it sizes have the same count.
    sizes = {kind: {n for topic, n in counts.items() if topic.partitions == kind} for kind in variables}
    fits = [
        f"{variables[kind]}={counts_of_kind.pop()}"
        for kind, counts_of_kind in sizes.items()
        if len(counts_of_kind) == 1 and any(topic.partitions == kind for topic in wrong)
    ]
    raise Misconfigured(
        f"partition counts are fixed for a cluster's life and differ from the settings: {differences}",
        remedy=f"set {' and '.join(fits)}" if fits else None,
    )


def ensure_topics(kafka: KafkaSettings, topics: Iterable[Topic]) -> list[TopicPlan]:
    """Creates what is missing, sets what differs, and returns what was done. Repeating it changes nothing.

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
    # Incremental, so that settings which an operator made beside ours stay as they are.
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
            # Another `topics apply` may have been quicker. The topic is there then, which is all that was wanted.
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
