"""Puts a policy in force: it makes the team topics, then sends the record and awaits its delivery.

A version that is not newer than the published one is refused.
"""

from pipeline.adapters.kafka.admin import ensure_topics
from pipeline.adapters.kafka.policies.in_force import PoliciesInForce
from pipeline.adapters.kafka.publisher import KafkaPublisher
from pipeline.codec import encode
from pipeline.errors import Misconfigured, Transient
from pipeline.ports.records import Record
from pipeline.settings import KafkaSettings
from schemas.policy.policy import Policy
from schemas.topics import POLICIES, team_topic

DELIVERY_TIMEOUT_S = 30.0


def publish_policy(kafka: KafkaSettings, policy: Policy) -> bool:
    """Publishes a policy and returns True, or False when exactly this one is published already.

    Raises:
        Misconfigured: the published version is the same or newer and differs.
        ServiceMissing: Kafka does not answer, or `earshot topics apply` was not run.
        Transient: the record was not delivered.
    """
    published = published_policy(kafka, policy.workspace)
    if published is not None and published != policy and policy.version <= published.version:
        raise Misconfigured(
            f"version {published.version} of the policy of {policy.workspace} is published and differs: "
            f"give this one a version above {published.version}, it has {policy.version}"
        )
    # The topics come first. Otherwise the router could choose a team whose topic is missing, and each transaction
    # with such a choice would be aborted.
    ensure_topics(kafka, [team_topic(policy.workspace, team) for team in policy.teams])
    if published == policy:
        return False
    _deliver(kafka, policy)
    return True


def published_policy(kafka: KafkaSettings, workspace: str) -> Policy | None:
    """Returns the policy of a workspace that is in force, None when there is none.

    Raises:
        ServiceMissing: Kafka does not answer, or `earshot topics apply` was not run.
    """
    reader = PoliciesInForce.start(kafka)
    try:
        return reader.policies().get(workspace)
    finally:
        reader.close()


def _deliver(kafka: KafkaSettings, policy: Policy) -> None:
    publisher = KafkaPublisher(kafka, DELIVERY_TIMEOUT_S)
    publisher.send(Record(POLICIES.name, policy.workspace.encode(), encode(policy)))
    for delivery in publisher.settle():
        if delivery.failure is not None:
            raise Transient(f"the policy was not delivered: {delivery.failure}")
