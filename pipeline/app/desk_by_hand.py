"""Joins the desk that a person plays with Kafka: it reads what concerns the rep, and sends what is typed."""

import queue
import threading
import time
from collections.abc import Callable, Iterable

from pipeline.adapters.kafka.publisher import KafkaPublisher
from pipeline.adapters.kafka.reader import TopicReader
from pipeline.codec import decode, encode
from pipeline.errors import Misconfigured, Permanent, ServiceMissing
from pipeline.ports.records import Record
from pipeline.scenario.desk.by_hand import DeskByHand
from pipeline.settings import KafkaSettings
from schemas.cases.case import Assignment, CaseEvent
from schemas.people.rep import AnyRepEvent
from schemas.topics import ASSIGNMENTS, CASE_EVENTS, REPS

ROUND_S = 0.3
"""Longest wait between two looks at the topics."""
ANSWER_S = 10.0
"""Longest wait for the answer to the last command. The router answers within a second where it does not lag."""
HEARTBEAT_S = 60.0
"""The contract's pace. A desk that dies is signed out once the lease of the policy is over."""
DELIVERY_TIMEOUT_S = 60.0

Say = Callable[[str], None]


class RunningDeskByHand:
    """A desk that a person plays on a cluster. It is not thread-safe.

    Args:
        kafka: resolved.
        desk: the rep.
        say: shows a line.

    Raises:
        Misconfigured: the topics are missing.
        ServiceMissing: no broker answers.
    """

    def __init__(self, kafka: KafkaSettings, desk: DeskByHand, say: Say) -> None:
        self._desk = desk
        self._say = say
        self._reader = TopicReader(kafka)
        topics = (ASSIGNMENTS.name, CASE_EVENTS.name)
        for topic in (*topics, REPS.name):
            if topic not in self._reader.partitions:
                raise Misconfigured(f"there is no topic {topic}: run `earshot topics apply`")
        # What was said before the rep signs in concerns nobody any more.
        self._ends = {topic: dict(self._reader.window(topic).end) for topic in topics}
        self._publisher = KafkaPublisher(kafka, DELIVERY_TIMEOUT_S)

    def play(self, lines: Iterable[str], patience_s: float) -> bool:
        """Signs in, does what the lines say until they end or say `quit`, and signs out.

        A command waits until a case is there that it fits.

        Args:
            lines: the commands; may block.
            patience_s: longest wait of a command for a case.

        Returns:
            Whether each command found its case.

        Raises:
            ServiceMissing: Kafka no longer answers.
        """
        typed: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=_type, args=(lines, typed), daemon=True).start()
        self._send(self._desk.sign_in())
        try:
            return self._until_quit(typed, patience_s)
        finally:
            self._send(self._desk.sign_out())

    def close(self) -> None:
        """Lets go of the cluster."""
        self._reader.close()
        self._publisher.settle()

    def _until_quit(self, typed: "queue.SimpleQueue[str | None]", patience_s: float) -> bool:
        waiting: str | None = None
        since = beat = time.monotonic()
        while True:
            self._look()
            if time.monotonic() - beat >= HEARTBEAT_S:
                self._send(self._desk.heartbeat())
                beat = time.monotonic()
            if waiting is None:
                try:
                    line = typed.get(timeout=ROUND_S)
                except queue.Empty:
                    continue
                if line is None or line.strip() == "quit":
                    self._settle()
                    return True
                waiting, since = line.strip(), time.monotonic()
                self._look()
            if self._does(waiting):
                waiting = None
            elif time.monotonic() - since > patience_s:
                self._say(f"{waiting}: no case came that it fits")
                return False
            else:
                time.sleep(ROUND_S)

    def _settle(self) -> None:
        """Waits until the last command is answered. A sign-out would give back what was just accepted."""
        deadline = time.monotonic() + ANSWER_S
        while self._desk.is_waiting and time.monotonic() < deadline:
            time.sleep(ROUND_S)
            self._look()

    def _does(self, line: str) -> bool:
        if not line:
            return True
        if line == "list":
            for case in self._desk.cases():
                self._say(case)
            return True
        try:
            event = self._desk.do(line)
        except Misconfigured as mistake:
            self._say(str(mistake))
            return True
        if event is None:
            return False
        self._send(event)
        return True

    def _look(self) -> None:
        for topic, ends in self._ends.items():
            window = self._reader.since(topic, ends)
            if any(window.low[number] < end for number, end in window.end.items()):
                for message in self._reader.read(topic, window):
                    self._take(topic, message.value())
            self._ends[topic] = dict(window.end)

    def _take(self, topic: str, value: bytes | None) -> None:
        try:
            if topic == ASSIGNMENTS.name:
                for line in self._desk.take(decode(Assignment, value)):
                    self._say(line)
            else:
                for line in self._desk.hear(decode(CaseEvent, value)):
                    self._say(line)
        except Permanent as error:
            self._say(f"a record of {topic} cannot be read: {error}")

    def _send(self, event: AnyRepEvent) -> None:
        self._publisher.send(Record(REPS.name, event.workspace.encode(), encode(event)))
        for delivery in self._publisher.settle():
            if delivery.failure is not None:
                raise ServiceMissing(f"Kafka does not take records of {REPS.name}: {delivery.failure}")


def _type(lines: Iterable[str], typed: "queue.SimpleQueue[str | None]") -> None:
    for line in lines:
        typed.put(line)
    typed.put(None)
