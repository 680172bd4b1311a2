"""What librdkafka says of a cluster that it cannot reach, as the sentence that a person needs."""

import pytest
from confluent_kafka import KafkaError

from pipeline.adapters.kafka.reach import explain, reach
from pipeline.errors import EarshotError, Misconfigured, ServiceMissing
from pipeline.settings import KafkaSettings

KAFKA = KafkaSettings(
    bootstrap_servers="kafka:9092",
    security_protocol="SASL_SSL",
    sasl_mechanism="PLAIN",
    sasl_username="ann",
    sasl_password="secret",
)
ASKED = KafkaError(KafkaError._TRANSPORT, "Failed to get metadata: Local: Broker transport failure")
DOWN = KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down")


@pytest.mark.parametrize(
    ("code", "words", "kind", "said", "remedy"),
    [
        (
            KafkaError._AUTHENTICATION,
            "SASL authentication error: Authentication failed during authentication due to invalid credentials",
            Misconfigured,
            "refuses user ann",
            "SASL_PASSWORD",
        ),
        (
            KafkaError._AUTHENTICATION,
            "SASL PLAIN mechanism handshake failed: Broker: Request not valid in current SASL state",
            Misconfigured,
            "does not take SASL mechanism PLAIN",
            "SASL_MECHANISM",
        ),
        (
            KafkaError._TRANSPORT,
            "Disconnected while requesting ApiVersion: might be caused by incorrect security.protocol",
            Misconfigured,
            "does not speak SASL_SSL",
            "SECURITY_PROTOCOL",
        ),
        (
            KafkaError._SSL,
            "ssl://kafka:9092/bootstrap: certificate verify failed",
            Misconfigured,
            "its certificate is not trusted",
            "SSL_CA_LOCATION",
        ),
        (
            KafkaError._RESOLVE,
            "Failed to resolve 'kafka:9092': Name or service not known",
            ServiceMissing,
            "the host has no address",
            "BOOTSTRAP_SERVERS",
        ),
        (
            KafkaError._TRANSPORT,
            "Connect to ipv4#10.0.0.1:9092 failed: Connection refused",
            ServiceMissing,
            "nothing listens there",
            "BOOTSTRAP_SERVERS",
        ),
    ],
)
def test_each_cause_has_its_own_sentence_and_remedy(
    code: int, words: str, kind: type[EarshotError], said: str, remedy: str
) -> None:
    why = explain(KAFKA, [ASKED, DOWN, KafkaError(code, words), DOWN])
    assert type(why) is kind
    assert said in str(why)
    assert remedy in str(why.remedy)
    assert "secret" not in f"{why} {why.remedy}"


def test_an_unknown_cause_is_told_in_the_words_of_the_client() -> None:
    why = explain(KAFKA, [ASKED])
    assert (
        str(why) == "Kafka at kafka:9092 does not answer: Failed to get metadata: Local: Broker transport failure"
    )
    assert why.remedy is None


def test_where_nothing_listens_is_told_when_the_time_is_up() -> None:
    with pytest.raises(ServiceMissing, match="nothing listens there"):
        reach(KafkaSettings(bootstrap_servers="127.0.0.1:1"), timeout_s=1.0)
