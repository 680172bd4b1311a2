"""Carries the requests of one process to the brokers, and what may happen to them on the way."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol, TypeVar

from confluent_kafka import KafkaError, KafkaException

from pipeline.adapters.in_memory.kafka.virtual_time import Signal, VirtualTime

Answer = TypeVar("Answer")
FASTEST_S, SLOWEST_S = 0.0005, 0.003
"""A request without any fault is on its way for so long, and so is its answer."""
AGAIN_S = 0.02
"""A client asks again after so long when the broker has said that it cannot answer yet."""


class NotYet(Exception):
    """The broker cannot answer before something else has ended, and the client asks again."""


@dataclass(frozen=True)
class Late:
    """A request that is held up on its way."""

    seconds: float
    cut: bool = False
    """Whether its connection is closed at once, so that the client sends a copy while the first still lives."""


class Faults(Protocol):
    """Decides what happens to a request."""

    def late(self, host: str, kind: str) -> Late | None:
        """Returns how the request is held up; None for the usual way."""

    def refuses(self, host: str, topic: str) -> bool:
        """Whether the leader refuses a batch of records, so that its transaction must be aborted."""


class NoFaults:
    """Nothing is held up or refused."""

    def late(self, host: str, kind: str) -> Late | None:  # noqa: ARG002 - part of the protocol
        """Returns None."""
        return None

    def refuses(self, host: str, topic: str) -> bool:  # noqa: ARG002 - part of the protocol
        """Returns False."""
        return False


class Host:
    """One process with its clocks. It may stand still as after SIGSTOP, or be dead."""

    def __init__(self, name: str, time: VirtualTime) -> None:
        self.name = name
        self.alive = True
        self.stalled_until_s = 0.0
        self.clock_ahead_s = 0.0
        """How far its wall clock is ahead of the true time."""
        self._time = time

    def monotonic_s(self) -> float:
        """Returns the monotonic time of the process in seconds."""
        return self._time.now_s

    def when_running(self, action: Callable[[], object]) -> None:
        """Calls `action` now, or when the process goes on; never where it is dead."""
        if not self.alive:
            return
        if self.stalled_until_s > self._time.now_s:
            self._time.call_at(self.stalled_until_s, lambda: self.when_running(action))
        else:
            action()


class Brokers:
    """The way to the brokers, which may be silent for a while."""

    def __init__(self, time: VirtualTime, chance: Random, faults: Faults) -> None:
        self.time = time
        self.faults = faults
        self.silent_until_s = 0.0
        self._chance = chance

    def latency_s(self) -> float:
        """Returns how long a request or an answer takes."""
        return FASTEST_S + (SLOWEST_S - FASTEST_S) * self._chance.random()

    def deliver(self, action: Callable[[], object], late_s: float = 0.0) -> None:
        """Calls `action` when a request that is sent now reaches the brokers."""
        self.time.call_in(self.latency_s() + late_s, lambda: self._arrive(action))

    def _arrive(self, action: Callable[[], object]) -> None:
        if self.silent_until_s > self.time.now_s:
            self.time.call_at(self.silent_until_s + self.latency_s(), lambda: self._arrive(action))
        else:
            action()


class Link:
    """Sends the requests of one client and waits for their answers.

    Args:
        brokers: where the requests go.
        host: the client's process.
        socket_timeout_s: a request without an answer for so long is sent again.
        backoff_s: a request whose connection was cut is sent again after so long.
    """

    def __init__(self, brokers: Brokers, host: Host, socket_timeout_s: float, backoff_s: float = 0.1) -> None:
        self.host = host
        self.retries = 0
        self.disconnects = 0
        self._brokers = brokers
        self._socket_timeout_s = socket_timeout_s
        self._backoff_s = backoff_s

    def ask(self, kind: str, apply: Callable[[], Answer], timeout_s: float) -> Answer:
        """Returns what the brokers answer.

        Args:
            kind: what is asked, for `Faults`.
            apply: does it at the brokers and returns the answer; raises KafkaException or NotYet.
            timeout_s: how long the caller waits.

        Raises:
            KafkaException: the brokers refuse, or nobody has answered in time.
        """
        time = self._brokers.time
        deadline_s = time.now_s + timeout_s
        while True:
            answer: list[Callable[[], Answer]] = []
            arrived = Signal()
            late = self._brokers.faults.late(self.host.name, kind)
            self._send(apply, answer, arrived, late)
            patience_s = self._backoff_s if late is not None and late.cut else self._socket_timeout_s
            time.wait(min(deadline_s, time.now_s + patience_s), arrived)
            if answer:
                try:
                    return answer[0]()
                except NotYet:
                    time.wait(min(deadline_s, time.now_s + AGAIN_S))
            else:
                self.disconnects += 1
                self.retries += time.now_s < deadline_s
            if time.now_s >= deadline_s:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"{kind}: timed out", False, True, False))

    def _send(
        self, apply: Callable[[], Answer], answer: list[Callable[[], Answer]], arrived: Signal, late: Late | None
    ) -> None:
        def arrive() -> None:
            outcome = _outcome(apply)
            if late is None or not late.cut:
                self._brokers.time.call_in(self._brokers.latency_s(), lambda: come_back(outcome))

        def come_back(outcome: Callable[[], Answer]) -> None:
            answer.append(outcome)
            arrived.fire()

        self._brokers.deliver(arrive, 0.0 if late is None else late.seconds)


def _outcome(apply: Callable[[], Answer]) -> Callable[[], Answer]:
    """Calls `apply` and returns what gives its answer or raises its error."""
    try:
        value = apply()
    except (KafkaException, NotYet) as error:
        raised = error

        def fail() -> Answer:
            raise raised

        return fail
    return lambda: value
