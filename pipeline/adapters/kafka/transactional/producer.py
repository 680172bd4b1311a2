"""The transactional producer of one partition number. It fences its predecessors and renews itself when in doubt.

Its `transactional.id` stays the same, so a new producer of any process fences every earlier one.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import orjson
from confluent_kafka import KafkaError, KafkaException, Message, Producer, TopicPartition

from pipeline.adapters.kafka.config import producer_config
from pipeline.adapters.kafka.transactional.clients import REAL, Clients
from pipeline.adapters.kafka.transactional.late_requests import ClientStatistics, DoubtRule, Verdict
from pipeline.errors import MustRestart
from pipeline.ports.records import Record
from pipeline.settings import KafkaSettings

COMMIT_TIMEOUT_S = 30.0
INIT_TIMEOUT_S = 30.0
TRIES = 6
"""A retriable error of a transactional call means that the same call must be made again; it resumes."""
QUEUE_FULL_WAIT_S = 1.0
POLL_S = 0.02
BACKOFF_MS = 100
"""`retry.backoff.ms`, librdkafka's default; a commit takes 26 ms (measured)."""
PROPAGATION_MS = 2000
"""A topic that was just made is known to all brokers within this time."""
STATISTICS_MS = 200
"""A transaction that is in doubt waits at most this long for the statistics that clear it."""
PATIENCE_S = 2.0
"""A client that gives no statistics for ten intervals is stuck, and a new one does no harm."""

OnFate = Callable[[KafkaError | None, Message], None]
"""Is called with the fate of a record: an error, or the message with the offset and the time that it got."""
OnRenewed = Callable[[str, float], None]
"""Is called after a renewal with its reason and the seconds that it took."""


def socket_timeout_ms(kafka: KafkaSettings) -> int:
    """Returns half the transaction's time, at most librdkafka's default.

    Then a request that got lost can be repeated before the transaction's time is over.
    """
    return min(kafka.transaction_timeout_ms // 2, 60_000)


def doubt_rule(kafka: KafkaSettings) -> DoubtRule:
    """Returns the rule for producers made of these settings."""
    return DoubtRule(socket_timeout_ms(kafka) / 1000, BACKOFF_MS / 1000, PATIENCE_S)


class TransactionalProducer:
    """A producer that is not thread-safe. Call `init` before anything else.

    Args:
        kafka: resolved.
        transactional_id: the same in every process that may own the partition number.
        doubt: says when a new producer is needed.
        on_renewed: called after each renewal.
        clients: makes the client of a configuration.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        transactional_id: str,
        doubt: DoubtRule,
        on_renewed: OnRenewed = lambda _reason, _seconds: None,
        clients: Clients = REAL,
    ) -> None:
        self._id = transactional_id
        self._config: dict[str, object] = {
            **producer_config(kafka),
            "transactional.id": transactional_id,
            "transaction.timeout.ms": kafka.transaction_timeout_ms,
            "socket.timeout.ms": socket_timeout_ms(kafka),
            "retry.backoff.ms": BACKOFF_MS,
            # A topic that does not exist is known as such while the transaction still has time to be undone.
            "topic.metadata.propagation.max.ms": PROPAGATION_MS,
            "statistics.interval.ms": STATISTICS_MS,
        }
        self._doubt = doubt
        self._on_renewed = on_renewed
        self._make = clients.producer
        self._monotonic_s = clients.monotonic_s
        self._client: Producer | None = None

    def init(self) -> None:
        """Makes a new client, which fences every earlier producer of the id and ends what it left open.

        Raises:
            MustRestart: the brokers do not grant the id.
        """
        self.close()
        # Taken before the client counts its own age, so that statistics are never dated later than they are.
        made_s = self._monotonic_s()
        self._doubt.renewed(made_s)
        client = self._make(self._config | {"stats_cb": partial(_read_statistics, self._doubt, made_s)})
        deadline_s = self._monotonic_s() + INIT_TIMEOUT_S
        while True:
            try:
                client.init_transactions(INIT_TIMEOUT_S)
                break
            except KafkaException as error:
                cause: KafkaError = error.args[0]
                if not cause.retriable() or self._monotonic_s() > deadline_s:
                    raise MustRestart(f"{self._id}: {cause.name()}: {cause.str()}") from error
        self._client = client

    def in_doubt(self) -> bool:
        """Whether the next transaction must wait for statistics, which every call fetches."""
        self._producer.poll(0)
        return self._doubt.verdict(self._monotonic_s()) is Verdict.UNKNOWN_YET

    def begin(self) -> None:
        """Begins a transaction, with a new client if a late copy of the former one's requests may still arrive.

        A new client fences also whoever took the partition number over meanwhile. That costs it a restart and
        breaks nothing: the offsets of a former owner are refused by the group's generation, so it aborts.

        Raises:
            MustRestart: no new client can be had.
            KafkaException: as librdkafka says.
        """
        while (verdict := self._doubt.verdict(self._monotonic_s())) is not Verdict.CLEAR:
            if verdict is Verdict.RENEW:
                self._renew()
            else:
                self._producer.poll(POLL_S)
        self._doubt.transaction_begins()
        self._producer.begin_transaction()

    def _renew(self) -> None:
        reason, started_s = self._doubt.reason or "", self._monotonic_s()
        self.init()
        self._on_renewed(reason, self._monotonic_s() - started_s)

    def produce(
        self,
        record: Record,
        partition: int = -1,
        on_fate: OnFate | None = None,
    ) -> None:
        """Hands one record over; blocks while the outgoing queue is full.

        Args:
            record: to send in the open transaction.
            partition: number of its partition; -1: the key decides.
            on_fate: called during a later call, at the latest by `commit` or `abort`.

        Raises:
            KafkaException: the client itself refuses the record, which is too large.
        """
        while True:
            try:
                self._producer.produce(
                    record.topic,
                    value=record.value,
                    key=record.key,
                    partition=partition,
                    headers=list(record.headers),
                    on_delivery=on_fate,
                )
                return
            except BufferError:
                self._producer.poll(QUEUE_FULL_WAIT_S)

    def deliver(self) -> None:
        """Returns when the brokers have what was produced, or have refused it, or do not answer. The commit says
        which.
        """
        self._producer.flush(COMMIT_TIMEOUT_S)

    def send_positions(self, positions: Sequence[TopicPartition], group_metadata: object) -> None:
        """Adds the positions of the inputs to the transaction, and returns when a broker has them.

        Raises:
            KafkaException: as for `commit`.
        """
        self._answered(
            lambda: self._producer.send_offsets_to_transaction(list(positions), group_metadata, COMMIT_TIMEOUT_S)
        )

    def commit(self) -> None:
        """Commits what was produced together with the positions, and returns when it is the truth.

        Raises:
            KafkaException: it is not committed, or that is not certain. `txn_requires_abort()` says which.
        """
        self._answered(lambda: _resumed(lambda: self._producer.commit_transaction(COMMIT_TIMEOUT_S)))

    def abort(self) -> None:
        """Undoes what was produced. The next `begin` takes a new client.

        Raises:
            KafkaException: as librdkafka says.
        """
        self._doubt.transaction_failed()
        try:
            _resumed(lambda: self._producer.abort_transaction(COMMIT_TIMEOUT_S))
        except KafkaException as error:
            # The broker does not know a transaction whose first records were for a topic that does not exist, so
            # there is nothing to undo. After this answer the client is of no use.
            if error.args[0].code() != KafkaError.INVALID_TXN_STATE:
                raise
            self._renew()

    def close(self) -> None:
        """Ends the client, if there is one, and drops what it has not delivered."""
        if self._client is not None:
            # Without the purge, close would wait for records of a transaction that is never committed.
            # One that broke says so once more, which its last call has told already.
            with suppress(KafkaException):
                self._client.purge()
                self._client.close()
            self._client = None

    def _answered(self, call: Callable[[], None]) -> None:
        started_s = self._monotonic_s()
        try:
            call()
        finally:
            self._doubt.call_returned(started_s, self._monotonic_s())

    @property
    def _producer(self) -> Producer:
        assert self._client is not None, "init comes first"
        return self._client


def _read_statistics(doubt: DoubtRule, made_s: float, text: str) -> None:
    statistics = orjson.loads(text)
    brokers = statistics["brokers"].values()
    doubt.observe(
        ClientStatistics(
            made_s + statistics["age"] / 1_000_000,
            sum(broker["txretries"] for broker in brokers),
            sum(broker["disconnects"] for broker in brokers),
        )
    )


def _resumed(call: Callable[[], None]) -> None:
    for _ in range(TRIES - 1):
        try:
            call()
            return
        except KafkaException as error:
            if not error.args[0].retriable():
                raise
    call()
