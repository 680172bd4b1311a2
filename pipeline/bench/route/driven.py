"""Drives the router of this release with the pure driver."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from pipeline.app.garbage_collection import ShortPauses
from pipeline.bench.route.seam import BATCH, INPUTS, REMEMBER_MS, Transaction
from pipeline.bench.route.traffic import Arrival, Produced
from pipeline.loop.broker_time import Receipt
from pipeline.loop.driver import Driver
from pipeline.loop.now import NOW_KEY
from pipeline.loop.spec import Moment, StageSpec
from pipeline.loop.spec import Transaction as Decided
from pipeline.ports.records import InputRecord
from pipeline.route.router import Router
from schemas.topics import JOURNAL, ROUTE_STATE


class Stage:
    """The stage behind `pipeline.loop`.

    Args:
        workspace: name of the only workspace.
        policy: its policy as JSON.
    """

    def __init__(self, workspace: str, policy: bytes) -> None:
        # The route worker does the same.
        self._pauses = ShortPauses()
        self.decider = Router(REMEMBER_MS, "processing")
        spec = StageSpec("route", INPUTS, ROUTE_STATE.name, JOURNAL.name, batch_size=BATCH)
        self._driver = Driver(spec, 0, self.decider, lambda _: None, self._ends)
        self._next = dict.fromkeys(INPUTS, 0)
        self._workspace = workspace
        self._policy = policy
        self._key = workspace.encode()
        for topic in INPUTS:
            self._driver.buffers.start(topic, 0)

    def restore(self, entries: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Takes entries of the changelog."""
        for key, value in entries:
            self._driver.restore(key, value)

    def settle(self) -> None:
        """Does what the stage does when its state is restored."""
        self._driver.publish({self._workspace: self._policy})
        at = Moment(self._driver.now_ms, self._driver.now_ms)
        self._driver.begin(at)
        while (transaction := self._driver.decide(at)) is not None:
            self._driver.commit(transaction, Receipt(at.clock_ms, at, at))

    def read(self, arrivals: Iterable[Arrival]) -> list[InputRecord]:
        """Returns the arrivals as input records."""
        records = []
        for arrival in arrivals:
            offset = self._next[arrival.topic]
            records.append(InputRecord(arrival.topic, 0, offset, self._key, arrival.value, arrival.append_ms))
            self._next[arrival.topic] = offset + 1
        return records

    def run(self, records: Sequence[InputRecord]) -> Callable[[], Transaction]:
        """Decides, encodes and commits one transaction over all of the records."""
        self._pauses.between()
        for record in records:
            self._driver.buffers.add(record)
        for topic in INPUTS:
            self._driver.buffers.reached_end(topic, self._next[topic])
        at = Moment(records[-1].append_ms, records[-1].append_ms)
        transaction = self._driver.decide(at)
        assert transaction is not None, "there are records"
        journal = transaction.journal.model_dump_json().encode()
        self._driver.commit(transaction, None)
        return partial(_described, transaction, journal)

    def _ends(self, topics: Sequence[str]) -> Mapping[str, int]:
        return {topic: self._next[topic] for topic in topics}


def _described(transaction: Decided, journal: bytes) -> Transaction:
    decisions = transaction.decisions
    outputs = [Produced(record.topic, record.key, record.value) for record in decisions.outputs]
    changes = [Produced(ROUTE_STATE.name, key, value) for key, value in decisions.changes.items()]
    changes.append(Produced(ROUTE_STATE.name, NOW_KEY, transaction.now_value))
    return Transaction(len(transaction.records), len(transaction.dead_letters), outputs, changes, journal)
