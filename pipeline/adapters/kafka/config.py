"""librdkafka settings that every client of ours shares, from the Kafka section of the settings."""

import socket

from pipeline.settings import HOST, KafkaSettings

PARTITIONER = "murmur2_random"
"""Faust and the Java clients place keys by murmur2; librdkafka's default (CRC32) would put them elsewhere."""

MAX_PLAIN_BYTES = 256 * 2**20
"""Largest record before compression; a batch of 1 MiB on the wire was never seen to hold more."""

Config = dict[str, str | int | float | bool]


def client_config(kafka: KafkaSettings) -> Config:
    """What every client needs to reach the cluster. Holds the password: never log it.

    Raises:
        AssertionError: the address was not resolved (`app.endpoints.resolve`).
    """
    assert kafka.bootstrap_servers is not None, "settings were not resolved"
    config: Config = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "security.protocol": kafka.security_protocol,
        # What librdkafka prints below critical it retries by itself or hands to us as an error with a place.
        "log_level": 2,
    }
    if kafka.sasl_mechanism is not None:
        config["sasl.mechanism"] = kafka.sasl_mechanism
    if kafka.sasl_username is not None:
        config["sasl.username"] = kafka.sasl_username
    if kafka.sasl_password is not None:
        config["sasl.password"] = kafka.sasl_password.get_secret_value()
    if kafka.ssl_ca_location is not None:
        config["ssl.ca.location"] = str(kafka.ssl_ca_location)
    return config


def producer_config(kafka: KafkaSettings) -> Config:
    """An idempotent producer: no loss and no reordering by retries of its own."""
    return client_config(kafka) | {
        "enable.idempotence": True,
        "acks": "all",
        "partitioner": PARTITIONER,
        "linger.ms": 5,
        "compression.type": "lz4",
        # The brokers limit compressed batches; this limit is of the plain record, which may be far larger: what
        # came compressed must go compressed into the dead letters.
        "message.max.bytes": MAX_PLAIN_BYTES,
    }


def consumer_config(kafka: KafkaSettings, group_id: str) -> Config:
    """A consumer that commits by hand and reads only committed records."""
    return client_config(kafka) | {
        "group.id": group_id,
        "group.protocol": "classic",
        "partition.assignment.strategy": "range",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "session.timeout.ms": kafka.session_timeout_ms,
        "heartbeat.interval.ms": max(1000, kafka.session_timeout_ms // 5),
        "enable.partition.eof": True,
        "fetch.message.max.bytes": 2 * 2**20,
    }


def instance_id(kafka: KafkaSettings) -> str | None:
    """The name under which this worker stays a member of its groups over a restart; None: a new one each time."""
    return None if kafka.instance_id is None else kafka.instance_id.replace(HOST, socket.gethostname())


def member_config(kafka: KafkaSettings, group_id: str) -> Config:
    """A consumer that joins its group; with a name, a restart within the session timeout moves no partition."""
    name = instance_id(kafka)
    return consumer_config(kafka, group_id) | ({} if name is None else {"group.instance.id": name})


def reader_config(kafka: KafkaSettings, group_id: str) -> Config:
    """A consumer that reads what there is and goes: an empty fetch, which tells the end, comes back at once."""
    return consumer_config(kafka, group_id) | {"fetch.wait.max.ms": 10}
