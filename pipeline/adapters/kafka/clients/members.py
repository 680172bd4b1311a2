"""How many consumers a group has."""

from confluent_kafka import KafkaError, KafkaException

from pipeline.adapters.kafka.reach import reach
from pipeline.errors import ServiceMissing
from pipeline.settings import KafkaSettings

GROUP_S = 20.0
"""Time for a coordinator that has just started and loads its groups first."""
MARGIN_S = 3.0
"""The client's own time is shorter by this, so that it ends with a reason."""


def count_members(kafka: KafkaSettings, group: str) -> int:
    """The members of a group; 0 for one that never was.

    Raises:
        ServiceMissing: the brokers do not tell.
    """
    admin = reach(kafka, GROUP_S)
    described = admin.describe_consumer_groups([group], request_timeout=GROUP_S)
    try:
        return len(described[group].result(GROUP_S + MARGIN_S).members)
    except KafkaException as error:
        cause: KafkaError = error.args[0]
        if cause.code() in (KafkaError.GROUP_ID_NOT_FOUND, KafkaError.INVALID_GROUP_ID):
            return 0
        raise ServiceMissing(f"Kafka does not tell who reads: {cause.str()}") from None
    except TimeoutError:
        raise ServiceMissing("Kafka does not tell who reads: no answer") from None
