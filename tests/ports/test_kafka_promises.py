"""Kafka's promises that a transactional stage relies on. Real brokers and the simulated cluster keep them all."""

import uuid

import pytest
from confluent_kafka import OFFSET_INVALID, TIMESTAMP_LOG_APPEND_TIME, KafkaError, KafkaException, TopicPartition

from pipeline.adapters.kafka.messages import is_fatal
from pipeline.local.endpoints import Endpoints
from tests.ports.kafka_twins import TIMEOUT_S, Cluster, GroupMember, RealBrokers, Simulated


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.integration)])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    if request.param == "simulated":
        return Cluster(Simulated())
    stack: Endpoints = request.getfixturevalue("stack")
    return Cluster(RealBrokers(stack.kafka_bootstrap))


def refused(error: KafkaException) -> KafkaError:
    cause: KafkaError = error.args[0]
    return cause


def test_a_delivery_report_names_the_offset_and_the_time_that_readers_see(cluster: Cluster) -> None:
    topic, producer, reports = cluster.create(1), cluster.transactional(), []
    producer.begin_transaction()
    for value in (b"one", b"two"):
        producer.produce(
            topic, value, b"k", 0, on_delivery=lambda error, message: reports.append((error, message))
        )
    producer.commit_transaction(TIMEOUT_S)
    assert [error for error, _ in reports] == [None, None]
    told = [(message.offset(), message.timestamp()) for _, message in reports]
    consumer = cluster.reader()
    consumer.assign([TopicPartition(topic, 0, 0)])
    read = cluster.polled(consumer, lambda message: message.error() is not None)
    assert told == [(message.offset(), message.timestamp()) for message in read if message.error() is None]
    assert {kind for _, (kind, _) in told} == {TIMESTAMP_LOG_APPEND_TIME}


def test_markers_take_offsets_and_are_never_read(cluster: Cluster) -> None:
    topic, producer = cluster.create(1), cluster.transactional()
    cluster.transact(producer, topic, b"a", b"b")
    cluster.transact(producer, topic, b"c")
    assert cluster.read(topic, until=5) == ([(0, b"a"), (1, b"b"), (3, b"c")], 5)
    assert cluster.end(topic, "read_committed") == cluster.end(topic, "read_uncommitted") == 5


def test_what_was_aborted_is_never_read_and_the_end_lies_behind_it(cluster: Cluster) -> None:
    topic, producer = cluster.create(1), cluster.transactional()
    cluster.transact(producer, topic, b"a")
    cluster.transact(producer, topic, b"gone", commit=False)
    assert cluster.read(topic, until=4) == ([(0, b"a")], 4)
    assert cluster.read(topic, "read_uncommitted").records == [(0, b"a"), (2, b"gone")]


def test_an_open_transaction_hides_what_comes_behind_it_until_it_ends(cluster: Cluster) -> None:
    topic, producer = cluster.create(1), cluster.transactional()
    cluster.send(topic, b"before")
    producer.begin_transaction()
    producer.produce(topic, b"open", b"k", 0)
    assert producer.flush(TIMEOUT_S) == 0
    cluster.send(topic, b"behind")
    assert cluster.read(topic) == ([(0, b"before")], 1)
    assert cluster.end(topic, "read_committed") == 1
    assert cluster.end(topic, "read_uncommitted") == 3
    producer.commit_transaction(TIMEOUT_S)
    assert cluster.read(topic, until=4) == ([(0, b"before"), (1, b"open"), (2, b"behind")], 4)


def test_the_end_of_the_last_fetch_is_never_above_what_is_there_and_counts_open_records(cluster: Cluster) -> None:
    topic, producer, consumer = cluster.create(1), cluster.transactional(), cluster.reader()
    place = TopicPartition(topic, 0, 0)
    consumer.assign([place])
    assert consumer.get_watermark_offsets(place, cached=True)[1] < 0, "nothing was fetched"
    producer.begin_transaction()
    producer.produce(topic, b"open", b"k", 0)
    assert producer.flush(TIMEOUT_S) == 0
    cluster.wait(
        lambda: consumer.get_watermark_offsets(place, cached=True)[1] == 1, lambda: consumer.consume(10, 0.05)
    )
    producer.commit_transaction(TIMEOUT_S)
    cluster.wait(
        lambda: consumer.get_watermark_offsets(place, cached=True)[1] == 2, lambda: consumer.consume(10, 0.05)
    )


def test_a_newer_producer_of_the_id_fences_the_older_and_ends_what_it_left_open(cluster: Cluster) -> None:
    topic, name = cluster.create(1), uuid.uuid4().hex
    older = cluster.transactional(name)
    older.begin_transaction()
    older.produce(topic, b"zombie", b"k", 0)
    assert older.flush(TIMEOUT_S) == 0
    newer = cluster.transactional(name)
    cluster.transact(newer, topic, b"new")
    with pytest.raises(KafkaException) as fenced:
        older.commit_transaction(TIMEOUT_S)
    assert refused(fenced.value).fatal()
    assert not refused(fenced.value).txn_requires_abort()
    assert [value for _, value in cluster.read(topic, until=4).records] == [b"new"]


def test_offsets_count_when_their_transaction_is_committed(cluster: Cluster) -> None:
    topic, group, producer = cluster.create(1), f"g-{uuid.uuid4().hex}", cluster.transactional()
    cluster.send(topic, b"a", b"b", b"c")
    consumer = cluster.reader(**{"group.id": group})

    def committed() -> int:
        offset: int = consumer.committed([TopicPartition(topic, 0)], timeout=TIMEOUT_S)[0].offset
        return offset

    assert committed() == OFFSET_INVALID
    for offset, commit, counts in ((1, True, 1), (3, False, 1), (2, True, 2)):
        producer.begin_transaction()
        producer.send_offsets_to_transaction(
            [TopicPartition(topic, 0, offset)], consumer.consumer_group_metadata(), TIMEOUT_S
        )
        if commit:
            producer.commit_transaction(TIMEOUT_S)
        else:
            producer.abort_transaction(TIMEOUT_S)
        assert committed() == counts


def test_what_a_topic_refuses_undoes_its_transaction_and_the_next_one_works(cluster: Cluster) -> None:
    topic, narrow, producer = (
        cluster.create(1),
        cluster.create(1, max_message_bytes="500"),
        cluster.transactional(),
    )
    producer.begin_transaction()
    producer.produce(topic, b"undone", b"k", 0)
    producer.produce(narrow, bytes(range(256)) * 20, b"k", 0)
    with pytest.raises(KafkaException) as failed:
        producer.commit_transaction(TIMEOUT_S)
    assert refused(failed.value).txn_requires_abort()
    producer.abort_transaction(TIMEOUT_S)
    cluster.transact(producer, topic, b"done")
    assert [value for _, value in cluster.read(topic, until=4).records] == [b"done"]


def test_each_number_of_all_topics_is_read_by_one_member_and_moves_when_another_comes(cluster: Cluster) -> None:
    topics, group = [cluster.create(2), cluster.create(2)], f"g-{uuid.uuid4().hex}"
    everything = {(topic, number) for topic in topics for number in range(2)}
    first = GroupMember(cluster, group, topics)
    cluster.wait(lambda: first.places == everything, first.poll)
    second = GroupMember(cluster, group, topics)
    cluster.wait(lambda: len(first.places) == len(second.places) == 2, lambda: (first.poll(), second.poll()))
    assert first.told == ["assigned", "revoked", "assigned"]
    for member in (first, second):
        assert len({number for _, number in member.places}) == 1
    second.consumer.close()
    cluster.wait(lambda: first.places == everything, first.poll)
    first.consumer.close()


def test_offsets_of_an_earlier_generation_are_refused_and_undo_only_their_transaction(cluster: Cluster) -> None:
    topic, group, producer = cluster.create(2), f"g-{uuid.uuid4().hex}", cluster.transactional()
    first = GroupMember(cluster, group, [topic])
    cluster.wait(lambda: len(first.places) == 2, first.poll)
    old = first.consumer.consumer_group_metadata()
    second = GroupMember(cluster, group, [topic])
    cluster.wait(lambda: len(first.places) == len(second.places) == 1, lambda: (first.poll(), second.poll()))
    position = [TopicPartition(topic, 0, 7)]
    producer.begin_transaction()
    with pytest.raises(KafkaException) as illegal:
        producer.send_offsets_to_transaction(position, old, TIMEOUT_S)
    assert refused(illegal.value).code() == KafkaError.ILLEGAL_GENERATION
    assert refused(illegal.value).txn_requires_abort()
    producer.abort_transaction(TIMEOUT_S)
    producer.begin_transaction()
    producer.send_offsets_to_transaction(position, first.consumer.consumer_group_metadata(), TIMEOUT_S)
    producer.commit_transaction(TIMEOUT_S)
    assert first.consumer.committed([TopicPartition(topic, 0)], timeout=TIMEOUT_S)[0].offset == 7
    first.consumer.close()
    second.consumer.close()


def test_a_static_member_that_comes_again_moves_nothing_and_fences_its_former_self(cluster: Cluster) -> None:
    topic, group, producer = cluster.create(2), f"g-{uuid.uuid4().hex}", cluster.transactional()
    members = [GroupMember(cluster, group, [topic], **{"group.instance.id": name}) for name in ("a", "b")]
    cluster.wait(
        lambda: all(len(member.places) == 1 for member in members), lambda: [member.poll() for member in members]
    )
    former, other = members
    told, metadata = list(other.told), former.consumer.consumer_group_metadata()
    again = GroupMember(cluster, group, [topic], **{"group.instance.id": "a"})
    cluster.wait(lambda: bool(again.places), lambda: (again.poll(), other.poll()))
    assert again.places == former.places
    assert other.told == told
    producer.begin_transaction()
    with pytest.raises(KafkaException) as fenced:
        producer.send_offsets_to_transaction([TopicPartition(topic, 0, 1)], metadata, TIMEOUT_S)
    assert refused(fenced.value).code() in (KafkaError.FENCED_INSTANCE_ID, KafkaError.UNKNOWN_MEMBER_ID)
    heard: list[KafkaError | None] = []
    cluster.wait(
        lambda: any(is_fatal(error) for error in heard if error is not None),
        lambda: heard.extend(message.error() for message in former.poll()),
    )
    for member in (again, other):
        member.consumer.close()


def test_nothing_comes_from_a_paused_partition_and_reading_goes_on_where_it_was_told(cluster: Cluster) -> None:
    topic, consumer = cluster.create(2), cluster.reader()
    consumer.assign([TopicPartition(topic, 0, 0), TopicPartition(topic, 1, 0)])
    consumer.pause([TopicPartition(topic, 0)])
    cluster.send(topic, b"a", b"b", b"c")
    cluster.send(topic, b"x", partition=1)
    read = cluster.polled(consumer, lambda message: message.value() == b"x")
    assert {message.partition() for message in read} == {1}
    consumer.resume([TopicPartition(topic, 0)])
    consumer.seek(TopicPartition(topic, 0, 1))
    read = cluster.polled(consumer, lambda message: message.partition() == 0 and message.error() is not None)
    found = [(message.offset(), message.value()) for message in read if message.partition() == 0]
    assert [value for _, value in found[:-1]] == [b"b", b"c"]
    assert found[-1][0] == 3
    consumer.close()
