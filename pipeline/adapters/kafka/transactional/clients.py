"""Says where a member's Kafka clients and its time come from: confluent-kafka, or a simulated cluster."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from confluent_kafka import Consumer, Producer


@dataclass(frozen=True)
class Clients:
    """Makes clients of librdkafka's configurations and measures the time between their answers.

    `pipeline.adapters.in_memory.kafka` gives others, which run in virtual time.
    """

    consumer: Callable[[Mapping[str, object]], Consumer] = Consumer
    producer: Callable[[Mapping[str, object]], Producer] = Producer
    monotonic_s: Callable[[], float] = time.monotonic


REAL = Clients()
