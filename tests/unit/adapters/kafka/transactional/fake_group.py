"""Twins of the clients that `TransactionalMember` makes: one cluster in memory, driven step by step."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import pytest
from confluent_kafka import OFFSET_INVALID, KafkaError, TopicPartition

from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.adapters.kafka.transactional import member as agent_module
from pipeline.adapters.kafka.transactional.clients import Clients
from pipeline.adapters.kafka.transactional.member import TransactionalMember
from pipeline.adapters.kafka.transactional.observer import Outcome
from pipeline.loop.spec import StageSpec
from pipeline.ports.decider import Decider, Decisions
from pipeline.ports.records import InputRecord, Record
from pipeline.settings import KafkaSettings
from tests.deciders import Plain

SPEC = StageSpec("test", ("a", "b"), "state", "journal")


class Cluster:
    """What the brokers hold, and a list of what the clients did."""

    def __init__(self) -> None:
        self.partitions = 8
        self.changelog_end: dict[int, int] = {}
        self.committed: dict[tuple[str, int], int] = {}
        self.memberships: list[object] = []
        """Under which each transaction was committed."""
        self.done: list[tuple[str, int]] = []
        self.asked: list[str] = []
        """Groups of the clients that asked the brokers for the end of a partition."""


class FakeProducer:
    """A transactional producer whose commits go into the cluster's changelog."""

    cluster: Cluster

    def __init__(self, _: KafkaSettings, transactional_id: str, *_others: object) -> None:
        self.partition = int(transactional_id.rpartition("-")[2])
        self._on_fate: Callable[[None, Any], None] | None = None

    def init(self) -> None:
        self.cluster.done.append(("init", self.partition))

    def in_doubt(self) -> bool:
        return False

    def begin(self) -> None:
        pass

    def produce(
        self, record: Record, partition: int = -1, on_fate: Callable[[None, Any], None] | None = None
    ) -> None:
        if on_fate is not None:
            self._on_fate = on_fate

    def deliver(self) -> None:
        pass

    def commit(self) -> None:
        pass

    def send_positions(self, positions: Sequence[TopicPartition], membership: object) -> None:
        self.cluster.memberships.append(membership)
        end = self.cluster.changelog_end.get(self.partition, 0)
        assert self._on_fate is not None
        self._on_fate(None, FakeMessage("state", self.partition, end))
        self.cluster.changelog_end[self.partition] = end + 2
        self.cluster.committed |= {(place.topic, place.partition): place.offset for place in positions}

    def close(self) -> None:
        self.cluster.done.append(("close", self.partition))


class FakeReader:
    """A changelog of one entry a transaction."""

    cluster: Cluster

    def __init__(self, _: KafkaSettings, topic: str, partition: int, _clients: object) -> None:
        self.cluster.done.append(("restore", partition))
        self.end = self.cluster.changelog_end.get(partition, 0)
        self.entries = self.end // 2

    def step(self, take: Callable[[bytes, bytes | None], None]) -> bool:
        if self.entries:
            take(b"loop/now", b"1000")
        return True

    def close(self) -> None:
        pass


class FakeConsumer:
    """A member whose assignments and records the test decides."""

    cluster: Cluster

    def __init__(self, config: dict[str, object]) -> None:
        self.config = config
        self.on_assign: Callable[[Any, Any], None]
        self.on_revoke: Callable[[Any, Any], None]
        self.member_id = "m1"
        self.inbox: list[FakeMessage] = []
        self.assigned: list[tuple[str, int, int]] = []
        self.pauses: list[tuple[str, str, int]] = []

    def subscribe(self, _: list[str], on_assign: Any, on_revoke: Any, on_lost: Any) -> None:
        self.on_assign, self.on_revoke = on_assign, on_revoke

    def list_topics(self, timeout: float) -> Any:
        class Topic:
            partitions = dict.fromkeys(range(self.cluster.partitions))

        class Metadata:
            topics = dict.fromkeys(("a", "b", "state", "journal"), Topic)

        return Metadata

    def consume(self, *_: object) -> "list[FakeMessage]":
        read, self.inbox = self.inbox, []
        return read

    def committed(self, places: Iterable[TopicPartition], timeout: float) -> list[TopicPartition]:
        self.cluster.done.append(("offsets", -1))
        offsets = self.cluster.committed
        return [TopicPartition(p.topic, p.partition, offsets.get((p.topic, p.partition), OFFSET_INVALID))
                for p in places]  # fmt: skip

    def assign(self, places: Iterable[TopicPartition]) -> None:
        self.assigned = [(place.topic, place.partition, place.offset) for place in places]

    def get_watermark_offsets(self, *_: object, cached: bool = False, **__: object) -> tuple[int, int]:
        if not cached:
            self.cluster.asked.append(str(self.config["group.id"]))
        return 0, 100

    def pause(self, places: Iterable[TopicPartition]) -> None:
        self.pauses += [("pause", place.topic, place.partition) for place in places]

    def resume(self, places: Iterable[TopicPartition]) -> None:
        self.pauses += [("resume", place.topic, place.partition) for place in places]

    def seek(self, _: object) -> None:
        pass

    def consumer_group_metadata(self) -> object:
        return self.member_id

    def memberid(self) -> str:
        return self.member_id

    def close(self) -> None:
        pass


class FakeMessage:
    """One record, or the news that a partition was read to its end."""

    def __init__(
        self, topic: str, partition: int, offset: int, value: bytes = b"", error: KafkaError | None = None
    ) -> None:
        self._place = (topic, partition, offset)
        self._value = value
        self._error = error

    def topic(self) -> str:
        return self._place[0]

    def partition(self) -> int:
        return self._place[1]

    def offset(self) -> int:
        return self._place[2]

    def error(self) -> KafkaError | None:
        return self._error

    def key(self) -> bytes:
        return next(key for key in map(str.encode, map(str, range(99))) if partition_of(key, 8) == self._place[1])

    def value(self) -> bytes:
        return self._value

    def timestamp(self) -> tuple[int, int]:
        return 1, 1000


class Noting(Plain):
    """A decider that notes what it was given."""

    def __init__(self) -> None:
        self.offsets: list[tuple[str, int]] = []

    def restore(self, key: bytes, value: bytes | None) -> None:
        pass

    def event_ms(self, record: InputRecord) -> int | None:
        return None

    def decide(self, record: InputRecord, now_ms: int, *, may_wait: bool = False) -> None:
        self.offsets.append((record.topic, record.offset))

    def next_timer_ms(self) -> int | None:
        return None

    def fire_timers(self, now_ms: int, limit: int) -> int:
        return 0

    def decisions(self) -> Decisions:
        return Decisions((Record("out", b"k", b"v"),), {})

    def commit(self) -> None:
        pass

    def abort(self) -> None:
        pass


class Heard:
    """What the loop told."""

    def __init__(self) -> None:
        self.taken_as: list[tuple[int, str]] = []
        self.left_alone: dict[int, Sequence[str]] = {}
        self.dropped: list[int] = []
        self.commits = 0

    def committed(self, partition: int, outcome: Outcome) -> None:
        self.commits += 1

    def aborted(self, partition: int, reason: str) -> None:
        raise AssertionError(reason)

    def renewed(self, partition: int, reason: str, seconds: float) -> None:
        raise AssertionError(reason)

    def acquired(self, partition: int, entries: int | None, seconds: float) -> None:
        self.taken_as.append((partition, "kept" if entries is None else "restored"))

    def let_go(self, partition: int) -> None:
        self.dropped.append(partition)

    def incomplete(self, partition: int, missing: Sequence[str]) -> None:
        self.left_alone[partition] = missing


class Member:
    """One agent over the cluster; each step is one round of its loop."""

    def __init__(self, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cluster, self.heard = cluster, Heard()
        for twin in (FakeProducer, FakeReader, FakeConsumer):
            monkeypatch.setattr(twin, "cluster", cluster, raising=False)
        monkeypatch.setattr(agent_module, "TransactionalProducer", FakeProducer)
        monkeypatch.setattr(agent_module, "ChangelogReader", FakeReader)
        monkeypatch.setattr(
            agent_module, "end_offset", lambda _k, _t, n, _clients: cluster.changelog_end.get(n, 0)
        )
        kafka = KafkaSettings(bootstrap_servers="nowhere:1", instance_id="route-1")
        self.deciders: list[Noting] = []
        self.agent = TransactionalMember(
            kafka, SPEC, self._decider, lambda: 2000, self.heard, lambda: None,
            clients=Clients(consumer=cast(Any, FakeConsumer)),
        )  # fmt: skip
        self.consumer: FakeConsumer = cast(Any, self.agent)._consumer

    def _decider(self, _: int) -> Decider:
        self.deciders.append(Noting())
        return self.deciders[-1]

    def play(self, *steps: Callable[[], object]) -> None:
        """Runs the agent; before each round comes a step, in the end the agent stops."""
        waiting: list[Callable[[], object]] = [*steps, lambda: None]

        def stopping() -> bool:
            if not waiting:
                return True
            waiting.pop(0)()
            return False

        self.agent.run(stopping)

    def gets(self, *places: tuple[str, int]) -> Callable[[], None]:
        """A step: the group gives it these."""
        return lambda: self.consumer.on_assign(self.consumer, [TopicPartition(*place) for place in places])

    def loses(self, *places: tuple[str, int]) -> Callable[[], None]:
        """A step: the group takes these away."""
        return lambda: self.consumer.on_revoke(self.consumer, [TopicPartition(*place) for place in places])

    def reads(self, *records: tuple[str, int, int], value: bytes = b"") -> Callable[[], None]:
        """A step: the next poll returns these (topic, partition, offset)."""
        return lambda: self.consumer.inbox.extend(FakeMessage(*record, value) for record in records)

    def ends(self, *places: tuple[str, int, int]) -> Callable[[], None]:
        """A step: the next poll says that these (topic, partition, offset) are the ends."""
        end = KafkaError(KafkaError._PARTITION_EOF)
        return lambda: self.consumer.inbox.extend(FakeMessage(*place, error=end) for place in places)
