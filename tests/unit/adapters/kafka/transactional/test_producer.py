"""The producer of a partition number renews itself before the next transaction, and only then.

Its client is a twin of librdkafka's.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from pipeline.adapters.kafka.transactional.clients import Clients
from pipeline.adapters.kafka.transactional.producer import TransactionalProducer, doubt_rule
from pipeline.errors import MustRestart
from pipeline.settings import KafkaSettings

KAFKA = KafkaSettings(bootstrap_servers="nowhere:1")


class Clock:
    now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


class FakeClient:
    """One librdkafka client: `commit_s` is how long a commit takes, `statistics` what the next poll tells."""

    def __init__(self, world: "World", config: Mapping[str, object]) -> None:
        self._world = world
        self._told = cast(Callable[[str], None], config["stats_cb"])
        self._made_s = world.clock()
        self.closed = False
        self.in_transaction = False

    def init_transactions(self, _: float) -> None:
        if self._world.refusals:
            raise self._world.refusals.pop()

    def poll(self, timeout_s: float) -> int:
        self._world.clock.now_s += timeout_s
        if self._world.statistics is not None:
            retries, disconnects = self._world.statistics
            brokers = {
                "TxnCoordinator": {"txretries": retries, "disconnects": 0},
                "127.0.0.1:1/1": {"txretries": 0, "disconnects": disconnects},
            }
            age_us = (self._world.clock() - self._made_s) * 1_000_000
            self._told(json.dumps({"age": round(age_us), "brokers": brokers}))
        return 0

    def begin_transaction(self) -> None:
        assert not self.closed
        self.in_transaction = True

    def send_offsets_to_transaction(self, *_: object) -> None:
        pass

    def commit_transaction(self, _: float) -> None:
        self._world.clock.now_s += self._world.commit_s
        self.in_transaction = False

    def abort_transaction(self, _: float) -> None:
        self.in_transaction = False
        if self._world.abort_failures:
            raise self._world.abort_failures.pop()

    def purge(self) -> None:
        pass

    def close(self) -> None:
        assert not self.in_transaction
        self.closed = True


class World:
    """The twin of librdkafka and its brokers."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.commit_s = 0.026
        self.statistics: tuple[int, int] | None = (0, 0)
        self.refusals: list[KafkaException] = []
        self.abort_failures: list[KafkaException] = []
        self.clients: list[FakeClient] = []
        self.reasons: list[str] = []
        self.producer = TransactionalProducer(
            KAFKA, "earshot-test-0", doubt_rule(KAFKA), lambda reason, _: self.reasons.append(reason),
            Clients(producer=self._make, monotonic_s=self.clock),
        )  # fmt: skip
        self.producer.init()

    def _make(self, config: Mapping[str, object]) -> Producer:
        self.clients.append(FakeClient(self, config))
        return cast(Any, self.clients[-1])

    def transact(self, commit_s: float = 0.026, after: tuple[int, int] | None = None) -> None:
        """One transaction, the statistics that follow it, and a poll a fifth of a second later."""
        self.commit_s = commit_s
        self.producer.begin()
        self.producer.send_positions([], None)
        self.producer.commit()
        self.statistics = after or self.statistics
        self.clock.now_s += 0.2


def test_a_thousand_quick_commits_take_no_new_producer() -> None:
    world = World()
    for number in range(1000):
        world.transact(after=(number, number))
        assert not world.producer.in_doubt()
    assert len(world.clients) == 1


def test_a_slow_commit_waits_for_one_reading_and_goes_on_with_the_same_producer() -> None:
    world = World()
    assert not world.producer.in_doubt()
    world.statistics = None
    world.transact(commit_s=0.3)
    assert world.producer.in_doubt()
    world.statistics = (0, 0)
    assert not world.producer.in_doubt()
    world.producer.begin()
    assert len(world.clients) == 1


@pytest.mark.parametrize(("after", "reason"), [((1, 0), "sent_again"), ((0, 1), "disconnected")])
def test_the_next_transaction_begins_with_a_new_producer_when_the_last_was_sent_again(
    after: tuple[int, int], reason: str
) -> None:
    world = World()
    world.transact(commit_s=0.2, after=after)
    assert not world.producer.in_doubt(), "it is not in doubt any more: it is known"
    assert len(world.clients) == 1, "without work it waits"
    world.producer.begin()
    assert (len(world.clients), world.reasons) == (2, [reason])
    assert world.clients[0].closed, "its threads and sockets are gone"
    assert world.clients[1].in_transaction


def test_half_the_transactions_time_without_an_answer_and_every_abort_take_a_new_producer() -> None:
    world = World()
    world.transact(commit_s=5.0)
    world.producer.begin()
    world.producer.abort()
    world.producer.begin()
    assert world.reasons == ["unanswered", "failed"]


def test_an_abort_of_what_the_broker_never_knew_takes_a_new_producer_at_once() -> None:
    world = World()
    world.producer.begin()
    world.abort_failures = [KafkaException(KafkaError(KafkaError.INVALID_TXN_STATE))]
    world.producer.abort()
    assert world.reasons == ["failed"]
    world.transact()
    world.producer.begin()
    world.abort_failures = [KafkaException(KafkaError(KafkaError.INVALID_PRODUCER_EPOCH))]
    with pytest.raises(KafkaException):
        world.producer.abort()


def test_who_cannot_be_renewed_must_restart() -> None:
    world = World()
    world.transact(commit_s=5.0)
    world.refusals = [KafkaException(KafkaError(KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED))]
    with pytest.raises(MustRestart, match="earshot-test-0"):
        world.producer.begin()
