"""Exactly once, on a real broker, while workers are killed, frozen and replaced."""

import random
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.kafka_lab import Lab, gapless

pytestmark = pytest.mark.integration
KEYS = [f"k{n}" for n in range(20)]


@pytest.fixture
def lab(stack: Any) -> Iterator[Lab]:
    made = Lab(stack.kafka_bootstrap)
    yield made
    made.close()


def send_some(lab: Lab, first: int, count: int) -> None:
    for number in range(first, first + count):
        lab.send("ab"[number % 2], {"id": number, "k": KEYS[number % len(KEYS)]}, KEYS[number % len(KEYS)])
    lab.flush()


def test_every_input_counts_once_under_kill_9(lab: Lab) -> None:
    rng = random.Random(7)
    workers = [lab.start(), lab.start()]
    sent = 0
    for _ in range(5):
        until = time.monotonic() + rng.uniform(1.0, 4.0)
        while time.monotonic() < until:
            send_some(lab, sent, 100)
            sent += 100
            time.sleep(0.05)
        victim = rng.randrange(2)
        workers[victim].kill()
        workers[victim].wait()
        workers[victim] = lab.start()
    lab.wait(lambda: len(lab.values("out")) >= sent, 90)
    out = lab.values("out")
    assert sorted(value["id"] for value in out) == list(range(sent))
    assert gapless(out)


def test_a_frozen_worker_that_was_replaced_is_fenced(lab: Lab) -> None:
    frozen = lab.start()
    send_some(lab, 0, 200)
    lab.wait(lambda: len(lab.values("out")) == 200)
    frozen.send_signal(signal.SIGSTOP)
    send_some(lab, 200, 200)
    heir = lab.start()
    lab.wait(lambda: len(lab.values("out")) == 400, 90)
    frozen.send_signal(signal.SIGCONT)
    send_some(lab, 400, 200)
    lab.wait(lambda: len(lab.values("out")) >= 600, 90)
    time.sleep(3)
    out = lab.values("out")
    assert sorted(value["id"] for value in out) == list(range(600))
    assert gapless(out)
    late = {value["by"] for value in out if value["id"] >= 200}
    assert heir.pid in late
    assert frozen.poll() in (None, 70), "it rejoined as an ordinary member, or it ended as fenced"


def test_no_timer_fires_over_unread_input(lab: Lab) -> None:
    worker = lab.start()
    for key in KEYS:
        lab.send("a", {"id": key, "k": key, "arm_ms": 6000}, key)
    lab.flush()
    lab.wait(lambda: len(lab.values("out")) == len(KEYS))
    worker.kill()
    worker.wait()
    for key in KEYS[:10]:
        lab.send("b", {"id": f"{key}-off", "k": key, "disarm": True}, key)
    lab.flush()
    time.sleep(6.5)
    # Input of the other topic that is far past the deadline must not fire them either.
    for key in KEYS[:10]:
        lab.send("a", {"id": f"{key}-late", "k": key}, key)
    lab.flush()
    lab.start()
    lab.wait(lambda: len(lab.values("out")) >= len(KEYS) + 30, 60)
    time.sleep(1)
    fired = {value["fired"] for value in lab.values("out") if "fired" in value}
    assert fired == set(KEYS[10:]), "exactly the timers whose disarming never came"


def test_an_idle_worker_fires_its_timers_by_the_clock(lab: Lab) -> None:
    lab.start()
    lab.send("a", {"id": 1, "k": "k1", "arm_ms": 500}, "k1")
    lab.flush()
    lab.wait(lambda: any("fired" in value for value in lab.values("out")), 30)
    fired = next(value for value in lab.values("out") if "fired" in value)
    assert fired["now"] >= fired["due"]


def test_a_record_that_the_core_refuses_is_dead_lettered_with_its_bytes(lab: Lab) -> None:
    lab.start()
    broken = b'{"id": 1, \xff'
    lab.send("a", broken, "k1")
    lab.send("a", {"id": 2, "k": "k1"}, "k1")
    lab.flush()
    lab.wait(lambda: len(lab.values("out")) == 1, 30)
    letters = lab.read("a.dlq")
    assert [(letter.key(), letter.value()) for letter in letters] == [(b"k1", broken)]
    headers = dict(letters[0].headers())
    assert headers["earshot.code"] == b"invalid_json"
    assert headers["earshot.source.topic"] == f"{lab.name}.a".encode()


def test_the_journal_covers_every_input_once_and_in_order(lab: Lab) -> None:
    lab.start()
    send_some(lab, 0, 300)
    lab.wait(lambda: len(lab.values("out")) == 300)
    places = [
        (part["topic"], part["partition"], offset)
        for entry in lab.values("journal")
        for part in entry["inputs"]
        for offset in range(part["first"], part["next"])
    ]
    assert len(places) == len(set(places)) == 300
    for entry in lab.values("journal"):
        assert sum(run for _, run in entry["merged"]) == sum(p["next"] - p["first"] for p in entry["inputs"])
        assert entry["now_ms"] >= entry["started_ms"]
