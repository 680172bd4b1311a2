"""What the simulated cluster does with requests that come late or twice, as brokers do.

`tests/faults/test_torn_transactions.py` shows the same on a real broker behind a proxy.
"""

import json
from collections.abc import Iterator

import pytest
from confluent_kafka import KafkaException, TopicPartition

from pipeline.adapters.in_memory.kafka.groups import GroupMetadata
from pipeline.adapters.in_memory.kafka.link import Late, NoFaults
from tests.ports.kafka_twins import Cluster, Simulated

NOBODY = GroupMetadata("g", -1, "", None)


class HeldUp(NoFaults):
    """Holds requests of a kind up, in the order given."""

    def __init__(self, kind: str, *late: Late) -> None:
        self._kind, self._late = kind, iter(late)

    def late(self, host: str, kind: str) -> Late | None:
        return next(self._late, None) if kind == self._kind else None


def statistics(told: list[str]) -> Iterator[tuple[int, int]]:
    for text in told:
        counts = json.loads(text)["brokers"]["b"]
        yield counts["txretries"], counts["disconnects"]


def test_a_late_copy_of_a_commit_ends_the_next_transaction_of_the_same_producer() -> None:
    twin = Simulated(HeldUp("end", Late(0.5, cut=True)))
    cluster = Cluster(twin)
    topic, producer = cluster.create(1), cluster.transactional("t")
    cluster.transact(producer, topic, b"first")
    producer.begin_transaction()
    producer.produce(topic, b"undone", b"k", 0)
    assert producer.flush(1) == 0
    producer.poll(1)
    with pytest.raises(KafkaException):
        producer.abort_transaction(5)
    assert [value for _, value in cluster.read(topic, until=4).records] == [b"first", b"undone"]


def test_a_new_producer_of_the_id_keeps_the_late_copy_out() -> None:
    twin = Simulated(HeldUp("end", Late(0.5, cut=True)))
    cluster = Cluster(twin)
    topic = cluster.create(1)
    cluster.transact(cluster.transactional("t"), topic, b"first")
    producer = cluster.transactional("t")
    producer.begin_transaction()
    producer.produce(topic, b"undone", b"k", 0)
    producer.poll(1)
    producer.abort_transaction(5)
    assert [value for _, value in cluster.read(topic, until=4).records] == [b"first"]


def test_the_statistics_tell_of_a_request_that_was_sent_again() -> None:
    twin, told = Simulated(HeldUp("end", Late(0.5, cut=True))), list[str]()
    cluster = Cluster(twin)
    producer = twin.producer({"transactional.id": "t", "statistics.interval.ms": 200, "stats_cb": told.append})
    producer.init_transactions(5)
    producer.begin_transaction()
    producer.send_offsets_to_transaction([TopicPartition(cluster.create(1), 0, 1)], NOBODY, 5)
    producer.poll(0.3)
    producer.commit_transaction(5)
    producer.poll(0.3)
    first, *_, last = statistics(told)
    assert (first, last) == ((0, 0), (1, 1))


def test_what_nobody_ends_is_aborted_after_its_time_and_its_producer_fenced() -> None:
    cluster = Cluster(Simulated())
    topic, producer = cluster.create(1), cluster.transactional()
    producer.begin_transaction()
    producer.produce(topic, b"open", b"k", 0)
    producer.poll(30)
    assert cluster.read(topic, until=2) == ([], 2)
    with pytest.raises(KafkaException) as fenced:
        producer.commit_transaction(5)
    assert fenced.value.args[0].fatal()


def test_a_request_waits_for_brokers_that_are_silent_and_fails_after_its_time() -> None:
    twin = Simulated()
    cluster = Cluster(twin)
    topic, reader = cluster.create(1), cluster.reader()
    twin.cluster.brokers.silent_until_s = 10.0
    with pytest.raises(KafkaException) as late:
        reader.get_watermark_offsets(TopicPartition(topic, 0), timeout=5)
    assert late.value.args[0].retriable()
    assert reader.get_watermark_offsets(TopicPartition(topic, 0), timeout=20) == (0, 0)
    assert twin.now_s() > 10
