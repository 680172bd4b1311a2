"""Runs a worker around the transactional loop with the smallest decider that shows a loss, a double or a wrong
timer.

Each input `{"id", "k"}` increases the count of its key and emits it. `{"id", "k", "arm_ms"}` arms a timer of the
key, and `{"id", "k", "disarm": true}` removes it. A timer that fires emits `{"fired": k, ...}`. It runs as `python
-m tests.faults.counting_agent NAME BOOTSTRAP`.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence

from pipeline.adapters.kafka.transactional.late_requests import DoubtRule
from pipeline.adapters.kafka.transactional.member import TransactionalMember
from pipeline.adapters.kafka.transactional.observer import LoopObserver, Outcome
from pipeline.adapters.kafka.transactional.producer import doubt_rule
from pipeline.errors import EXIT_RESTART, MustRestart, Permanent
from pipeline.loop.spec import StageSpec
from pipeline.ports.decider import Decider, Decisions
from pipeline.ports.records import InputRecord, Record
from pipeline.settings import KafkaSettings
from tests.deciders import Plain


class Counting(Plain):
    """Counts for each key, and undoes by copying, which is slow and obviously right."""

    def __init__(self, out: str) -> None:
        self._out = out
        self._truth: dict[bytes, dict[str, int]] = {}
        self._state: dict[bytes, dict[str, int]] = {}
        self._outputs: list[Record] = []
        self._changes: dict[bytes, bytes | None] = {}

    def restore(self, key: bytes, value: bytes | None) -> None:
        assert value is not None
        self._truth[key] = json.loads(value)
        self._state = {k: dict(v) for k, v in self._truth.items()}

    def event_ms(self, record: InputRecord) -> int | None:
        return None

    def decide(self, record: InputRecord, now_ms: int, *, may_wait: bool = False) -> None:
        try:
            body = json.loads(record.value or b"")
            key = str(body["k"]).encode()
        except (ValueError, KeyError) as error:
            raise Permanent("invalid_json", str(error)) from None
        state = dict(self._state.get(key, {"n": 0}))
        state["n"] += 1
        if "arm_ms" in body:
            state["due"] = now_ms + body["arm_ms"]
        if "disarm" in body:
            state.pop("due", None)
        self._put(key, state)
        self._emit(key, {"id": body["id"], "k": body["k"], "n": state["n"], "now": now_ms})

    def next_timer_ms(self) -> int | None:
        return min((state["due"] for state in self._state.values() if "due" in state), default=None)

    def fire_timers(self, now_ms: int, limit: int) -> int:
        due = sorted(
            (state["due"], key) for key, state in self._state.items() if state.get("due", now_ms + 1) <= now_ms
        )
        for at, key in due:
            state = dict(self._state[key])
            state.pop("due")
            self._put(key, state)
            self._emit(key, {"fired": key.decode(), "due": at, "now": now_ms})
        return len(due)

    def decisions(self) -> Decisions:
        return Decisions(tuple(self._outputs), dict(self._changes))

    def commit(self) -> None:
        self._truth = {k: dict(v) for k, v in self._state.items()}
        self._outputs, self._changes = [], {}

    def abort(self) -> None:
        self._state = {k: dict(v) for k, v in self._truth.items()}
        self._outputs, self._changes = [], {}

    def _put(self, key: bytes, state: dict[str, int]) -> None:
        self._state[key] = state
        self._changes[key] = json.dumps(state).encode()

    def _emit(self, key: bytes, body: dict[str, object]) -> None:
        self._outputs.append(Record(self._out, key, json.dumps(body | {"by": os.getpid()}).encode()))


class Quiet:
    """Hears what the loop tells and does nothing more."""

    def committed(self, partition: int, outcome: Outcome) -> None:
        pass

    def aborted(self, partition: int, reason: str) -> None:
        pass

    def renewed(self, partition: int, reason: str, seconds: float) -> None:
        pass

    def acquired(self, partition: int, entries: int | None, seconds: float) -> None:
        pass

    def let_go(self, partition: int) -> None:
        pass

    def incomplete(self, partition: int, missing: Sequence[str]) -> None:
        pass


def run(
    name: str,
    kafka: KafkaSettings,
    make_decider: Callable[[int], Decider],
    observer: LoopObserver,
    make_doubt: Callable[[KafkaSettings], DoubtRule] = doubt_rule,
) -> None:
    """Runs one worker of the lab's topics until SIGTERM; ends the process when it must restart."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    agent = TransactionalMember(
        kafka,
        StageSpec(name, (f"{name}.a", f"{name}.b"), f"{name}.state", f"{name}.journal", batch_size=200),
        make_decider,
        lambda: time.time_ns() // 1_000_000,
        observer,
        lambda: None,
        make_doubt,
    )
    try:
        agent.run(stop.is_set)
    except MustRestart as error:
        sys.stderr.write(f"{error}\n")
        os._exit(EXIT_RESTART)


def main(name: str, bootstrap: str) -> None:
    """Runs one worker that counts."""
    kafka = KafkaSettings(bootstrap_servers=bootstrap, session_timeout_ms=6000, transaction_timeout_ms=6000)
    run(name, kafka, lambda _: Counting(f"{name}.out"), Quiet())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
