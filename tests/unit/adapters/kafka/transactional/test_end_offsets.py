"""A router must outlive a broker that is away while it asks for the ends of its inputs."""

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from pipeline.adapters.kafka.transactional.inputs import end_offsets

AWAY = (
    KafkaError._TRANSPORT,
    KafkaError._TIMED_OUT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    # So answers a broker that has just started.
    KafkaError._UNKNOWN_PARTITION,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
)


class Asked:
    """A consumer whose broker answers so."""

    def __init__(self, answer: int | KafkaError) -> None:
        self._answer = answer

    def get_watermark_offsets(self, place: TopicPartition, timeout: float) -> tuple[int, int]:
        if isinstance(self._answer, KafkaError):
            raise KafkaException(self._answer)
        return 0, self._answer


TOPICS = ("a", "b")


@pytest.mark.parametrize("code", AWAY)
def test_no_input_is_read_to_its_end_while_no_broker_says_where_that_is(code: int) -> None:
    ends = end_offsets(Asked(KafkaError(code)), 0, TOPICS)
    assert all(end > 2**53 for end in ends.values()), "no timer may fire over what may be unread"


def test_an_end_that_is_known_is_taken_and_another_error_ends_the_worker() -> None:
    assert end_offsets(Asked(17), 0, TOPICS) == {"a": 17, "b": 17}
    with pytest.raises(KafkaException):
        end_offsets(Asked(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)), 0, TOPICS)
