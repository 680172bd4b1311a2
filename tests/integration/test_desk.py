"""The running desk answers on reps.events, keyed by workspace, and commits an input once it is answered.

So does the desk that a person plays.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from pipeline.adapters.kafka.config import client_config, producer_config
from pipeline.adapters.kafka.reader import read_topic
from pipeline.app.desk_by_hand import RunningDeskByHand
from pipeline.app.simulated_desk import RunningDesk, group_of
from pipeline.clock import SystemClock, to_ms
from pipeline.codec import decode, encode
from pipeline.local.endpoints import Endpoints
from pipeline.scenario.desk.by_hand import DeskByHand, Person
from pipeline.scenario.desk.desk import Desk, Roster
from pipeline.settings import ClockMode, KafkaSettings
from schemas.cases.case import Assignment
from schemas.people.rep import AnyRepEvent, RepEvent
from schemas.topics import ASSIGNMENTS, REPS
from tests.builders import START_MS, policy, record, scored, signed_in
from tests.routers import live_router

pytestmark = pytest.mark.integration
PATIENCE_S = 60.0


def _offers(workspace: str, count: int) -> list[tuple[bytes | None, bytes | None]]:
    """Returns real offers of a real router."""
    router = live_router(policy(workspace=workspace), remember_ms=10**9)
    sign_in = signed_in("r1", capacity=count).model_copy(update={"workspace": workspace})
    router.decide(record(sign_in), START_MS)
    for number in range(count):
        router.decide(record(scored(f"p{number}", f"a{number}", workspace=workspace), number + 1), START_MS)
    return [(o.key, o.value) for o in router.decisions().outputs if o.topic == ASSIGNMENTS.name]


def _answers(kafka: KafkaSettings, workspace: str) -> list[AnyRepEvent]:
    found = []
    for message in read_topic(kafka, REPS.name):
        if message.key() == workspace.encode():
            found.append(decode(RepEvent, message.value()).root)
    return found


@contextlib.contextmanager
def _running(kafka: KafkaSettings, workspace: str, clock: ClockMode = "event") -> Iterator[RunningDesk]:
    roster = Roster.model_validate(
        {"workspace": workspace, "reps": [{"rep_id": "r1", "teams": ["care"], "capacity": 50}]}
    )
    desk = RunningDesk(kafka, Desk(roster, 0), clock, SystemClock())
    try:
        yield desk
    finally:
        desk.close()


def _until(desk: RunningDesk, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "the desk did not get there in time"
        desk.round()


def _uncommitted(kafka: KafkaSettings, workspace: str) -> int:
    consumer = Consumer(client_config(kafka) | {"group.id": group_of(workspace)})
    try:
        partitions = [TopicPartition(ASSIGNMENTS.name, n) for n in range(kafka.route_partitions)]
        left = 0
        for committed in consumer.committed(partitions, timeout=10):
            low, high = consumer.get_watermark_offsets(committed, timeout=10)
            left += high - (committed.offset if committed.offset >= 0 else low)
        return left
    finally:
        consumer.close()


def test_assignments_are_answered_and_a_second_desk_answers_only_what_is_new(kafka: KafkaSettings) -> None:
    workspace = f"desk-{uuid.uuid4().hex[:8]}"
    producer = Producer(producer_config(kafka))
    with _running(kafka, workspace) as desk:
        desk.sign_in()
        for key, value in _offers(workspace, 30):
            producer.produce(ASSIGNMENTS.name, value, key)
        producer.flush(30)
        _until(desk, lambda: desk.answered >= 25 and _uncommitted(kafka, workspace) == 0)
    answers = _answers(kafka, workspace)
    assert answers[0].type == "signed_in"
    assert {event.type for event in answers[1:]} <= {"offer_accepted", "offer_rejected"}
    assert len({event.event_id for event in answers}) == len(answers)
    numbered = [(event.sender, event.seq) for event in answers]
    assert numbered == [("earshot-desk", answers[0].seq + n) for n in range(len(answers))]
    with _running(kafka, workspace) as again:
        producer.produce(ASSIGNMENTS.name, encode(_accepted(workspace)), b"case")
        producer.flush(30)
        _until(again, lambda: _uncommitted(kafka, workspace) == 0)
        assert again.answered == 2, "reply and resolve of the one new record"


def _accepted(workspace: str) -> Assignment:
    [(_, value)] = _offers(workspace, 1)
    offer = decode(Assignment, value)
    return offer.model_copy(update={"state": "assigned", "assignment_id": "other", "case_id": "other"})


@pytest.mark.parametrize(("clock", "present"), [("processing", 0), ("event", 1)])
def test_a_desk_that_is_stopped_signs_its_reps_out_where_time_is_real(
    kafka: KafkaSettings, clock: ClockMode, present: int
) -> None:
    workspace = f"desk-{uuid.uuid4().hex[:8]}"
    with _running(kafka, workspace, clock) as desk:
        desk.sign_in()
        desk.sign_out()
    router = live_router(policy(workspace=workspace), remember_ms=10**9, clock=clock)
    for number, event in enumerate(_answers(kafka, workspace)):
        append_ms = max(START_MS, to_ms(event.occurred_at))
        router.decide(record(event, number, append_ms=append_ms), append_ms)
    assert router.gauges()["reps_present"] == present


def test_a_desk_signs_out_on_sigterm_as_a_process(stack: Endpoints, kafka: KafkaSettings, tmp_path: Path) -> None:
    workspace = f"desk-{uuid.uuid4().hex[:8]}"
    roster = tmp_path / "roster.yaml"
    roster.write_text(f"workspace: {workspace}\nreps:\n  - {{rep_id: r1, teams: [care]}}\n")
    environment = os.environ | {"EARSHOT_KAFKA__BOOTSTRAP_SERVERS": stack.kafka_bootstrap}
    command = [sys.executable, "-m", "pipeline.cli", "desk", str(roster)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not _answers(kafka, workspace):
                assert time.monotonic() < deadline, "nobody signed in"
                assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0
        finally:
            process.kill()
    assert [event.type for event in _answers(kafka, workspace)] == ["signed_in", "signed_out"]


def _await_event(kafka: KafkaSettings, workspace: str, type_: str) -> None:
    """Plays the router, who answers what was sent and nothing before."""
    deadline = time.monotonic() + PATIENCE_S
    while type_ not in {event.type for event in _answers(kafka, workspace)}:
        assert time.monotonic() < deadline, f"no {type_} came"


def _commands(kafka: KafkaSettings, workspace: str) -> Iterator[str]:
    """Types what a rep would, who is offered a case once signed in, and has it when another one comes."""
    first, second = _offers(workspace, 2)
    producer = Producer(producer_config(kafka))
    producer.produce(ASSIGNMENTS.name, first[1], first[0])
    producer.flush(30)
    yield "accept"
    _await_event(kafka, workspace, "offer_accepted")
    offered = decode(Assignment, first[1])
    accepted = offered.model_copy(update={"state": "assigned", "reason": "accepted"})
    producer.produce(ASSIGNMENTS.name, encode(accepted), first[0])
    producer.produce(ASSIGNMENTS.name, second[1], second[0])
    producer.flush(30)
    yield from ("no-such-command", "reject not_mine")
    _await_event(kafka, workspace, "offer_rejected")
    released = decode(Assignment, second[1]).model_copy(update={"state": "released", "reason": "declined"})
    producer.produce(ASSIGNMENTS.name, encode(released), second[0])
    producer.flush(30)
    yield "list"


def test_a_person_s_desk_waits_for_the_case_of_each_command_and_signs_out_at_the_end(kafka: KafkaSettings) -> None:
    workspace, shown = f"rep-{uuid.uuid4().hex[:8]}", list[str]()
    desk = DeskByHand(Person(workspace, "r1", ("care",), {}, 5), "by-hand", SystemClock().now)
    running = RunningDeskByHand(kafka, desk, shown.append)
    try:
        assert running.play(_commands(kafka, workspace), PATIENCE_S)
        assert not running.play(iter(["accept"]), 0.1), "no offer came"
    finally:
        running.close()
    told = [event.type for event in _answers(kafka, workspace)]
    assert told == [
        "signed_in", "offer_accepted", "offer_rejected", "signed_out", "signed_in", "signed_out",
    ]  # fmt: skip
    assert shown[0].startswith("#1 offered (matched)")
    assert "there is no command no-such-command" in shown
    assert [line for line in shown if line.startswith("#1")][-1].startswith("#1 assigned in ")
    assert shown[-1] == "accept: no case came that it fits"
