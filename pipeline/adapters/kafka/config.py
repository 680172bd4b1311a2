"""Turns the Kafka section of the settings into librdkafka's own, which every client of ours shares."""

import socket

from pipeline.settings import HOST, KafkaSettings

PARTITIONER = "murmur2_random"
"""Faust and the Java clients place keys by murmur2; librdkafka's default (CRC32) would put them elsewhere."""

MAX_PLAIN_BYTES = 256 * 2**20
"""Largest record before compression; a batch of 1 MiB on the wire was never seen to hold more."""

Config = dict[str, str | int | float | bool]


def client_config(kafka: KafkaSettings) -> Config:
    """Returns what every client needs to reach the cluster. It holds the password, so never log it.

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
    """Returns the settings of an idempotent producer, whose own retries neither lose nor reorder records."""
    return client_config(kafka) | {
        "enable.idempotence": True,
        "acks": "all",
        "partitioner": PARTITIONER,
        # Records that arrive within 5 ms share a request; each waits at most that long.
        "linger.ms": 5,
        "compression.type": "lz4",
        # The brokers limit compressed batches. This limit is of the plain record, which may be far larger. With
        # the default of 1 MB a record that came in compressed could not go into the dead letters.
        "message.max.bytes": MAX_PLAIN_BYTES,
    }


def consumer_config(kafka: KafkaSettings, group_id: str) -> Config:
    """Returns the settings of a consumer that commits by hand and reads only committed records."""
    return client_config(kafka) | {
        "group.id": group_id,
        "group.protocol": "classic",
        "partition.assignment.strategy": "range",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "session.timeout.ms": kafka.session_timeout_ms,
        "heartbeat.interval.ms": max(1000, kafka.session_timeout_ms // 5),
        # Without the end-of-partition event a reader could not tell an empty partition from a slow broker.
        "enable.partition.eof": True,
        # A dead letter may have 2 MiB: the value of an ordinary record and the headers with the reason.
        "fetch.message.max.bytes": 2 * 2**20,
    }


def instance_id(kafka: KafkaSettings) -> str | None:
    """Returns the name under which this worker stays a member of its groups over a restart; None without one."""
    return None if kafka.instance_id is None else kafka.instance_id.replace(HOST, socket.gethostname())


def member_config(kafka: KafkaSettings, group_id: str) -> Config:
    """Returns the settings of a consumer that joins its group.

    Where the worker has a name, a restart within the session timeout moves no partition.
    """
    name = instance_id(kafka)
    return consumer_config(kafka, group_id) | ({} if name is None else {"group.instance.id": name})


def reader_config(kafka: KafkaSettings, group_id: str) -> Config:
    """Returns the settings of a consumer that reads what there is and goes."""
    # The end of a partition shows in an empty fetch, for which the broker would otherwise wait half a second.
    return consumer_config(kafka, group_id) | {"fetch.wait.max.ms": 10}
