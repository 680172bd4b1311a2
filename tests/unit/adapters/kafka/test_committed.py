"""Metadata of commits that the client library reads beyond its end."""

from typing import Any

import pytest
from confluent_kafka import KafkaException, TopicPartition

from pipeline.adapters.kafka.committed import TRIES, committed_offsets


class Reading:
    """A consumer whose client meets bytes that are no text, some times."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.asked = 0

    def committed(self, places: list[Any], timeout: float) -> list[Any]:
        self.asked += 1
        if self.asked <= self.failures:
            b"\xff".decode()
        return places


def test_unreadable_metadata_is_asked_for_again() -> None:
    reading = Reading(failures=3)
    places = [TopicPartition("t", 0, 5)]
    assert committed_offsets(reading, places, 1.0) == places
    assert reading.asked == 4


def test_metadata_that_stays_unreadable_is_a_kafka_error_and_no_crash() -> None:
    with pytest.raises(KafkaException, match="metadata"):
        committed_offsets(Reading(failures=TRIES), [], 1.0)
