"""Runs the transactions of one partition number: its driver decides, its producer writes.

Each transaction holds the outputs, the changelog of the state, the dead letters, the journal entry and the
positions of the inputs. A read_committed reader sees all of them or none.
"""

from collections import Counter

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from pipeline.adapters.kafka.transactional.observer import LoopObserver, Outcome
from pipeline.adapters.kafka.transactional.producer import TransactionalProducer
from pipeline.errors import MustRestart
from pipeline.loop.driver import NOW_KEY, Driver, StageSpec, Transaction
from pipeline.ports.records import Record


class PartitionLoop:
    """Runs one partition number. It is not thread-safe, because one thread polls and runs it.

    Args:
        spec: what the stage reads and writes.
        partition: the number.
        producer: initialised.
        driver: decides the transactions, empty.
        observer: told about each transaction.
    """

    def __init__(
        self,
        spec: StageSpec,
        partition: int,
        producer: TransactionalProducer,
        driver: Driver,
        observer: LoopObserver,
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
        self._now_offset: int | None = None

    def run(self, clock_ms: int, membership: object) -> Outcome | None:
        """Runs one transaction over what is ready; returns None when there was nothing to do.

        Args:
            clock_ms: the wall clock, milliseconds since the epoch.
            membership: of the assignment that gave this number to us; the group refuses offsets of an older one.

        Raises:
            MustRestart: the producer is fenced or broken; nothing of this transaction is visible.
        """
        if not self.restored or self.producer.in_doubt():
            return None
        transaction = self.driver.decide(clock_ms)
        if transaction is None:
            return None
        try:
            self._write(transaction, membership)
        except KafkaException as error:
            self._abort_or_die(error)
            self.driver.abort(transaction)
            self._observer.aborted(self._partition, error.args[0].str())
            return None
        # The record of `now` is the transaction's last in the changelog; the commit marker stands behind it.
        self.written_to = None if self._now_offset is None else self._now_offset + 2
        self.driver.commit()
        outcome = Outcome(
            transaction.records,
            Counter(output.topic for output in transaction.decisions.outputs),
            transaction.timers,
            transaction.dead_letters,
            transaction.now_ms,
        )
        self._observer.committed(self._partition, outcome)
        return outcome

    def _write(self, transaction: Transaction, membership: object) -> None:
        spec, n, produce = self._spec, self._partition, self.producer.produce
        # From here on the changelog grows, and where it ends is certain only after the commit has succeeded.
        self.written_to = self._now_offset = None
        self.producer.begin()
        for output in transaction.decisions.outputs:
            produce(output)
        # Changelog and journal go to the inputs' own partition number, never by a hash of the key. Whoever
        # owns the number must find all of its state there, and nothing else.
        for key, value in transaction.decisions.changes.items():
            produce(Record(spec.changelog, key, value), n)
        now = Record(spec.changelog, NOW_KEY, str(transaction.now_ms).encode())
        produce(now, n, delivered_at=self._note_now_offset)
        for letter in transaction.dead_letters:
            produce(letter.to_send(spec.stage, transaction.now_ms))
        produce(Record(spec.journal, None, transaction.journal.model_dump_json().encode()), n)
        positions = [TopicPartition(topic, n, offset) for topic, offset in self.driver.buffers.positions().items()]
        self.producer.commit(positions, membership)

    def _note_now_offset(self, offset: int) -> None:
        self._now_offset = offset

    def _abort_or_die(self, error: KafkaException) -> None:
        place = f"{self._spec.stage}/{self._partition}"
        cause: KafkaError = error.args[0]
        if not cause.txn_requires_abort():
            raise MustRestart(f"{place}: {cause.name()}: {cause.str()}") from error
        try:
            self.producer.abort()
        except KafkaException as again:
            raise MustRestart(f"{place}: abort failed: {again.args[0].str()}") from again
