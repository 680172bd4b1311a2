"""Runs the router of the first release, whose loop writes to a producer that here is a list.

Its modules are looked up by name, because this checkout has none of them.
"""

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from pipeline.bench.route.seam import BATCH, INPUTS, REMEMBER_MS, Transaction
from pipeline.bench.route.traffic import Arrival, Produced
from schemas.topics import JOURNAL, ROUTE_STATE


class Stage:
    """The stage around `pipeline.adapters.transactional.owned`.

    Args:
        workspace: name of the only workspace.
        policy: its policy as JSON.
    """

    def __init__(self, workspace: str, policy: bytes) -> None:
        owned = importlib.import_module("pipeline.adapters.transactional.owned")
        router = importlib.import_module("pipeline.route.router")
        self._input_record = importlib.import_module("pipeline.ports").InputRecord
        model = importlib.import_module("schemas.policy").Policy.model_validate_json(policy)
        policies = {workspace: model}
        self.decider = router.Router(lambda: policies, REMEMBER_MS, "processing")
        self._producer = _MemoryProducer()
        spec = owned.AgentSpec("route", INPUTS, ROUTE_STATE.name, JOURNAL.name, batch_size=BATCH)
        self._owned = owned.Owned(spec, 0, self._producer, self.decider, self._ends, lambda _: None)
        self._owned.restored = True
        self._next = dict.fromkeys(INPUTS, 0)
        self._key = workspace.encode()
        for topic in INPUTS:
            self._owned.buffers.start(topic, 0)

    def restore(self, entries: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Takes entries of the changelog."""
        for key, value in entries:
            self._owned.restore(key, value)

    def settle(self) -> None:
        """Does what the stage does when its state is restored."""

    def read(self, arrivals: Iterable[Arrival]) -> list[Any]:
        """Returns the arrivals as records of this release."""
        records = []
        for arrival in arrivals:
            offset = self._next[arrival.topic]
            records.append(
                self._input_record(arrival.topic, 0, offset, self._key, arrival.value, arrival.append_ms)
            )
            self._next[arrival.topic] = offset + 1
        return records

    def run(self, records: Sequence[Any]) -> Callable[[], Transaction]:
        """Decides, encodes and commits one transaction over all of the records."""
        for record in records:
            self._owned.buffers.add(record)
        for topic in INPUTS:
            self._owned.buffers.reached_end(topic, self._next[topic])
        outcome = self._owned.run(records[-1].append_ms, lambda: None)
        return partial(_described, outcome, self._producer.produced)

    def _ends(self, places: Sequence[Any]) -> Mapping[str, int]:
        return {place.topic: self._next[place.topic] for place in places}


def _described(outcome: Any, written: Iterable[tuple[str, bytes | None, bytes | None]]) -> Transaction:
    produced = [Produced(*record) for record in written]
    return Transaction(
        len(outcome.records),
        len(outcome.dead_letters),
        [record for record in produced if record.topic not in (ROUTE_STATE.name, JOURNAL.name)],
        [record for record in produced if record.topic == ROUTE_STATE.name],
        next(record.value for record in produced if record.topic == JOURNAL.name) or b"",
    )


class _MemoryProducer:
    """Takes what confluent_kafka's Producer takes, and keeps the records of the last transaction."""

    def __init__(self) -> None:
        self.produced: list[tuple[str, bytes | None, bytes | None]] = []

    def begin_transaction(self) -> None:
        self.produced = []

    def produce(self, topic: str, value: bytes | None, key: bytes | None, **_: object) -> None:
        self.produced.append((topic, key, value))

    def send_offsets_to_transaction(self, *_: object) -> None:
        pass

    def commit_transaction(self, *_: object) -> None:
        pass
