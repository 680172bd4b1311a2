"""The group coordinator: the classic protocol, the range assignor, static members, offsets of transactions."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple, Protocol

from confluent_kafka import KafkaError, KafkaException

from pipeline.adapters.in_memory.kafka.link import Brokers, Host, NotYet
from pipeline.adapters.in_memory.kafka.transactions import Place


class GroupMetadata(NamedTuple):
    """What a consumer shows to the group coordinator; the member is empty outside of a group."""

    group: str
    generation: int
    member: str
    instance: str | None


class MemberClient(Protocol):
    """The side of a consumer that the coordinator talks to. The calls come from the client's heartbeats."""

    def told_to_join_again(self, member: str) -> None:
        """Learns that the group takes in its members anew."""

    def told_assignment(self, member: str, generation: int, places: Sequence[Place]) -> None:
        """Learns what it may read."""

    def told_expelled(self, member: str, error: KafkaError) -> None:
        """Learns that the group does not know it any more."""


@dataclass
class Member:
    """One member of a group."""

    name: str
    instance: str | None
    topics: Sequence[str]
    host: Host
    client: MemberClient
    session_s: float
    heartbeat_s: float
    seen_s: float
    joined: bool = True
    """Whether it waits for the next generation, or is in the current one while nothing changes."""
    settled: bool = False
    """Whether it has been in a generation."""
    places: Sequence[Place] = ()


class Group:
    """One consumer group.

    Args:
        name: its `group.id`.
        brokers: the way of the answers.
        chance: decides when a heartbeat comes.
        partitions: topic to its number of partitions.
    """

    def __init__(self, name: str, brokers: Brokers, chance: Random, partitions: Callable[[str], int]) -> None:
        self.offsets: dict[Place, int] = {}
        self.history: list[tuple[int, Mapping[Place, int]]] = []
        """The number of each committed transaction with the offsets that it committed, in their order."""
        self.generation = 0
        self.members: dict[str, Member] = {}
        self._name, self._brokers, self._chance, self._partitions = name, brokers, chance, partitions
        self._pending: dict[int, dict[Place, int]] = defaultdict(dict)
        self._rebalancing = False
        self._names = 0

    # What consumers ask.

    def join(self, member: Member) -> str:
        """Takes a member in and returns its name; what it may read is told later.

        A member under a name that is not known any more is not taken in, and its name is empty.
        """
        if member.name:
            known = self.members.get(member.name)
            if known is None:
                return ""
            if self._rebalancing:
                known.joined = True
                self._rebalance()
            else:
                # The call to join came late. Nothing has changed, so the member is told again what it has.
                self._tell_assignment(known)
            return known.name
        self._names += 1
        member.name = f"{member.host.name}-{self._names}"
        before = self._of_instance(member.instance)
        if before is not None:
            del self.members[before.name]
            self._expelled(before, KafkaError.FENCED_INSTANCE_ID)
            member.places, member.settled = before.places, before.settled
        self.members[member.name] = member
        self._watch(member)
        if before is not None and before.settled and not self._rebalancing:
            self._tell_assignment(member)
        else:
            member.settled = False
            self._rebalance()
        return member.name

    def leave(self, name: str) -> None:
        """Lets a member go that has closed."""
        if self.members.pop(name, None) is not None:
            self._rebalance()

    def expel(self, name: str) -> None:
        """Throws a member out, as after a session timeout."""
        member = self.members.pop(name, None)
        if member is not None:
            self._expelled(member, KafkaError.UNKNOWN_MEMBER_ID)
            self._rebalance()

    def rebalance(self) -> None:
        """Takes all members in anew, as when an operator adds a partition."""
        if self.members:
            self._rebalance()

    def committed(self, places: Iterable[Place]) -> dict[Place, int | None]:
        """Returns the committed offset of each place; None where there is none.

        Raises:
            NotYet: an unended transaction may still change one.
        """
        asked = list(places)
        if any(place in pending for pending in self._pending.values() for place in asked):
            raise NotYet
        return {place: self.offsets.get(place) for place in asked}

    def add_offsets(self, producer: int, offsets: Mapping[Place, int], shown: GroupMetadata) -> None:
        """Adds offsets to the producer's transaction.

        Raises:
            KafkaException: whoever reads under that name does not own the partitions any more.
        """
        self._check(shown)
        self._pending[producer].update(offsets)

    def end(self, producer: int, serial: int, *, committed: bool) -> None:
        """Takes over the offsets of an ended transaction, or drops them."""
        offsets = self._pending.pop(producer, {})
        if committed and offsets:
            self.offsets.update(offsets)
            self.history.append((serial, offsets))

    # What happens between the members.

    def _check(self, shown: GroupMetadata) -> None:
        if not shown.member and shown.generation < 0:
            return
        holder = self._of_instance(shown.instance)
        if holder is not None and holder.name != shown.member:
            raise _refused(KafkaError.FENCED_INSTANCE_ID)
        if shown.member not in self.members:
            raise _refused(KafkaError.UNKNOWN_MEMBER_ID)
        if shown.generation != self.generation:
            raise _refused(KafkaError.ILLEGAL_GENERATION)

    def _of_instance(self, instance: str | None) -> Member | None:
        if instance is None:
            return None
        return next((member for member in self.members.values() if member.instance == instance), None)

    def _rebalance(self) -> None:
        if not self._rebalancing:
            self._rebalancing = True
            for member in self.members.values():
                if member.settled:
                    member.joined = False
                    self._call_to_join(member)
        if all(member.joined for member in self.members.values()):
            self._rebalancing = False
            self.generation += 1
            self._assign()

    def _assign(self) -> None:
        members = sorted(self.members.values(), key=lambda member: member.instance or member.name)
        for member in members:
            member.places, member.settled = (), True
        for topic in sorted({topic for member in members for topic in member.topics}):
            readers = [member for member in members if topic in member.topics]
            whole, rest = divmod(self._partitions(topic), len(readers))
            first = 0
            for index, member in enumerate(readers):
                following = first + whole + (index < rest)
                member.places = [*member.places, *((topic, number) for number in range(first, following))]
                first = following
        for member in members:
            self._tell_assignment(member)

    def _tell_assignment(self, member: Member) -> None:
        name, generation, places = member.name, self.generation, tuple(member.places)
        self._answer(member, lambda: member.client.told_assignment(name, generation, places))

    def _call_to_join(self, member: Member) -> None:
        """Tells a member at each heartbeat, until it comes, that the group takes in its members anew."""

        def tell() -> None:
            if self._rebalancing and not member.joined and self.members.get(member.name) is member:
                self._answer(member, lambda: member.client.told_to_join_again(member.name))
                self._brokers.time.call_in(member.heartbeat_s, tell)

        self._brokers.time.call_in(member.heartbeat_s * self._chance.random(), tell)

    def _expelled(self, member: Member, code: int) -> None:
        error = KafkaError(code, "expelled", code == KafkaError.FENCED_INSTANCE_ID)
        seconds = member.heartbeat_s * self._chance.random()

        def tell() -> None:
            member.client.told_expelled(member.name, error)

        self._brokers.time.call_in(seconds, lambda: self._answer(member, tell))

    def _answer(self, member: Member, action: Callable[[], None]) -> None:
        self._brokers.deliver(lambda: member.host.when_running(action))

    def _watch(self, member: Member) -> None:
        """Throws the member out when no heartbeat has come for a session timeout. A silent broker waits."""
        if self.members.get(member.name) is not member:
            return
        now_s = self._brokers.time.now_s
        runs = member.host.alive and member.host.stalled_until_s <= now_s
        if runs or self._brokers.silent_until_s > now_s:
            member.seen_s = now_s
        elif now_s - member.seen_s >= member.session_s:
            self.expel(member.name)
            return
        self._brokers.time.call_in(member.heartbeat_s, lambda: self._watch(member))


def _refused(code: int) -> KafkaException:
    return KafkaException(KafkaError(code, "the group does not take offsets of that member", False, False, True))
