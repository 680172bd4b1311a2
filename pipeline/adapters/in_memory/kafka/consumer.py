"""The simulated consumer: a reader of assigned partitions, and a member of a group."""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, OFFSET_INVALID, KafkaError, TopicPartition

from pipeline.adapters.in_memory.kafka.groups import GroupMetadata, Member
from pipeline.adapters.in_memory.kafka.link import Host, Link
from pipeline.adapters.in_memory.kafka.message import SimulatedMessage, end_of, failed
from pipeline.adapters.in_memory.kafka.transactions import Place
from pipeline.adapters.in_memory.kafka.virtual_time import Signal

if TYPE_CHECKING:
    from pipeline.adapters.in_memory.kafka.cluster import SimulatedCluster

Callback = Callable[["SimulatedConsumer", list[TopicPartition]], None]
_SOCKET_TIMEOUT_S = 60.0
_IDLE_FIRST, _IDLE = 8, 32
"""An empty poll lasts so many times as long as it was asked to, and one that follows an empty one."""


class SimulatedConsumer:
    """Stands in for confluent's `Consumer`.

    Args:
        cluster: what it reads.
        host: the process that it runs in.
        config: as of librdkafka.
    """

    def __init__(self, cluster: "SimulatedCluster", host: Host, config: Mapping[str, Any]) -> None:
        self._cluster, self._host = cluster, host
        self._group = str(config.get("group.id", ""))
        self._instance: str | None = config.get("group.instance.id")
        self._committed_only = config.get("isolation.level", "read_committed") == "read_committed"
        self._tells_ends = bool(config.get("enable.partition.eof", False))
        self._fetch_wait_s = config.get("fetch.wait.max.ms", 500) / 1000
        self._session_s = config.get("session.timeout.ms", 45_000) / 1000
        self._heartbeat_s = config.get("heartbeat.interval.ms", 3_000) / 1000
        self._link = Link(cluster.brokers, host, _SOCKET_TIMEOUT_S)
        self._places: dict[Place, _Reading] = {}
        self._news = Signal()
        self._idle = False
        self._stirred = True
        """Whether a fetch may now bring something that the last one did not."""
        self._look_again_s = 0.0
        self._topics: Sequence[str] = ()
        self._callbacks: tuple[Callback | None, Callback | None, Callback | None] = (None, None, None)
        self._member, self._generation = "", -1
        self._joining: str | None = None
        """The name that the group has given to the join that is going on; None without one."""
        self._pending: list[Callable[[], None]] = []
        """What the group has said and the next poll calls back."""
        self._errors: list[SimulatedMessage] = []
        self._closed = False

    # Reading.

    def assign(self, places: Sequence[TopicPartition]) -> None:
        """Reads these partitions and no others."""
        self.unassign()
        self._stirred = True
        for place in places:
            log = self._cluster.log(place.topic, place.partition)
            start = {OFFSET_BEGINNING: 0, OFFSET_INVALID: 0, OFFSET_END: log.high}.get(place.offset, place.offset)
            self._places[place.topic, place.partition] = _Reading(start)
            log.watchers.append(self._wake)

    def unassign(self) -> None:
        """Reads nothing."""
        for topic, partition in self._places:
            self._cluster.log(topic, partition).watchers.remove(self._wake)
        self._places = {}

    def pause(self, places: Sequence[TopicPartition]) -> None:
        """Stops reading some partitions."""
        for place in places:
            self._places[place.topic, place.partition].paused = True

    def resume(self, places: Sequence[TopicPartition]) -> None:
        """Goes on reading them."""
        self._stirred = True
        for place in places:
            self._places[place.topic, place.partition].paused = False

    def seek(self, place: TopicPartition) -> None:
        """Reads a partition from there on."""
        self._stirred = True
        self._places[place.topic, place.partition].go(place.offset)

    def position(self, places: Sequence[TopicPartition]) -> list[TopicPartition]:
        """Returns the offsets behind the last records that were returned."""
        return [
            TopicPartition(place.topic, place.partition, self._places[place.topic, place.partition].position)
            for place in places
        ]

    def consume(self, num_messages: int = 1, timeout: float = -1) -> list[SimulatedMessage]:
        """Returns what there is, or nothing after the time."""
        time = self._cluster.time
        # Records end the wait at once. An empty poll only lasts longer than it was asked to, as on a busy machine,
        # which saves most events of the simulation.
        deadline_s = time.now_s + timeout * (_IDLE if self._idle else _IDLE_FIRST)
        while True:
            while self._pending:
                self._pending.pop(0)()
            found, self._errors = self._errors, []
            if self._stirred or time.now_s >= self._look_again_s:
                self._stirred = False
                found += self._fetch(num_messages)
                self._look_again_s = self._next_end_s()
            if found or time.now_s >= deadline_s:
                self._idle = not any(message.error() is None for message in found)
                return found
            if not self._news.fired:
                time.wait(min(deadline_s, self._look_again_s), self._news)
            self._news = Signal()

    def get_watermark_offsets(
        self, place: TopicPartition, timeout: float = -1, cached: bool = False
    ) -> tuple[int, int]:
        """Returns the first offset and the end of a partition, as the brokers or the last fetch say."""
        if cached:
            reading = self._places.get((place.topic, place.partition))
            return (-1001, -1001) if reading is None else (0, reading.high)
        log = self._cluster.log(place.topic, place.partition)
        return self._link.ask("watermarks", lambda: (0, log.stable if self._committed_only else log.high), timeout)

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        """Returns the names of the topics with their partitions."""
        names = self._cluster.topics if topic is None else {topic: self._cluster.topics[topic]}
        topics = {
            name: SimpleNamespace(partitions=dict.fromkeys(range(len(logs))), error=None)
            for name, logs in names.items()
        }
        return self._link.ask("topics", lambda: SimpleNamespace(topics=topics), timeout)

    def _fetch(self, limit: int) -> list[SimulatedMessage]:
        now_s = self._cluster.time.now_s
        found: list[SimulatedMessage] = []
        if self._cluster.brokers.silent_until_s > now_s:
            return found
        for (topic, partition), reading in self._places.items():
            if reading.paused:
                continue
            if reading.held_until_s is None:
                late = self._cluster.brokers.faults.late(self._host.name, f"fetch {topic}")
                reading.held_until_s = now_s + (0.0 if late is None else late.seconds)
            if reading.held_until_s > now_s:
                continue
            log = self._cluster.log(topic, partition)
            end, reading.high = (log.stable if self._committed_only else log.high), log.high
            if reading.position < end:
                reading.held_until_s = reading.end_since_s = None
                reading.told_end = -1
                for entry in log.read(reading.position, end, committed=self._committed_only):
                    if len(found) >= limit:
                        reading.position, self._stirred = entry.offset, True
                        break
                    found.append(SimulatedMessage(topic, partition, entry))
                else:
                    reading.position = end
            elif self._tells_ends and reading.told_end != end:
                if reading.end_since_s is None:
                    reading.end_since_s = now_s
                if now_s >= reading.end_since_s + self._fetch_wait_s:
                    reading.told_end = end
                    found.append(end_of(topic, partition, reading.position))
        return found

    def _next_end_s(self) -> float:
        """Returns when the next end of a partition is to be told, or the next held fetch comes."""
        if self._cluster.brokers.silent_until_s > self._cluster.time.now_s:
            return self._cluster.brokers.silent_until_s
        times = [
            max(reading.held_until_s or 0.0, (reading.end_since_s or 0.0) + self._fetch_wait_s)
            for reading in self._places.values()
            if not reading.paused and reading.told_end != reading.position
        ]
        return max(min(times, default=float("inf")), self._cluster.time.now_s + 0.001)

    def _wake(self) -> None:
        self._stirred = True
        self._news.fire()

    # The group.

    def subscribe(
        self, topics: Sequence[str], on_assign: Callback | None = None, on_revoke: Callback | None = None,
        on_lost: Callback | None = None,
    ) -> None:  # fmt: skip
        """Joins the group; what may be read is told by later polls."""
        self._topics = list(topics)
        self._callbacks = on_assign, on_revoke, on_lost
        self._join()

    def committed(self, places: Sequence[TopicPartition], timeout: float = -1) -> list[TopicPartition]:
        """Returns where the group stands at each place, once no transaction can change it."""
        group = self._cluster.group(self._group)
        asked = [(place.topic, place.partition) for place in places]
        offsets = self._link.ask("committed", lambda: group.committed(asked), timeout)
        return [
            TopicPartition(
                topic, partition, OFFSET_INVALID if (offset := offsets[topic, partition]) is None else offset
            )
            for topic, partition in asked
        ]

    def consumer_group_metadata(self) -> GroupMetadata:
        """Returns what the group knows this member by now."""
        return GroupMetadata(self._group, self._generation, self._member, self._instance)

    def memberid(self) -> str:
        """Returns the name in the group; empty outside of it."""
        return self._member

    def close(self) -> None:
        """Gives back what it reads and leaves the group; a member with a name of its own stays."""
        if self._closed:
            return
        self._closed = True
        self._call_back(1)
        self.unassign()
        if self._member and self._instance is None and self._host.alive:
            group, member = self._cluster.group(self._group), self._member
            self._cluster.brokers.deliver(lambda: group.leave(member))

    def told_to_join_again(self, member: str) -> None:
        """See `groups.MemberClient`."""
        if member == self._member and self._joining is None:
            self._joining = member
            self._later(self._join_again)

    def told_assignment(self, member: str, generation: int, places: Sequence[Place]) -> None:
        """See `groups.MemberClient`."""
        self._later(lambda: self._take(member, generation, places))

    def told_expelled(self, member: str, error: KafkaError) -> None:
        """See `groups.MemberClient`. The name is forgotten at once, and the loss is told by a later poll."""
        if member in (self._member, self._joining):
            self._member, self._generation, self._joining = "", -1, None
            self._later(lambda: self._lose(error))

    def _later(self, action: Callable[[], None]) -> None:
        if not self._closed:
            self._pending.append(action)
            self._news.fire()

    def _join(self) -> None:
        now_s = self._cluster.time.now_s
        member = Member(
            self._member, self._instance, self._topics, self._host, self, self._session_s, self._heartbeat_s, now_s
        )

        def join() -> None:
            # Where it was thrown out meanwhile, it hears of that, and joins under a new name.
            self._joining = self._cluster.group(self._group).join(member) or self._joining

        self._cluster.brokers.deliver(join)

    def _join_again(self) -> None:
        self._call_back(1)
        if self._member:
            self._join()

    def _take(self, member: str, generation: int, places: Sequence[Place]) -> None:
        if member != self._joining:
            return
        self._member, self._generation, self._joining = member, generation, None
        self._call_back(0, [TopicPartition(*place) for place in places])

    def _lose(self, error: KafkaError) -> None:
        self._call_back(2)
        if error.fatal():
            self._errors.append(failed(error))
        else:
            self._join()

    def _call_back(self, which: int, places: list[TopicPartition] | None = None) -> None:
        callback = self._callbacks[which]
        given = [TopicPartition(*place) for place in self._places] if places is None else places
        if callback is not None and (which == 0 or given):
            callback(self, given)
        elif which == 0:
            self.assign(given)
        if which:
            self.unassign()


class _Reading:
    """How far one partition is read."""

    def __init__(self, position: int) -> None:
        self.paused = False
        self.high = -1001
        """The end that the last fetch reported."""
        self.go(position)

    def go(self, position: int) -> None:
        """Reads from there on."""
        self.position = position
        self.told_end = -1
        """The end that was told last."""
        self.end_since_s: float | None = None
        self.held_until_s: float | None = None
        """When the fetch that is on its way comes back; None while none was sent."""
