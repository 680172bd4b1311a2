"""A router must outlive a broker that is away while it asks for the ends of its inputs."""

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from pipeline.adapters.transactional.agent import TransactionalAgent
from pipeline.adapters.transactional.owned import AgentSpec
from pipeline.settings import KafkaSettings

AWAY = (
    KafkaError._TRANSPORT,
    KafkaError._TIMED_OUT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
)


def _agent(answer: int | KafkaError) -> TransactionalAgent:
    nothing: Any = None
    agent = TransactionalAgent(
        KafkaSettings(bootstrap_servers="127.0.0.1:1"), AgentSpec("route", ("a", "b"), "state", "journal"),
        nothing, nothing, nothing, nothing,
    )  # fmt: skip

    class Asked:
        def get_watermark_offsets(self, place: TopicPartition, timeout: float) -> tuple[int, int]:
            if isinstance(answer, KafkaError):
                raise KafkaException(answer)
            return 0, answer

    agent._consumer = Asked()
    return agent


PLACES = [TopicPartition("a", 0), TopicPartition("b", 0)]


@pytest.mark.parametrize("code", AWAY)
def test_no_input_is_read_to_its_end_while_no_broker_says_where_that_is(code: int) -> None:
    ends = _agent(KafkaError(code))._end_offsets(PLACES)
    assert all(end > 2**53 for end in ends.values()), "no timer may fire over what may be unread"


def test_an_end_that_is_known_is_taken_and_another_error_ends_the_worker() -> None:
    assert _agent(17)._end_offsets(PLACES) == {"a": 17, "b": 17}
    with pytest.raises(KafkaException):
        _agent(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))._end_offsets(PLACES)
