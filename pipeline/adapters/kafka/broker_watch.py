"""Finds out whether any Kafka broker answers. A client of its own asks every few seconds, the same way in every
stage.

The verdict goes to /readyz and to the gauge `earshot_broker_answers`. A log line comes at the beginning of a
silence, each minute of it and at its end. The watch asks a question that must be answered and trusts no
callback about connections. A broker that is frozen, or behind a firewall that swallows packets, keeps its
connections and says nothing. What a stage does about a silence is not decided here.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Protocol

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from pipeline.adapters.kafka.config import client_config
from pipeline.logs import BROKER_LOGGER, Log, get_log
from pipeline.settings import KafkaSettings

INTERVAL_S = 2.0
TIMEOUT_S = 2.0
"""With the interval, there is a verdict every 4 s of a silence, so its log line comes within 14 s."""
SILENT_AFTER_S = 10.0
"""A broker that is restarted in order, or pauses to collect garbage, is back sooner."""
REPORT_EVERY_S = 60.0
_LATE_S = 5.0
"""librdkafka ends a question by itself. Should it not, the thread waits this much longer and no more."""


class Silence:
    """Judges how long no broker has answered. It is thread-safe, because it only ever replaces one value.

    Args:
        started_s: now, in seconds of a clock that never goes back.
    """

    def __init__(self, started_s: float) -> None:
        # (time of the last answer or of the start, whether an answer is missing since, whether any came ever)
        self._state = (started_s, True, False)

    def answered(self, now_s: float) -> None:
        """Notes that a broker answered."""
        self._state = (now_s, False, True)

    def missed(self) -> None:
        """Notes that a question stayed without an answer.

        A question that was late says nothing by itself, because this process may have been held up.
        """
        since_s, _, ever = self._state
        self._state = (since_s, True, ever)

    def lasts_s(self, now_s: float) -> float:
        """Returns the seconds since the last answer; 0 while the last question was answered."""
        since_s, missing, _ = self._state
        return now_s - since_s if missing else 0.0

    def answers(self, now_s: float) -> bool:
        """Whether brokers answer: from the first answer until `SILENT_AFTER_S` after the last one."""
        _, _, ever = self._state
        return ever and self.lasts_s(now_s) < SILENT_AFTER_S


class SilenceReporter(Protocol):
    """Tells the operator. It is called from the thread that asks."""

    def silent(self, lasts_s: float) -> None:
        """Called when no broker answers: once at `SILENT_AFTER_S`, then every `REPORT_EVERY_S`."""
        ...

    def again(self, lasted_s: float) -> None:
        """Called when a broker answers after at least one question without an answer, reported or not."""
        ...


class SilenceLog:
    """Reports a silence in the log of a stage.

    Args:
        stage: its name.
        servers: the addresses that are asked.
        left_out: returns how many log lines were held back since its last call (`calm_logs`).
    """

    def __init__(self, stage: str, servers: str | None, left_out: Callable[[], int]) -> None:
        self._log: Log = get_log(BROKER_LOGGER).bind(stage=stage)
        self._servers = servers
        self._left_out = left_out
        self._reported = False

    def silent(self, lasts_s: float) -> None:
        """See `SilenceReporter`."""
        self._reported = True
        self._log.error(
            "no_broker_answers", silent_s=round(lasts_s), servers=self._servers, lines_left_out=self._left_out()
        )

    def again(self, lasted_s: float) -> None:
        """See `SilenceReporter`. A break that was not reported and held nothing back deserves no line."""
        left_out = self._left_out()
        if self._reported or left_out:
            self._log.info("a_broker_answers_again", silent_s=round(lasted_s), lines_left_out=left_out)
        self._reported = False


class BrokerWatch:
    """A thread that asks.

    Args:
        kafka: resolved settings of the cluster.
        reporter: tells the operator.
        ask: raises when no broker answers; by default it asks for the description of the cluster, which needs no
            permission and no topic.
        monotonic_s: for tests.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        reporter: SilenceReporter,
        *,
        ask: Callable[[], None] | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reporter = reporter
        self._ask = ask or _asker(kafka)
        self._monotonic_s = monotonic_s
        self._silence = Silence(monotonic_s())
        self._reported_at_s: float | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="broker-watch", daemon=True)

    def start(self) -> None:
        """Begins to ask."""
        self._thread.start()

    def close(self) -> None:
        """Stops asking, without waiting for an answer."""
        self._stopping.set()

    @property
    def answers(self) -> bool:
        """Whether a broker answers. False until the first answer."""
        return self._silence.answers(self._monotonic_s())

    @property
    def missing(self) -> bool:
        """Whether the last question stayed without an answer, or none was answered yet."""
        return self._silence.lasts_s(self._monotonic_s()) > 0

    @property
    def ready(self) -> tuple[bool, str]:
        """Whether there is no silence, and the sentence about it for /readyz."""
        lasts_s = self._silence.lasts_s(self._monotonic_s())
        if lasts_s < SILENT_AFTER_S:
            return True, "ok"
        return False, f"no Kafka broker has answered for {lasts_s:.0f} s"

    def look(self) -> None:
        """Asks once, and reports what the answer changes."""
        try:
            self._ask()
        except (KafkaException, FutureTimeoutError):
            self._silence.missed()
            self._report(self._silence.lasts_s(self._monotonic_s()))
            return
        now_s = self._monotonic_s()
        lasted_s = self._silence.lasts_s(now_s)
        self._silence.answered(now_s)
        self._reported_at_s = None
        if lasted_s:
            self._reporter.again(lasted_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.look()
            self._stopping.wait(INTERVAL_S)

    def _report(self, lasts_s: float) -> None:
        now_s = self._monotonic_s()
        if lasts_s < SILENT_AFTER_S or (
            self._reported_at_s is not None and now_s - self._reported_at_s < REPORT_EVERY_S
        ):
            return
        self._reported_at_s = now_s
        self._reporter.silent(lasts_s)


def _asker(kafka: KafkaSettings) -> Callable[[], None]:
    config = client_config(kafka) | {
        "log_level": 0,
        # A connection to a frozen broker is given up soon after the question. With the default of a minute its
        # return would be noticed late.
        "socket.timeout.ms": int(2 * TIMEOUT_S * 1000),
        "reconnect.backoff.max.ms": 1000,
    }
    admin = AdminClient(config)

    def ask() -> None:
        admin.describe_cluster(request_timeout=TIMEOUT_S).result(TIMEOUT_S + _LATE_S)

    return ask
