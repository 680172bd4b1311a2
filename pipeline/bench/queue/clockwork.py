"""Runs the real router in the real driver on a virtual clock, without Kafka.

What goes in are messages of the contract and the time. What comes out are the assignments that follow at that
time. All inputs are always read to their ends, so that the router is at its live edge all the while.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from pipeline.codec import encode
from pipeline.errors import Misconfigured
from pipeline.loop.broker_time import Receipt
from pipeline.loop.driver import Driver
from pipeline.loop.spec import Moment, StageSpec, Transaction
from pipeline.ports.records import InputRecord
from pipeline.route.router import Router
from schemas.policy.policy import Policy
from schemas.topics import ACTIONABLE, ASSIGNMENTS, JOURNAL, REPS, ROUTE_STATE

Answer = Mapping[str, Any]
"""A record of `assignments` as JSON tells it (`schemas.cases.case.Assignment`)."""
INPUTS = (ACTIONABLE.name, REPS.name)
REMEMBER_MS = 15 * 86_400_000
"""The setting's default."""


class Message(NamedTuple):
    """An input record to be."""

    topic: str
    value: bytes


class Clockwork:
    """The router of one workspace.

    Args:
        policy: of that workspace.
        now_ms: where the clock begins, in milliseconds since the epoch.
    """

    def __init__(self, policy: Policy, now_ms: int) -> None:
        self._router = Router(REMEMBER_MS, "processing")
        spec = StageSpec("route", INPUTS, ROUTE_STATE.name, JOURNAL.name)
        self._driver = Driver(spec, 0, self._router, lambda _: None, self._ends)
        self._next = dict.fromkeys(INPUTS, 0)
        self._key = policy.workspace.encode()
        for topic in INPUTS:
            self._driver.buffers.start(topic, 0)
        self._driver.publish({policy.workspace: encode(policy)})
        self._driver.begin(Moment(now_ms, now_ms))
        self.run(now_ms, ())

    def next_timer_ms(self) -> int | None:
        """Returns when the router does something by itself next, in milliseconds since the epoch."""
        return self._router.next_timer_ms()

    def run(self, now_ms: int, messages: Sequence[Message]) -> list[Answer]:
        """Decides the messages, and the timers that are due by then, and returns the assignments in order.

        Raises:
            Misconfigured: the router gives a message up.
        """
        at = Moment(now_ms, now_ms)
        for topic, value in messages:
            self._driver.buffers.add(InputRecord(topic, 0, self._next[topic], self._key, value, now_ms))
            self._next[topic] += 1
        for topic in INPUTS:
            self._driver.buffers.reached_end(topic, self._next[topic])
        # A broker says the time all the while, so that no transaction is needed only to ask for it.
        said = Receipt(now_ms, at, at)
        self._driver.time.was_written(said)
        answers: list[Answer] = []
        while (transaction := self._driver.decide(at)) is not None:
            answers += _answers(transaction)
            self._driver.commit(transaction, said)
        return answers

    def _ends(self, topics: Sequence[str]) -> Mapping[str, int]:
        return {topic: self._next[topic] for topic in topics}


def _answers(transaction: Transaction) -> Iterator[Answer]:
    for letter in transaction.dead_letters:
        raise Misconfigured(f"the router gives up a record of {letter.record.topic}: {letter.reason}")
    for output in transaction.decisions.outputs:
        if output.topic == ASSIGNMENTS.name and output.value is not None:
            yield orjson.loads(output.value)
