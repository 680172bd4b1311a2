"""The broker watch on a clock of its own, and against sockets that refuse and that never answer."""

import re
import socket
import threading
import time
from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from confluent_kafka import KafkaException
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from pipeline.adapters.kafka.broker_watch import (
    INTERVAL_S,
    SILENT_AFTER_S,
    TIMEOUT_S,
    BrokerWatch,
    Silence,
    SilenceLog,
)
from pipeline.settings import KafkaSettings

KAFKA = KafkaSettings(bootstrap_servers="127.0.0.1:1")
QUIET = SilenceLog("sink", None, lambda: 0)


class Cluster:
    """Brokers and a clock: a question that is not answered takes its time."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.up = True
        self.left_out = 0
        reporter = SilenceLog("sink", KAFKA.bootstrap_servers, lambda: self.left_out)
        self.watch = BrokerWatch(KAFKA, reporter, ask=self.ask, monotonic_s=lambda: self.now_s)

    def ask(self) -> None:
        if not self.up:
            self.now_s += TIMEOUT_S
            raise KafkaException("no answer")

    def pass_s(self, seconds: float) -> None:
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.watch.look()
            self.now_s += INTERVAL_S


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def said() -> Iterator[list[MutableMapping[str, Any]]]:
    """What the watch said, in order."""
    with capture_logs() as lines:
        yield lines


def test_nothing_answers_before_the_first_answer_but_only_ten_seconds_of_it_are_a_silence(
    cluster: Cluster,
) -> None:
    assert not cluster.watch.answers, "else each start without brokers would end the alert"
    assert cluster.watch.ready == (True, "ok")
    cluster.watch.look()
    assert cluster.watch.answers


def test_a_silence_is_judged_within_15_s_and_ends_with_the_first_answer(cluster: Cluster) -> None:
    cluster.pass_s(60)
    cluster.up, began_s = False, cluster.now_s
    while cluster.watch.answers:
        assert cluster.watch.ready == (True, "ok")
        cluster.watch.look()
        cluster.now_s += INTERVAL_S
    assert SILENT_AFTER_S - INTERVAL_S <= cluster.now_s - began_s <= 15
    ready, reason = cluster.watch.ready
    assert not ready
    assert re.fullmatch(r"no Kafka broker has answered for 1\d s", reason)
    cluster.up = True
    cluster.watch.look()
    assert cluster.watch.ready == (True, "ok")


def test_a_process_that_was_held_up_is_no_silence_of_the_brokers(cluster: Cluster) -> None:
    cluster.pass_s(10)
    cluster.now_s += 300
    assert cluster.watch.answers
    assert cluster.watch.ready == (True, "ok")


@given(st.lists(st.tuples(st.booleans(), st.floats(0.1, 30)), min_size=1, max_size=50))
def test_silence_is_the_time_since_the_last_answer_and_none_after_one(questions: list[tuple[bool, float]]) -> None:
    silence, now_s, heard_s = Silence(0.0), 0.0, 0.0
    for answered, later_s in questions:
        now_s += later_s
        if answered:
            silence.answered(now_s)
            heard_s = now_s
        else:
            silence.missed()
        assert silence.lasts_s(now_s) == pytest.approx(now_s - heard_s)
        ever = heard_s > 0
        assert silence.answers(now_s) == (ever and now_s - heard_s < SILENT_AFTER_S)


def test_begin_and_end_of_a_silence_are_said_and_each_minute_between(
    cluster: Cluster, said: list[MutableMapping[str, Any]]
) -> None:
    cluster.pass_s(30)
    cluster.up = False
    cluster.pass_s(10 + 3 * 60)
    cluster.up = True
    cluster.pass_s(30)
    events = [line["event"] for line in said]
    assert events[-1] == "a_broker_answers_again"
    assert set(events[:-1]) == {"no_broker_answers"}
    assert 4 <= len(events) <= 5, "at its beginning, in each of three minutes, and at its end"


def test_a_short_break_is_said_only_when_lines_were_left_out(
    cluster: Cluster, said: list[MutableMapping[str, Any]]
) -> None:
    for left_out, expected in ((0, []), (40, ["a_broker_answers_again"])):
        said.clear()
        cluster.pass_s(10)
        cluster.up = False
        cluster.watch.look()
        cluster.up, cluster.left_out = True, left_out
        cluster.watch.look()
        cluster.left_out = 0
        assert [line["event"] for line in said] == expected


@pytest.mark.parametrize("listens", [True, False], ids=["accepts and says nothing", "refuses"])
def test_a_broker_that_accepts_and_says_nothing_is_as_silent_as_one_that_refuses(listens: bool) -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        if listens:
            door.listen(16)
        port = door.getsockname()[1]
        watch = BrokerWatch(KafkaSettings(bootstrap_servers=f"127.0.0.1:{port}"), QUIET)
        before_s = time.monotonic()
        watch.look()
        assert watch.missing
        assert not watch.answers
        # The question ends by itself: a frozen broker must not hold the thread for a socket's minute.
        assert time.monotonic() - before_s < 30


def test_closing_does_not_wait_for_an_answer() -> None:
    asked = threading.Event()

    def never() -> None:
        asked.set()
        threading.Event().wait(20)

    watch = BrokerWatch(KAFKA, QUIET, ask=never)
    watch.start()
    assert asked.wait(20)
    watch.close()


def test_no_secret_is_logged(said: list[MutableMapping[str, Any]]) -> None:
    kafka = KafkaSettings.model_validate(
        {"bootstrap_servers": "127.0.0.1:1", "sasl_username": "u", "sasl_password": "hunter2"}
    )
    now_s = 0.0

    def fails() -> None:
        raise KafkaException("no answer")

    def later() -> float:
        nonlocal now_s
        now_s += 20
        return now_s

    watch = BrokerWatch(
        kafka, SilenceLog("sink", kafka.bootstrap_servers, lambda: 0), ask=fails, monotonic_s=later
    )
    watch.look()
    assert said[0]["event"] == "no_broker_answers"
    assert "hunter2" not in str(said)
