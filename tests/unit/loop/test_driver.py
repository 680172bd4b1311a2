"""The time of a partition number: when records count, when timers fire, what an abort undoes."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Permanent
from pipeline.loop.broker_time import Receipt
from pipeline.loop.driver import Driver
from pipeline.loop.now import NOW_KEY
from pipeline.loop.spec import Moment, StageSpec, Transaction
from pipeline.ports.decider import Decisions, PolicyAwaited, PolicyMark, policy_digest
from pipeline.ports.records import InputRecord, Record

FAR_MS = 10**9


@dataclass
class Noting:
    """A core that notes what happened in which order. A record's value is its own time; some ask for a timer."""

    due_ms: list[int] = field(default_factory=list)
    wants_timers: bool = False
    calls: list[object] = field(default_factory=list)
    undone: int = 0
    committed: int = 0
    restored: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    in_force: dict[str, bytes] = field(default_factory=dict)
    edges: list[tuple[bool, int]] = field(default_factory=list)
    is_live: bool = False
    held: int = 0
    """How many decisions wait for the live edge."""

    def restore(self, key: bytes, value: bytes | None) -> None:
        self.restored.append((key, value))

    def event_ms(self, record: InputRecord) -> int | None:
        own: int | None = json.loads(record.value or b"null")
        return own

    def decide(self, record: InputRecord, now_ms: int, *, may_wait: bool = False) -> None:
        if record.key is None:
            raise Permanent("no_key", "a record needs a key")
        version = int(record.key) if record.key.isdigit() else 0
        if may_wait and version > int(self.in_force.get("acme", b"0")):
            raise PolicyAwaited("acme", version)
        if self.wants_timers:
            self.due_ms = sorted([*self.due_ms, record.append_ms + 7])
        self.calls.append((record.topic, record.offset, now_ms))

    def next_timer_ms(self) -> int | None:
        return self.due_ms[0] if self.due_ms else None

    def fire_timers(self, now_ms: int, limit: int) -> int:
        due = [ms for ms in self.due_ms if ms <= now_ms][:limit]
        self.due_ms = self.due_ms[len(due) :]
        self.calls += [("timer", ms) for ms in due]
        return len(due)

    def decisions(self) -> Decisions:
        return Decisions([Record("out", b"k", repr(call).encode()) for call in self.calls[self.committed :]])

    def commit(self) -> None:
        self.committed = len(self.calls)

    def abort(self) -> None:
        self.undone += 1
        self.calls = self.calls[: self.committed]

    def take_policy(self, workspace: str, content: bytes | None, now_ms: int) -> None:
        if content == b"bad":
            raise Permanent("invalid_json", "no policy")
        self.in_force = {name: held for name, held in self.in_force.items() if name != workspace}
        if content is not None:
            self.in_force[workspace] = content

    def policies(self) -> Mapping[str, PolicyMark]:
        return {name: PolicyMark(int(held), policy_digest(held)) for name, held in self.in_force.items()}

    def read_ahead(self, records: Sequence[InputRecord]) -> None:
        """Nothing is to be decoded."""

    def park_timer(self, now_ms: int) -> None:
        self.calls.append(("parked", self.due_ms.pop(0)))

    def set_live(self, live: bool, now_ms: int, limit: int) -> bool:
        if live and self.held > limit:
            self.held -= limit
            return False
        # Behind the edge it hears so again and again.
        if live or self.is_live:
            self.edges.append((live, now_ms))
        self.is_live = live
        return True

    def size_bytes(self) -> int:
        return 0


def at(ms: int) -> Moment:
    return Moment(ms, ms)


def said(ms: int) -> Receipt:
    """What a broker says that takes a record at once."""
    return Receipt(ms, at(ms), at(ms))


def told(made: Driver, ms: int) -> Moment:
    """A moment just after a broker said what time it is."""
    made.time.was_written(said(ms))
    return at(ms)


class Broker:
    """Says where inputs end, and remembers which it was asked about."""

    def __init__(self, ends: Mapping[str, int]) -> None:
        self.ends = ends
        self.asked: list[str] = []

    def __call__(self, topics: Sequence[str]) -> Mapping[str, int]:
        self.asked += topics
        return {topic: self.ends[topic] for topic in topics}


def driver(core: Noting, broker: Broker, *, event_clock: bool = False, batch_size: int = 100) -> Driver:
    spec = StageSpec("test", ("a", "b"), "state", "journal", event_clock=event_clock, batch_size=batch_size)
    return Driver(spec, 0, core, lambda _: None, broker)


def record(
    topic: str, offset: int, append_ms: int, own_ms: int | None = None, key: bytes | None = b"k"
) -> InputRecord:
    return InputRecord(topic, 0, offset, key, json.dumps(own_ms).encode(), append_ms)


def decided(timer_ms: int, broker: Broker, posts: Sequence[int], *, event_clock: bool = False) -> list[object]:
    """What is decided of `posts`, times of input a; input b was read to offset 3 and has no record."""
    core = Noting([timer_ms])
    made = driver(core, broker, event_clock=event_clock)
    made._core_is_live = made.edge.live = True
    made.buffers.start("a", 0)
    made.buffers.start("b", 3)
    made.buffers.reached_end("b", 3)
    for offset, append_ms in enumerate(posts):
        made.buffers.add(record("a", offset, append_ms, append_ms))
    made.decide(at(FAR_MS))
    return core.calls


def test_a_due_timer_fires_beside_an_input_that_never_ends() -> None:
    broker = Broker({"a": 99, "b": 3})
    assert decided(15, broker, [10, 20, 30]) == [("a", 0, 10), ("timer", 15), ("a", 1, 20), ("a", 2, 30)]
    assert broker.asked == ["b"], "what was read of a is past the timer"


def test_no_timer_fires_while_an_input_that_stands_before_it_has_unread_records() -> None:
    assert decided(15, Broker({"a": 99, "b": 4}), [10, 20]) == [("a", 0, 10)]


def test_a_timer_of_the_record_s_own_millisecond_fires_after_it() -> None:
    assert decided(20, Broker({"a": 99, "b": 3}), [20, 21]) == [("a", 0, 20), ("timer", 20), ("a", 1, 21)]
    core = Noting([15, 20])
    made = idle(core, Broker({"a": 1, "b": 0}))
    made.buffers.add(record("a", 0, 20))
    made.decide(at(FAR_MS))
    assert core.calls == [("timer", 15), ("a", 0, 20)]


def test_an_input_whose_last_record_is_older_than_the_timer_is_asked_and_what_waited_for_it_is_decided_later() -> (
    None
):
    core, broker = Noting([15]), Broker({"a": 1, "b": 2})
    made = idle(core, broker)
    made.buffers.add(record("a", 0, 20))
    made.buffers.add(record("b", 0, 12))
    made.buffers.reached_end("b", 1)
    first = made.decide(at(FAR_MS))
    assert core.calls == [("b", 0, 12)], "the second record of b, which is unread, may be older than the timer"
    assert first is not None
    assert [part.topic for part in first.journal.inputs] == ["b"]
    made.commit(first, None)
    made.buffers.add(record("b", 1, 14))
    made.buffers.reached_end("b", 2)
    made.decide(at(FAR_MS))
    assert core.calls[1:] == [("b", 1, 14), ("timer", 15), ("a", 0, 20)]


def test_on_the_event_clock_every_input_is_asked_for_its_end() -> None:
    broker = Broker({"a": 99, "b": 3})
    assert decided(15, broker, [10, 20], event_clock=True) == [("a", 0, 10)]
    assert sorted(broker.asked) == ["a", "b"]


def idle(core: Noting, broker: Broker, *, event_clock: bool = False) -> Driver:
    """A driver whose inputs hold nothing and were read to offset 0."""
    made = driver(core, broker, event_clock=event_clock)
    for topic in ("a", "b"):
        made.buffers.start(topic, 0)
        made.buffers.reached_end(topic, 0)
    return made


def live(core: Noting, broker: Broker) -> Driver:
    """A driver at its live edge, whose inputs hold nothing."""
    made = idle(core, broker)
    made._core_is_live = made.edge.live = True
    return made


def test_the_clock_fires_a_due_timer_only_when_every_input_is_read_to_its_end() -> None:
    made = live(Noting([50]), Broker({"a": 0, "b": 0}))
    assert made.decide(told(made, 49)) is None
    transaction = made.decide(told(made, 60))
    assert transaction is not None
    assert (transaction.timers, transaction.now_ms, transaction.journal.clock) == (1, 60, True)
    unread = live(Noting([50]), Broker({"a": 0, "b": 1}))
    assert unread.decide(told(unread, 60)) is None, "b has an unread record"
    assert idle(Noting([50]), Broker({"a": 0, "b": 0}), event_clock=True).decide(at(60)) is None


def test_the_clock_fires_nothing_over_a_record_that_waits_for_another_input() -> None:
    made = driver(Noting([50]), Broker({"a": 1, "b": 0}))
    made.edge.live = True
    for topic in ("a", "b"):
        made.buffers.start(topic, 0)
    made.buffers.add(record("a", 0, 40))
    assert made.decide(told(made, 60)) is None, "b is read to its end, but nobody has said so yet"


def test_the_clock_behind_now_does_not_take_it_back() -> None:
    made = live(Noting([50]), Broker({"a": 0, "b": 0}))
    made.restore(NOW_KEY, b"90")
    transaction = made.decide(told(made, 60))
    assert transaction is not None
    assert (transaction.started_ms, transaction.now_ms) == (90, 90)


def test_an_abort_takes_now_and_the_records_back_and_the_next_transaction_is_the_same() -> None:
    core = Noting([15])
    made = idle(core, Broker({"a": 2, "b": 0}))
    for offset, ms in enumerate((10, 20)):
        made.buffers.add(record("a", offset, ms))
    made.buffers.reached_end("a", 2)
    first = made.decide(at(FAR_MS))
    assert first is not None
    made.abort(first, None, at(-(10**6)))
    assert (made.now_ms, core.undone) == (0, 1)
    core.due_ms = [15]  # as the core's own undo brings it back
    assert made.decide(at(FAR_MS)) == first


def test_a_record_that_is_given_up_is_a_dead_letter_of_the_transaction_and_the_rest_is_decided() -> None:
    core = Noting()
    made = idle(core, Broker({"a": 3, "b": 0}))
    for offset, key in enumerate((b"k", None, b"k")):
        made.buffers.add(record("a", offset, 10, key=key))
    transaction = made.decide(at(FAR_MS))
    assert transaction is not None
    assert [(letter.record.offset, letter.reason.code) for letter in transaction.dead_letters] == [(1, "no_key")]
    assert core.calls == [("a", 0, 10), ("a", 2, 10)]
    assert transaction.journal.dead_letters == 1


def test_the_journal_names_the_inputs_in_merged_order_and_what_a_replay_needs() -> None:
    made = idle(Noting(), Broker({"a": 2, "b": 2}))
    for topic, offset, ms in (("a", 0, 10), ("a", 1, 30), ("b", 0, 20), ("b", 1, 40)):
        made.buffers.add(record(topic, offset, ms))
    transaction = made.decide(at(FAR_MS))
    assert transaction is not None
    entry = transaction.journal
    assert [(part.topic, part.first, part.next) for part in entry.inputs] == [("a", 0, 2), ("b", 0, 1)]
    assert entry.merged == ((0, 1), (1, 1), (0, 1)), "the last record of b waits: a may hold one before it"
    assert (entry.started_ms, entry.now_ms, entry.clock) == (0, 30, False)
    assert entry.outputs == 3


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 12)), max_size=40),
    st.integers(1, 7),
    st.randoms(use_true_random=False),
)
def test_how_fast_each_input_is_fetched_and_how_large_a_batch_is_changes_no_decision(
    steps: list[tuple[str, int]], batch_size: int, chance: random.Random
) -> None:
    logs: dict[str, list[InputRecord]] = {"a": [], "b": []}
    ms = 0
    for topic, wait_ms in steps:
        ms += wait_ms
        logs[topic].append(record(topic, len(logs[topic]), ms))
    assert run(logs, batch_size, chance) == run(logs, 10**6, None)


def run(logs: Mapping[str, Sequence[InputRecord]], batch_size: int, chance: random.Random | None) -> list[object]:
    """Plays whole logs: at once, or in pieces that arrive in any order, some transactions aborted at first."""
    core = Noting(wants_timers=True)
    made = driver(core, Broker({topic: len(log) for topic, log in logs.items()}), batch_size=batch_size)
    made._core_is_live = made.edge.live = True
    for topic in logs:
        made.buffers.start(topic, 0)
    unread = {topic: list(log) for topic, log in logs.items()}
    while any(unread.values()):
        for topic, log in unread.items():
            count = len(log) if chance is None else chance.randrange(len(log) + 1)
            for _ in range(count):
                made.buffers.add(log.pop(0))
            if not log:
                made.buffers.reached_end(topic, len(logs[topic]))
        drain(made, core, chance)
    drain(made, core, chance)
    return core.calls


def drain(made: Driver, core: Noting, chance: random.Random | None) -> None:
    while True:
        due_ms = list(core.due_ms)
        # The clock stands still, so that it fires nothing itself.
        transaction: Transaction | None = made.decide(at(-1))
        if transaction is None:
            return
        if chance is not None and chance.random() < 0.3:
            made.abort(transaction, None, at(-(10**6)))
            core.due_ms = due_ms
        else:
            made.commit(transaction, None)
