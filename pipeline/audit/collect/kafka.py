"""Reads every topic into columns, in an order in which a running stream cannot look like a loss.

First come the offsets that the stages have committed, so that what they made of the records below is there. Then
come the ends of the committed records of each topic, and after these the ends of all records. What a finished
transaction wrote to other topics therefore lies below their ends. At last each topic is read to its end, after its
dead letters, so that their bytes can be compared while the topic passes by.

The result is a filled `LogBuilder`. What an absent id means is not decided here.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from pipeline.adapters.kafka.lag import committed_of
from pipeline.adapters.kafka.messages import input_record
from pipeline.adapters.kafka.reader import Message, TopicReader, Window
from pipeline.audit.collect.log_builder import LogBuilder, add_letter
from pipeline.audit.logs import AssignmentLog, Log
from pipeline.errors import Misconfigured
from pipeline.ports.records import InputRecord
from pipeline.settings import KafkaSettings
from pipeline.stages import inputs_by_group
from schemas.topics import (
    ACTIONABLE,
    ASSIGNMENTS,
    CASE_EVENTS,
    CASES,
    DAY_MS,
    GAUGES,
    MENTIONS,
    RAW,
    SCORED,
    Topic,
)

FOLLOWED: tuple[Topic, ...] = (RAW, SCORED, ACTIONABLE, MENTIONS, CASE_EVENTS, ASSIGNMENTS, CASES, GAUGES)
"""These are the topics of the audit, in the order of the flow."""

WORTH_TELLING_S = 1.0
"""Reading a topic for at least this many seconds is worth a line of progress."""

Progress = Callable[[str], None]


@dataclass
class KafkaSummary:
    """Holds what the reading of Kafka says besides the logs."""

    records: dict[str, int] = field(default_factory=dict)
    """Maps a topic to the number of its records that were read."""
    warnings: list[str] = field(default_factory=list)
    actionable_partitions: int = 0


def collect_kafka(
    kafka: KafkaSettings, builder: LogBuilder, now_ms: int, progress: Progress = lambda _: None
) -> KafkaSummary:
    """Reads all topics.

    Args:
        kafka: resolved settings.
        builder: gets every record.
        now_ms: the time of the audit, for partitions that retention has emptied.
        progress: is told after each topic that took a while.

    Raises:
        ServiceMissing: no broker answers.
        Transient: Kafka stopped answering.
        Misconfigured: topics are missing.
    """
    reader = TopicReader(kafka)
    try:
        return _Collection(kafka, reader, builder, now_ms, progress).run()
    finally:
        reader.close()


class _Collection:
    def __init__(
        self, kafka: KafkaSettings, reader: TopicReader, builder: LogBuilder, now_ms: int, progress: Progress
    ) -> None:
        self._kafka = kafka
        self._reader = reader
        self._builder = builder
        self._now_ms = now_ms
        self._progress = progress
        self._result = KafkaSummary(actionable_partitions=len(reader.partitions.get(ACTIONABLE.name, ())))

    def run(self) -> KafkaSummary:
        self._check_topics()
        for name in self._team_topics():
            self._builder.teams[name] = AssignmentLog(name)
        self._mark_handled()
        windows = self._windows()
        letters = {name: log.letters for name, log in self._builder.logs().items()}
        for topic in FOLLOWED:
            if topic.dead_letters:
                for message in self._read(topic.dlq.name, windows):
                    problem = add_letter(letters, input_record(message), message.headers() or [])
                    if problem is not None:
                        self._result.warnings.append(f"dead letter {problem}")
        logs = self._builder.logs()
        for name, take in self._builder.handlers().items():
            self._read_topic(logs[name], take, windows)
        return self._result

    def _check_topics(self) -> None:
        needed = [topic.name for topic in FOLLOWED] + [t.dlq.name for t in FOLLOWED if t.dead_letters]
        missing = [name for name in needed if name not in self._reader.partitions]
        if missing:
            raise Misconfigured(f"missing topics: {', '.join(missing)}; create them with `earshot topics apply`")

    def _team_topics(self) -> list[str]:
        prefix = f"{ASSIGNMENTS.name}."
        names = (name for name in sorted(self._reader.partitions) if name.startswith(prefix))
        # A team topic is `assignments.<workspace>.<team>`. Slugs hold no dot, and `assignments.dlq` has too few.
        return [name for name in names if name.count(".") == 2 and self._builder.includes(name.split(".")[1])]

    def _mark_handled(self) -> None:
        logs = self._builder.logs()
        for group, inputs in inputs_by_group().items():
            for name, offsets in committed_of(self._kafka, group, inputs).items():
                if name in logs:
                    logs[name].handled = dict(offsets)

    def _windows(self) -> dict[str, Window]:
        """Returns what is read of each topic. The ends of the committed records are noted first."""
        logs = self._builder.logs()
        names = [*logs, *(topic.dlq.name for topic in FOLLOWED if topic.dead_letters)]
        committed = {name: self._reader.window(name) for name in names}
        for name, log in logs.items():
            log.settled = dict(committed[name].end)
        ends = self._reader.ends(names)
        return {name: Window(window.low, ends[name]) for name, window in committed.items()}

    def _read_topic(self, log: Log, take: Callable[[InputRecord], None], windows: Mapping[str, Window]) -> None:
        for message in self._read(log.name, windows):
            record = input_record(message)
            log.first_ms.setdefault(record.partition, record.append_ms)
            take(record)
        log.end = dict(windows[log.name].end)
        # The start is asked again, because retention may have gone on while the topic was read.
        log.low = dict(self._reader.window(log.name).low)
        retention_ms = _retention_days(log.name) * DAY_MS
        for partition in log.low:
            # An emptied partition shows no first record, so the end of its retention stands for the time of one.
            log.first_ms.setdefault(partition, self._now_ms - retention_ms)

    def _read(self, name: str, windows: Mapping[str, Window]) -> Iterator[Message]:
        started_s, count = time.monotonic(), 0
        for message in self._reader.read(name, windows[name]):
            count += 1
            yield message
        self._result.records[name] = count
        took_s = time.monotonic() - started_s
        if took_s >= WORTH_TELLING_S:
            self._progress(f"{name}: {count:,} records in {took_s:.1f} s")


def _retention_days(name: str) -> int:
    days = next((topic.retention_days for topic in FOLLOWED if topic.name == name), ASSIGNMENTS.retention_days)
    return days or 0
