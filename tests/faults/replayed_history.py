"""What the topics of a real broker hold after a run, in the order that the router's journal gives it.

Topics alone do not tell which records a transaction wrote. The journal is decided again, which must give every
byte that was published, each once, and the very state that the changelog holds.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby

from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.adapters.kafka.reader import Message, read_topic
from pipeline.app.offline.rerun import Again, Rerun
from pipeline.app.stages.route import new_router
from pipeline.loop.now import NOW_KEY
from pipeline.loop.rerun import ReplayDiffers
from pipeline.ports.decider import Decisions
from pipeline.ports.records import Record
from pipeline.settings import Settings
from schemas.topics import ACTIONABLE, ASSIGNMENTS, CASE_EVENTS, CASES, JOURNAL, REPS, ROUTE_STATE
from tests.simulation.day import future_of
from tests.simulation.history import History, Written, decoded

INPUTS = (ACTIONABLE.name, REPS.name)


class ReplayedHistory:
    """Decides everything again and compares.

    Args:
        settings: the router's, resolved.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._decided: list[Again] = []
        self.damage: list[str] = []
        for number in range(settings.kafka.route_partitions):
            self._replay(number)
        self._outputs = [
            (serial, output) for serial, again in enumerate(self._decided) for output in again.decisions.outputs
        ]
        self._compare_topics()

    def history(self) -> History:
        """Returns it as the checks of the simulated days read it."""
        read = {name: list(self._read(name)) for name in INPUTS}
        end_ms = min(
            max(again.entry.now_ms for again in self._decided if again.entry.partition == number)
            for number in range(self._settings.kafka.route_partitions)
        )
        return History(
            inputs=sorted((_written(m) for name in INPUTS for m in read[name]), key=lambda record: record.at_s),
            assignments=self._published(ASSIGNMENTS.name),
            events=self._published(CASE_EVENTS.name),
            cases=self._published(CASES.name),
            journal=[
                Written(JOURNAL.name, again.entry.partition, 0, again.entry.now_ms, again.entry.now_ms / 1000,
                        serial, "", again.entry.model_dump(mode="json"))
                for serial, again in enumerate(self._decided)
            ],
            letters=[_written(message) for name in INPUTS for message in self._read(f"{name}.dlq")],
            offsets=[
                (serial, {(part.topic, part.partition): part.next for part in again.entry.inputs})
                for serial, again in enumerate(self._decided)
            ],
            outcomes=dict.fromkeys(range(len(self._decided)), True),
            serials={serial for serial, _ in self._outputs},
            ends=Counter((message.topic(), message.partition()) for name in INPUTS for message in read[name]),
            end_s=end_ms / 1000,
            end_ms=end_ms,
            calm_from_s=end_ms / 1000,
        )  # fmt: skip

    def _replay(self, number: int) -> None:
        """Decides a partition number again, and compares what that leaves with the changelog."""
        rerun, left = Rerun(self._settings, number), dict[bytes, bytes]()
        try:
            for again in rerun.transactions():
                self._decided.append(again)
                _keep(left, again.decisions.changes.items())
        except ReplayDiffers as difference:
            self.damage += [str(difference), *self._decided_now(rerun.router.decisions())]
            return
        held, restored = dict[bytes, bytes](), new_router(self._settings)
        for message in self._read(ROUTE_STATE.name):
            if message.partition() == number and message.key() != NOW_KEY:
                _keep(held, [(message.key(), message.value())])
        if held != left:
            differing = sorted(key for key in held.keys() | left.keys() if held.get(key) != left.get(key))
            self.damage.append(f"state of {number} is not what its journal leads to: {differing[:10]}")
        for key, value in held.items():
            restored.restore(key, value)
        last_ms = self._decided[-1].entry.now_ms
        due_ms = restored.next_timer_ms()
        if due_ms is not None and due_ms < last_ms:
            self.damage.append(f"a timer of {number} was due {last_ms - due_ms} ms before the end")
        if future_of(restored) != future_of(rerun.router):
            self.damage.append(f"the restored state of {number} and the replayed one go on differently")

    def _decided_now(self, decisions: Decisions) -> Iterator[str]:
        """Yields what is decided now, and was not when the routers decided, of a transaction that differs."""
        changes = [Record(ROUTE_STATE.name, key, value) for key, value in decisions.changes.items()]
        for topic, made in groupby(sorted([*decisions.outputs, *changes], key=_topic), _topic):
            there = {(message.key(), message.value() or b"") for message in self._read(topic)}
            for record in made:
                if _pair(record) not in there:
                    yield f"decided now only: {topic}: {record.key!r} {(record.value or b'')[:1500]!r}"

    def _compare_topics(self) -> None:
        """Notes what was published and not decided, or decided and not published once."""
        decided: dict[str, Counter[tuple[bytes, bytes]]] = defaultdict(Counter)
        for _, output in self._outputs:
            decided[output.topic][_pair(output)] += 1
        for topic in sorted(decided):
            published = Counter((message.key(), message.value() or b"") for message in self._read(topic))
            for what, more in (("lost", decided[topic] - published), ("too much", published - decided[topic])):
                self.damage += [f"{topic}: {what}: {key!r} {value[:300]!r}" for key, value in more]

    def _published(self, topic: str) -> list[Written]:
        """Returns the records of a topic in the order of their transactions."""
        places = {(m.key(), m.value() or b""): _written(m) for m in self._read(topic)}
        mine = ((serial, places.get(_pair(output))) for serial, output in self._outputs if output.topic == topic)
        return [place._replace(serial=serial) for serial, place in mine if place is not None]

    def _read(self, topic: str) -> Iterator[Message]:
        return read_topic(self._settings.kafka, topic)


def workspaces(seed: int, partitions: int, each: int) -> list[str]:
    """Returns names of workspaces, so many for each partition number of the router."""
    names: dict[int, list[str]] = defaultdict(list)
    number = 0
    while any(len(names[place]) < each for place in range(partitions)):
        name = f"town-{seed}-{number}"
        names[partition_of(name.encode(), partitions)].append(name)
        number += 1
    return sorted(name for place in range(partitions) for name in names[place][:each])


def _keep(state: dict[bytes, bytes], changes: Iterable[tuple[bytes, bytes | None]]) -> None:
    for key, value in changes:
        if value is None:
            state.pop(key, None)
        else:
            state[key] = value


def _topic(record: Record) -> str:
    return record.topic


def _pair(output: Record) -> tuple[bytes, bytes]:
    return output.key or b"", output.value or b""


def _written(message: Message) -> Written:
    append_ms = message.timestamp()[1]
    return Written(
        message.topic(), message.partition(), message.offset(), append_ms, append_ms / 1000, 0,
        (message.key() or b"").decode(), decoded(message.value()),
    )  # fmt: skip
