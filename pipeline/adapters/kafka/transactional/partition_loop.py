"""Runs the transactions of one partition number: its driver decides, its producer writes.

Each transaction holds the outputs, the changelog of the state, the dead letters, the journal entry and the
positions of the inputs. A read_committed reader sees all of them or none.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from pipeline.adapters.kafka.transactional.observer import LoopObserver, Outcome
from pipeline.adapters.kafka.transactional.producer import TransactionalProducer
from pipeline.errors import MustRestart
from pipeline.loop.broker_time import Receipt
from pipeline.loop.driver import Driver
from pipeline.loop.live_edge import LIVE_MS
from pipeline.loop.now import NOW_KEY
from pipeline.loop.spec import Moment, StageSpec, Transaction
from pipeline.ports.records import Record

TAKES_NOTHING = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.TOPIC_EXCEPTION,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
    }
)
"""With these errors a broker says of a topic that it takes no record at all."""
NEVER_TAKEN = TAKES_NOTHING | {
    KafkaError.MSG_SIZE_TOO_LARGE,
    KafkaError.RECORD_LIST_TOO_LARGE,
    KafkaError.INVALID_RECORD,
    KafkaError.INVALID_MSG,
}
"""With these errors a broker says of a record that it will not take it, however often it is sent."""
LEFT_OUT_MS = 5 * 60_000
"""So long a topic of copies is spared what it did not take. A new try costs the whole partition number an undone
transaction. Where the topic does not exist that takes 2 s, for which the client waits for it to appear."""


class LeftOut(NamedTuple):
    """What is not sent to a topic of copies."""

    until_ms: int
    """By the monotonic clock."""
    from_bytes: int
    """Size of the smallest value that is left out."""


class PartitionLoop:
    """Runs one partition number. It is not thread-safe, because one thread polls and runs it.

    Args:
        spec: what the stage reads and writes.
        partition: the number.
        producer: initialised.
        driver: decides the transactions, empty.
        observer: told about each transaction.
        moment: says what time it is.
    """

    def __init__(
        self,
        spec: StageSpec,
        partition: int,
        producer: TransactionalProducer,
        driver: Driver,
        observer: LoopObserver,
        moment: Callable[[], Moment],
    ) -> None:
        self.driver = driver
        self.producer = producer
        self.restored = False
        """Whether its state is the truth and its inputs are read from their positions on."""
        self.written_to: int | None = None
        """End of the changelog that the state reflects, markers included; None while that is unknown."""
        self._spec = spec
        self._partition = partition
        self._observer = observer
        self._moment = moment
        self._now_offset: int | None = None
        self._written: Receipt | None = None
        self._blame: str | None = None
        self._refusal: str | None = None
        self._left_out: dict[str, LeftOut] = {}
        self._not_taken: dict[str, int] = {}
        self._started_ms = 0

    def run(self, membership: object) -> Outcome | None:
        """Runs one transaction over what is ready; returns None when there was nothing to do.

        Args:
            membership: of the assignment that gave this number to us; the group refuses offsets of an older one.

        Raises:
            MustRestart: the producer is fenced or broken; nothing of this transaction is visible.
        """
        if not self.restored or self.producer.in_doubt():
            return None
        began = self._moment()
        transaction = self.driver.decide(began)
        if transaction is None:
            return None
        try:
            self._write(transaction, membership)
            # Before the question, so that nothing which was handed out lies here while the process stands still
            # between the answer and the commit.
            self.producer.deliver()
            if self._is_too_late(transaction, began):
                # Decided again, behind the live edge.
                self._abort(transaction, "the brokers took so long that what it hands out would be old")
                return None
            self.producer.commit()
        except KafkaException as error:
            self._die_unless_it_can_be_undone(error)
            until_ms = self._started_ms + LEFT_OUT_MS
            self._left_out |= {topic: LeftOut(until_ms, size) for topic, size in self._not_taken.items()}
            self._abort(transaction, self._blame or error.args[0].str())
            return None
        # The record of `now` is the transaction's last in the changelog; the commit marker stands behind it.
        self.written_to = None if self._now_offset is None else self._now_offset + 2
        self.driver.commit(transaction, self._written)
        outputs = Counter(output.topic for output in transaction.decisions.outputs if self._is_sent(output))
        for topic in self._left_out.keys() & outputs.keys():
            if self._left_out[topic].until_ms <= self._started_ms:
                del self._left_out[topic]
        outcome = Outcome(
            transaction.records,
            outputs,
            transaction.timers,
            transaction.dead_letters,
            transaction.now_ms,
        )
        self._observer.committed(self._partition, outcome)
        return outcome

    def _write(self, transaction: Transaction, membership: object) -> None:
        spec, n = self._spec, self._partition
        # From here on the changelog grows, and where it ends is certain only after the commit has succeeded.
        self.written_to = self._now_offset = self._written = self._blame = self._refusal = None
        self._not_taken = {}
        self._started_ms = self._moment().monotonic_ms
        self.producer.begin()
        for output in (*transaction.decisions.outputs, *transaction.policies):
            if self._is_sent(output):
                self._produce(output)
        # Changelog and journal go to the inputs' own partition number, never by a hash of the key. Whoever
        # owns the number must find all of its state there, and nothing else.
        for key, value in transaction.decisions.changes.items():
            self._produce(Record(spec.changelog, key, value), n)
        now = Record(spec.changelog, NOW_KEY, transaction.now_value)
        self.producer.produce(now, n, partial(self._note_now, self._moment()))
        for letter in transaction.dead_letters:
            self._produce(letter.to_send(spec.stage, transaction.now_ms))
        self._produce(Record(spec.journal, None, transaction.journal.model_dump_json().encode()), n)
        positions = [TopicPartition(topic, n, offset) for topic, offset in self.driver.buffers.positions().items()]
        self.producer.send_positions(positions, membership)

    def _produce(self, record: Record, partition: int = -1) -> None:
        # The fate of each record costs a call. Only after a transaction was undone is it worth knowing which one
        # was refused.
        suspicious = self.driver.setbacks.suspicious or record.topic in self._left_out
        on_fate = self._note_refusal if suspicious else None
        try:
            self.producer.produce(record, partition, on_fate)
        except KafkaException as error:
            self._refuse(record.topic, error.args[0], len(record.value or b""))
            raise

    def _note_now(self, sent: Moment, error: KafkaError | None, message: Message) -> None:
        if error is None:
            self._now_offset = message.offset()
            self._written = Receipt(message.timestamp()[1], sent, self._moment())

    def _note_refusal(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._refuse(message.topic(), error, len(message.value() or b""))

    def _refuse(self, topic: str, error: KafkaError, size_bytes: int) -> None:
        if error.code() not in NEVER_TAKEN:
            return
        blame = f"{topic} does not take what would be written: {error.str()}"
        self._blame = self._blame or blame
        if self._spec.copies is None or not topic.startswith(self._spec.copies):
            self._refusal = self._refusal or blame
            return
        # Readers of this topic do not get the record either way. Without it nothing else is held up. Records that
        # share a request are refused together, of which the largest is to blame.
        largest = max(size_bytes, self._not_taken.get(topic, 0))
        self._not_taken[topic] = 0 if error.code() in TAKES_NOTHING else largest

    def _is_sent(self, output: Record) -> bool:
        left_out = self._left_out.get(output.topic)
        return (
            left_out is None
            or left_out.until_ms <= self._started_ms
            or len(output.value or b"") < left_out.from_bytes
        )

    def _is_too_late(self, transaction: Transaction, began: Moment) -> bool:
        """Whether the brokers were silent for so long that offers would be partly over when they are seen."""
        entry = transaction.journal
        hands_out = entry.outputs > 0 and (entry.live or entry.edge_limit is not None)
        lasted_ms = self._moment().monotonic_ms - began.monotonic_ms
        # Brokers that are always slow must not stop everything: the second try is committed whatever it takes.
        return hands_out and lasted_ms > LIVE_MS and not self.driver.setbacks.suspicious

    def _die_unless_it_can_be_undone(self, error: KafkaException) -> None:
        cause: KafkaError = error.args[0]
        # A broker may refuse a record while later ones are still handed over. The client then takes no more of
        # them, and says of these only that it is in the wrong state. If it is broken, it cannot abort either.
        undone = cause.txn_requires_abort() or cause.code() == KafkaError._STATE
        if not undone and self._blame is None:
            raise MustRestart(f"{self._place}: {cause.name()}: {cause.str()}") from error

    def _abort(self, transaction: Transaction, reason: str) -> None:
        try:
            self.producer.abort()
        except KafkaException as error:
            raise MustRestart(f"{self._place}: abort failed: {error.args[0].str()}") from error
        self.driver.abort(transaction, self._refusal, self._moment())
        self._observer.aborted(self._partition, reason)

    @property
    def _place(self) -> str:
        return f"{self._spec.stage}/{self._partition}"
