"""Whether any Kafka broker answers: asked every few seconds by a client of its own, the same way in every stage.

In: the cluster's address. Out: a verdict with seconds for /readyz and the gauge `earshot_broker_answers`, a log
line at the beginning of a silence, each minute of it and at its end. It asks a question that must be answered and
trusts no callback about connections: a broker that is frozen, or behind a firewall that swallows packets, keeps
them and says nothing. Never here: what a stage does about it.
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
"""With the interval: in a silence there is a verdict every 4 s, so its log line comes within 14 s."""
SILENT_AFTER_S = 10.0
"""A broker that is restarted in order, or pauses for its garbage, is back sooner."""
SAY_EVERY_S = 60.0
_LATE_S = 5.0
"""librdkafka ends a question by itself; this only keeps the thread from waiting for ever should it not."""


class Silence:
    """The judge: how long no broker has answered. Thread-safe by replacing one value.

    Args:
        started_s: seconds of a clock that never goes back, now.
    """

    def __init__(self, started_s: float) -> None:
        # (time of the last answer or of the start, whether an answer is missing since, whether any came ever)
        self._state = (started_s, True, False)

    def answered(self, now_s: float) -> None:
        """A broker answered."""
        self._state = (now_s, False, True)

    def missed(self) -> None:
        """A question stayed without an answer. A late question alone says nothing: we may have been held up."""
        since_s, _, ever = self._state
        self._state = (since_s, True, ever)

    def lasts_s(self, now_s: float) -> float:
        """Seconds since the last answer, 0 while the last question was answered."""
        since_s, missing, _ = self._state
        return now_s - since_s if missing else 0.0

    def answers(self, now_s: float) -> bool:
        """Whether brokers answer: not before the first answer, and until `SILENT_AFTER_S` after the last one."""
        _, _, ever = self._state
        return ever and self.lasts_s(now_s) < SILENT_AFTER_S


class Teller(Protocol):
    """Tells the operator; called from the thread that asks."""

    def silent(self, lasts_s: float) -> None:
        """No broker answers: said once at `SILENT_AFTER_S`, then every `SAY_EVERY_S`."""
        ...

    def again(self, lasted_s: float) -> None:
        """A broker answers after at least one question without an answer, told or not."""
        ...


class LogTeller:
    """Tells it in the log of a stage.

    Args:
        stage: its name.
        servers: whom it asks.
        left_out: log lines that were held back since it was last asked (`calm_logs`).
    """

    def __init__(self, stage: str, servers: str | None, left_out: Callable[[], int]) -> None:
        self._log: Log = get_log(BROKER_LOGGER).bind(stage=stage)
        self._servers = servers
        self._left_out = left_out
        self._told = False

    def silent(self, lasts_s: float) -> None:
        """See `Teller`."""
        self._told = True
        self._log.error(
            "no_broker_answers", silent_s=round(lasts_s), servers=self._servers, lines_left_out=self._left_out()
        )

    def again(self, lasted_s: float) -> None:
        """See `Teller`; a break that nobody was told of, and that held nothing back, is not worth a line."""
        left_out = self._left_out()
        if self._told or left_out:
            self._log.info("a_broker_answers_again", silent_s=round(lasted_s), lines_left_out=left_out)
        self._told = False


class BrokerWatch:
    """A thread that asks.

    Args:
        kafka: resolved settings of the cluster.
        teller: tells the operator.
        ask: raises when no broker answers; None: the cluster's description, which needs no right and no topic.
        monotonic_s: for tests.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        teller: Teller,
        *,
        ask: Callable[[], None] | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._teller = teller
        self._ask = ask or _asker(kafka)
        self._monotonic_s = monotonic_s
        self._silence = Silence(monotonic_s())
        self._said_at_s: float | None = None
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
        """Whether a broker answers; False until the first answer."""
        return self._silence.answers(self._monotonic_s())

    @property
    def missing(self) -> bool:
        """Whether the last question stayed without an answer, or none was answered yet."""
        return self._silence.lasts_s(self._monotonic_s()) > 0

    @property
    def ready(self) -> tuple[bool, str]:
        """For /readyz: (no silence, what to say of it)."""
        lasts_s = self._silence.lasts_s(self._monotonic_s())
        if lasts_s < SILENT_AFTER_S:
            return True, "ok"
        return False, f"no Kafka broker has answered for {lasts_s:.0f} s"

    def look(self) -> None:
        """One question, and what is to be said about its answer."""
        try:
            self._ask()
        except (KafkaException, FutureTimeoutError):
            self._silence.missed()
            self._say(self._silence.lasts_s(self._monotonic_s()))
            return
        now_s = self._monotonic_s()
        lasted_s = self._silence.lasts_s(now_s)
        self._silence.answered(now_s)
        self._said_at_s = None
        if lasted_s:
            self._teller.again(lasted_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.look()
            self._stopping.wait(INTERVAL_S)

    def _say(self, lasts_s: float) -> None:
        now_s = self._monotonic_s()
        if lasts_s < SILENT_AFTER_S or (self._said_at_s is not None and now_s - self._said_at_s < SAY_EVERY_S):
            return
        self._said_at_s = now_s
        self._teller.silent(lasts_s)


def _asker(kafka: KafkaSettings) -> Callable[[], None]:
    config = client_config(kafka) | {
        "log_level": 0,
        # So that a connection to a frozen broker is given up soon after the question, and its return is seen soon.
        "socket.timeout.ms": int(2 * TIMEOUT_S * 1000),
        "reconnect.backoff.max.ms": 1000,
    }
    admin = AdminClient(config)

    def ask() -> None:
        admin.describe_cluster(request_timeout=TIMEOUT_S).result(TIMEOUT_S + _LATE_S)

    return ask
