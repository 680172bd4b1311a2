"""Reaches a Kafka cluster, or says why it cannot be reached and what would help.

librdkafka's own answer is the same for every cause. No error names a secret.
"""

import time

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from pipeline.adapters.kafka.config import client_config
from pipeline.errors import EarshotError, Misconfigured, ServiceMissing
from pipeline.settings import KafkaSettings

ASK_S = 1.0
"""One question waits at most this long. A broker on the other side of the world needs a third of it."""
SURE_AFTER_S = 3.0
"""A broker that just starts may refuse us, too. A refusal after this time is final."""


def reach(kafka: KafkaSettings, timeout_s: float) -> AdminClient:
    """Returns an admin client that has reached the cluster.

    Args:
        kafka: resolved.
        timeout_s: how long to wait for a broker that may be starting.

    Raises:
        Misconfigured: the brokers refuse the user, the password, the mechanism or the protocol.
        ServiceMissing: no broker answers; a host has no address.
    """
    errors: list[KafkaError] = []
    admin = AdminClient({**client_config(kafka), "error_cb": errors.append})
    began_s = time.monotonic()
    while True:
        left_s = began_s + timeout_s - time.monotonic()
        try:
            admin.list_topics(timeout=max(0.1, min(ASK_S, left_s)))
            return admin
        except KafkaException as error:
            failure: KafkaError = error.args[0]
        # Only this call hands the errors of the connections to the callback, and one of them tells the cause.
        admin.poll(0)
        why = explain(kafka, [failure, *errors])
        passed_s = time.monotonic() - began_s
        if passed_s >= timeout_s or (isinstance(why, Misconfigured) and passed_s >= SURE_AFTER_S):
            raise why


def require_topic(admin: AdminClient, kafka: KafkaSettings, topic: str, timeout_s: float) -> None:
    """Checks that a topic exists.

    Raises:
        Misconfigured: it does not.
        ServiceMissing: no broker answers.
    """
    try:
        metadata = admin.list_topics(topic, timeout=timeout_s).topics.get(topic)
    except KafkaException as error:
        raise explain(kafka, [error.args[0]]) from None
    if metadata is None or metadata.error is not None:
        raise Misconfigured(f"there is no topic {topic}: run `earshot topics apply`")


def explain(kafka: KafkaSettings, errors: list[KafkaError]) -> EarshotError:
    """Returns why the cluster cannot be reached.

    Args:
        kafka: for the address, the user and the protocol.
        errors: what the client reported, at least one. Any of them may be the one that tells the cause.
    """
    where = f"Kafka at {kafka.bootstrap_servers}"
    texts = {error.code(): error.str() for error in reversed(errors)}
    words = " ".join(error.str() for error in errors)
    if KafkaError._AUTHENTICATION in texts:
        if "handshake failed" in texts[KafkaError._AUTHENTICATION]:
            return Misconfigured(
                f"{where} does not take SASL mechanism {kafka.sasl_mechanism}",
                remedy="mend EARSHOT_KAFKA__SASL_MECHANISM or, if it takes none, EARSHOT_KAFKA__SECURITY_PROTOCOL",
            )
        return Misconfigured(
            f"{where} refuses user {kafka.sasl_username}",
            remedy="mend EARSHOT_KAFKA__SASL_USERNAME and EARSHOT_KAFKA__SASL_PASSWORD",
        )
    if KafkaError._SSL in texts or "SSL" in words or "security.protocol" in words:
        return Misconfigured(
            f"{where} does not speak {kafka.security_protocol}, or its certificate is not trusted",
            remedy="mend EARSHOT_KAFKA__SECURITY_PROTOCOL or EARSHOT_KAFKA__SSL_CA_LOCATION",
        )
    if KafkaError._RESOLVE in texts:
        return ServiceMissing(
            f"{where}: the host has no address",
            remedy="mend EARSHOT_KAFKA__BOOTSTRAP_SERVERS, or the name service",
        )
    if "Connection refused" in words:
        return ServiceMissing(
            f"{where} does not answer: nothing listens there",
            remedy="start it (earshot local up), or mend EARSHOT_KAFKA__BOOTSTRAP_SERVERS",
        )
    return ServiceMissing(f"{where} does not answer: {errors[0].str()}")
