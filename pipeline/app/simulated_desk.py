"""Runs the simulated desk. It reads assignments and sends rep events, in real time or, on the event clock, at
once.

An assignment that is read twice gets the same events with the same ids, which the router recognises, so the desk
needs no more than at-least-once reading. What the reps do is decided in `pipeline.scenario.desk.desk`.
"""

import signal
import threading
from itertools import count
from pathlib import Path

from pipeline.adapters.kafka.clients.group_reader import Arrival, GroupReader
from pipeline.adapters.kafka.publisher import KafkaPublisher
from pipeline.adapters.yaml.policy_file import load_yaml
from pipeline.app.endpoints import resolve
from pipeline.clock import Clock, SystemClock, to_ms
from pipeline.codec import decode, encode
from pipeline.errors import Permanent, ServiceMissing
from pipeline.logs import get_log
from pipeline.ports.records import Record
from pipeline.scenario.desk.desk import ALWAYS, Desk, Roster
from pipeline.scenario.desk.due_answers import DueAnswers
from pipeline.settings import ClockMode, KafkaSettings, Settings
from schemas.cases.case import Assignment
from schemas.people.rep import AnyRepEvent
from schemas.topics import ASSIGNMENTS, REPS

SENDER = "earshot-desk"
"""All desks of a workspace are one sender, so that a restarted desk goes on where the last one stopped."""
ROUND_S = 0.1
"""Longest wait for input, and so the longest delay of an answer."""
DELIVERY_TIMEOUT_S = 60.0


def group_of(workspace: str) -> str:
    """Names the consumer group of a workspace's desk. Desks of two workspaces must each read all assignments."""
    return f"earshot-desk-{workspace}"


def run(settings: Settings, roster_path: Path, *, speed: float = 1.0, seed: int = 0) -> None:
    """Plays the roster's reps until SIGTERM or SIGINT. Then they sign out, except on the event clock.

    Args:
        settings: may be unresolved.
        roster_path: YAML of `pipeline.scenario.desk.desk.Roster`.
        speed: how many times as fast as life the reps are.
        seed: of what they do.

    Raises:
        Misconfigured: the roster is wrong, each mistake with file and line; or the topics are missing.
        ServiceMissing: no broker is known or takes the events.
    """
    # The roster is read before Kafka is asked, so that a mistake in it is told at once.
    roster = load_yaml(roster_path, Roster, "a roster is a mapping with workspace and reps").value
    kafka = resolve(settings).kafka
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    desk = RunningDesk(kafka, Desk(roster, seed, speed), settings.clock, SystemClock())
    get_log("desk").info("started", reps=len(roster.reps), clock=settings.clock, speed=speed)
    try:
        desk.sign_in()
        while not stop.is_set():
            desk.round()
        desk.sign_out()
    finally:
        desk.close()
    get_log("desk").info("stopped", answered=desk.answered)


class RunningDesk:
    """A desk on a cluster. It is not thread-safe.

    Args:
        kafka: resolved.
        desk: what the reps do.
        clock_mode: `event` answers at once, with the time at which it would have been.
        clock: real time, for `processing`.
    """

    def __init__(self, kafka: KafkaSettings, desk: Desk, clock_mode: ClockMode, clock: Clock) -> None:
        self.answered = 0
        self._desk = desk
        self._clock_mode = clock_mode
        self._clock = clock
        self._due = DueAnswers()
        # On the event clock answers leave in another order than that of their times. `seq` comes from the wall
        # clock, so that a later desk goes on with higher numbers and is not refused as stale.
        self._seq = count(to_ms(clock.now()))
        self._committed: dict[int, int] = {}
        self._publisher = KafkaPublisher(kafka, DELIVERY_TIMEOUT_S)
        group = group_of(desk.workspace)
        self._reader = GroupReader(kafka, group, ASSIGNMENTS.name, self._revoked, get_log("desk"))

    def sign_in(self) -> None:
        """Starts everybody's work now, or before all input on the event clock."""
        self._send(self._desk.sign_ins(ALWAYS if self._clock_mode == "event" else self._clock.now()))

    def sign_out(self) -> None:
        """Stops everybody's work, so that no offer goes to an empty chair.

        On the event clock nobody is signed out. There a sign-in counts before all input, so that after a sign-out
        the reps of the next desk could never come back.

        Raises:
            ServiceMissing: the events could not be delivered.
        """
        if self._clock_mode == "processing":
            self._send(self._desk.sign_outs(self._clock.now()))

    def round(self) -> None:
        """Reads what there is, gives the answers that are due, and commits what is thereby done.

        Raises:
            ServiceMissing: the events could not be delivered.
            Misconfigured: the topic is missing.
        """
        for arrival in self._reader.poll(ROUND_S):
            self._take(arrival)
        now = None if self._clock_mode == "event" else self._clock.now()
        self._send(self._due.take_due(now))
        self._commit()

    def close(self) -> None:
        """Leaves the group. The next desk gives the answers that are not due yet."""
        self._reader.close()
        self._publisher.settle()

    def _take(self, arrival: Arrival) -> None:
        partition, offset = arrival.partition, arrival.offset
        if arrival.is_end:
            self._due.reached_end(partition, offset)
            return
        try:
            answers = self._desk.answer(decode(Assignment, arrival.value))
        except Permanent as error:
            get_log("desk").warning("unreadable_assignment", code=error.code, partition=partition, offset=offset)
            answers = ()
        self._due.add(partition, offset, answers)

    def _send(self, events: list[AnyRepEvent]) -> None:
        for event in events:
            self._publisher.send(self._record(event))
        for delivery in self._publisher.settle():
            if delivery.failure is not None:
                raise ServiceMissing(f"Kafka does not take records of {REPS.name}: {delivery.failure}")
        self.answered += len(events)

    def _record(self, event: AnyRepEvent) -> Record:
        value = encode(event.model_copy(update={"sender": SENDER, "seq": next(self._seq)}))
        return Record(REPS.name, event.workspace.encode(), value)

    def _commit(self) -> None:
        done = self._due.done()
        changed = {n: offset for n, offset in done.items() if self._committed.get(n) != offset}
        # A refused commit loses nothing. The partitions are read again, and their assignments get the same
        # answers.
        if changed and self._reader.commit(changed):
            self._committed |= changed

    def _revoked(self, partition: int) -> None:
        self._due.drop(partition)
        self._committed.pop(partition, None)
