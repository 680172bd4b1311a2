"""Decides the transactions of one partition number: which records, at which time, and which timers before them.

The stage's time is `now`: the largest time of a record decided so far. It follows the brokers' time only while
every input is read to its end, and no timer fires before the broker has confirmed that nothing older is unread.
Without that question a timer due at 12:00 could fire before an unread record of 11:59 that would have stopped it,
and the decisions would depend on how fast each input was fetched.

A transaction takes new policies first, then records with the timers that are due before each, then timers that
only time has made due. At its end it makes up for what was held back behind the live edge. The journal entry of a
transaction tells all of it, so that `rerun` can decide the same again.
"""

from collections.abc import Callable, Mapping, Sequence

from pipeline.errors import Permanent
from pipeline.loop.broker_time import Receipt
from pipeline.loop.draft import Draft
from pipeline.loop.inputs.merge import InputBuffers
from pipeline.loop.inputs.unread import EndOffsets, Unread
from pipeline.loop.live_edge import LIVE_MS, LiveEdge
from pipeline.loop.now import NOW_KEY, Now, StoredNow
from pipeline.loop.policy_intake import PolicyIntake
from pipeline.loop.setbacks import Setbacks
from pipeline.loop.spec import Moment, StageSpec, Transaction
from pipeline.loop.timers import Timers
from pipeline.ports.decider import Decider, PolicyAwaited
from pipeline.ports.records import InputRecord

BATCH_BYTES = 16 * 2**20
"""A transaction takes records, and writes outputs, of about so many bytes. It must be written within the
transaction's time, which is 10 s."""

READ_AHEAD = 32
"""Records that are decoded one after the other, before the first of them is decided. What decodes is then in the
processor's cache. All of a transaction would not be there any more when they are decided."""

PartitionError = Callable[[InputRecord], Permanent | None]
"""Says what is wrong with the partition that a record lies in; None: nothing."""


class Driver:
    """The loop's rules for one partition number.

    Between `decide` and the `commit` or `abort` that answers it, call nothing else.

    Args:
        spec: what the stage reads and writes.
        partition: the number.
        decider: the stage's core, empty.
        partition_error: a record that lies in a wrong partition is given up undecided.
        end_offsets: asked before a timer may fire, and on the way to the live edge.
    """

    def __init__(
        self,
        spec: StageSpec,
        partition: int,
        decider: Decider,
        partition_error: PartitionError,
        end_offsets: EndOffsets,
    ) -> None:
        self.decider = decider
        self.number = 0
        """How many transactions of the partition number were committed."""
        self._now = Now(spec, decider)
        self.time = self._now.brokers
        self.buffers = InputBuffers(spec.inputs, self._now.time_of)
        self.edge = LiveEdge()
        self.setbacks = Setbacks(spec.batch_size)
        self._spec = spec
        self._partition = partition
        self._partition_error = partition_error
        self._unread = Unread(self.buffers, end_offsets, event_clock=spec.event_clock)
        self._timers = Timers(spec, decider, self._now, self._unread)
        self._policies = PolicyIntake(decider)
        self._core_is_live = False
        self._edge_refused = False
        self._edge_is_apart = False
        """Whether records are decided first, because they bring `now` near the present."""
        self.clock_off_ms = 0
        """How far a broker's clock is ahead, or behind below 0, by the newest records of inputs and our own."""
        self._owes = False
        """Whether the core has more to make up for than the last transaction had room for, on the event clock."""

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Takes one entry of the changelog. Entries arrive in changelog order, before the first record."""
        if key == NOW_KEY:
            stored = StoredNow.decode(value or b"0")
            self._now.restore(stored)
            self.number = stored.number
        else:
            self.decider.restore(key, value)

    def begin(self, at: Moment) -> None:
        """Begins, or begins again, after a time in which other members may have had the partition number.

        Raises:
            Misconfigured: the stage's time, as it was stored, is far ahead of the clock.
        """
        self._now.begin(f"{self._spec.changelog}/{self._partition}", at)
        self.edge.leave()
        # The run before may have ended before all was made up for that it held back.
        self._owes = self.now_ms > 0

    @property
    def now_ms(self) -> int:
        """The stage's time, milliseconds since the epoch; 0 before the first record."""
        return self._now.ms

    @property
    def is_live(self) -> bool:
        """Whether the core hands out at once what it decides."""
        return self._core_is_live

    def publish(self, policies: Mapping[str, bytes]) -> None:
        """Says which policies are published now, by workspace. The next transactions put them in force."""
        self._policies.publish(policies)

    def decide(self, at: Moment) -> Transaction | None:
        """Decides one transaction over what was read; None when nothing can be decided now."""
        self._take_evidence(at)
        if not self._core_is_live:
            # Neither a restored core knows it nor one whose transaction was undone.
            self.decider.set_live(False, self.now_ms, 0)
        if self.setbacks.must_pause(at.monotonic_ms):
            return None
        draft = Draft(self.now_ms, self._now.bound_ms, self.setbacks.limit, self.setbacks.reason)
        draft.live = draft.live_after = self._core_is_live
        if self.setbacks.is_searching and self._core_is_live:
            # In a search nothing is handed out beside other decisions. They would be given up for what they only
            # made possible.
            self.edge.leave()
            draft.live = draft.live_after = False
            self.decider.set_live(False, self.now_ms, 0)
        if self._edge_refused and self.setbacks.is_searching:
            # Alone, and at once: beside new records it would never be found which of the decisions was refused.
            limit = 0 if draft.undeliverable is not None else max(1, min(self._spec.offer_limit, draft.limit))
            self._make_up(draft, limit)
        else:
            self._decide_next(draft, at)
        if draft.is_empty:
            return None
        return draft.completed(self._spec, self._partition, self.decider, self.number + 1, self.now_ms)

    def commit(self, transaction: Transaction, written: Receipt | None) -> None:
        """Makes the transaction that `decide` returned the truth.

        Args:
            transaction: what `decide` returned.
            written: what the broker said of one of its records; None when that is not known.
        """
        self.decider.commit()
        self.number = transaction.journal.number
        self.setbacks.committed(transaction.size)
        self._edge_refused = self._edge_is_apart = False
        self._core_is_live = transaction.live
        if transaction.live and not self.edge.live:
            self.edge.reach()
        if written is not None and not self._spec.event_clock:
            self.time.was_written(written)
            self.edge.was_heard(written.told)

    def abort(self, transaction: Transaction, refusal: str | None, at: Moment) -> None:
        """Undoes the transaction that `decide` returned: its records are decided again by the next one.

        Args:
            transaction: what `decide` returned.
            refusal: what a broker will never take of it, and why; None when the fault may pass.
            at: now.
        """
        self.decider.abort()
        self._owes = True
        self._policies.undone()
        self._now.ms = transaction.started_ms
        self.buffers.put_back(transaction.records)
        self.setbacks.aborted(transaction.size, refusal, at.monotonic_ms, live=transaction.journal.live)
        if refusal is not None:
            self._note_edge(transaction)

    def _note_edge(self, refused: Transaction) -> None:
        is_edge = refused.journal.edge_limit is not None
        # What is offered when the edge is tried again must not be offered in the past. Without records and timers
        # nothing lies between the times before and after the transaction.
        if is_edge and not (refused.records or refused.timers):
            self._now.ms = refused.now_ms
        is_near = refused.now_ms - self.now_ms <= LIVE_MS
        self._edge_refused, self._edge_is_apart = is_edge and is_near, is_edge and not is_near

    def _take_evidence(self, at: Moment) -> None:
        if self._spec.event_clock:
            return
        self.edge.keep_in_touch(self.buffers.read_to_each(), at, self._unread.ends)
        inputs = self._spec.inputs
        said = {topic: ms for topic in inputs if (ms := self.buffers.last_append_ms(topic)) is not None}
        for topic, append_ms in said.items():
            self.edge.was_read(topic, append_ms, at)
            self.time.was_read(append_ms, at)
        self._now.bound_ms = self.time.bound_ms(at)
        self.clock_off_ms = max(map(self._now.ahead_ms, said.values()), default=0) or self.time.off_ms
        if self.edge.live and self.buffers.drained:
            self._now.keep_up(at, self.decider.next_timer_ms())

    def _take_policies(self, draft: Draft) -> bool:
        """Puts published policies in force. Returns whether all of them are, so that records may be decided."""
        if draft.undeliverable is not None and self._policies.give_up_first():
            draft.undeliverable = None
            self.setbacks.committed(1)
        return self._policies.take(draft, self.now_ms)

    def _decide_next(self, draft: Draft, at: Moment) -> None:
        records = self.buffers.take(min(self._spec.batch_size, draft.limit), BATCH_BYTES)
        # Before any policy, because the journal says it of all that the transaction decides.
        draft.live = draft.live_after = draft.live and self._stays_live(records, at)
        if not self._take_policies(draft):
            self.buffers.put_back(records)
            return
        self._decide_records(draft, records, at)
        if not draft.records and not draft.is_stopped:
            self._timers.follow_time(draft, at)
        if not draft.is_stopped:
            self._come_to_the_edge(draft, at)

    def _decide_records(self, draft: Draft, records: Sequence[InputRecord], at: Moment) -> None:
        at_end: set[str] = set()
        for index, record in enumerate(records):
            if index % READ_AHEAD == 0:
                self.decider.read_ahead(records[index : index + READ_AHEAD])
            if not self._decide_record(draft, record, at, at_end):
                # The rest waits: a timer is due before it that may not fire yet, or there is no more room.
                self.buffers.put_back(records[index:])
                draft.is_stopped = True
                return

    def _stays_live(self, records: Sequence[InputRecord], at: Moment) -> bool:
        if self._spec.event_clock:
            live = self._core_is_live and not records
        else:
            first = {record.topic: record for record in reversed(records)}
            # Records of a broker with a wrong clock do not move `now`. The ends do, for which the edge asks.
            late = bool(records) and self._now.is_late(max(self.now_ms, self._now.time_of(records[0])), at)
            if self.edge.live and (late or any(self.edge.is_past(record, at) for record in first.values())):
                self.edge.leave()
            live = self._core_is_live and self.edge.live
        if self._core_is_live and not live:
            self.decider.set_live(False, self.now_ms, 0)
        return live

    def _decide_record(self, draft: Draft, record: InputRecord, at: Moment, at_end: set[str]) -> bool:
        """Decides one record and the timers before it. Returns False where it must wait."""
        wrong = self._partition_error(record)
        time_ms = self._now.ms
        if wrong is None and (own_ms := self._now.time_of(record)) > time_ms:
            time_ms = own_ms
        due_ms = self.decider.next_timer_ms()
        # A timer due in the record's own millisecond fires after it: an accept that arrives in the last
        # millisecond of its offer counts.
        is_due = due_ms is not None and due_ms < time_ms
        if is_due and not self._timers.fire_before(draft, time_ms, at_end):
            return False
        if not self._decide_now(draft, record, wrong, time_ms, at):
            return False
        draft.follows_time = False
        return True

    def _decide_now(
        self, draft: Draft, record: InputRecord, wrong: Permanent | None, time_ms: int, at: Moment
    ) -> bool:
        if draft.room <= 0 or self.decider.size_bytes() > BATCH_BYTES:
            return False
        if draft.undeliverable is not None and wrong is None:
            wrong, draft.undeliverable = Permanent("undeliverable", draft.undeliverable), None
        if wrong is not None:
            draft.give_up(record, wrong)
        else:
            try:
                draft.decide(self.decider, record, time_ms, may_wait=True)
            except PolicyAwaited as awaited:
                if self._policies.hold(awaited, at):
                    return False
                draft.decide(self.decider, record, time_ms, may_wait=False)
        self._now.ms = time_ms
        return True

    def _come_to_the_edge(self, draft: Draft, at: Moment) -> None:
        """Lets the core make up for what it held back, once everything is decided that the inputs held."""
        if draft.live:
            return
        if draft.room <= 0 and draft.limit < self._spec.batch_size:
            # In a search for what no topic takes, it is a transaction of its own once there is no more room.
            self._owes = True
            return
        if not self._is_at_the_edge(draft, at):
            return
        if self._edge_is_apart and draft.records:
            self._owes = True
            return
        self._make_up(draft, max(1, min(self._spec.offer_limit, draft.room)))

    def _make_up(self, draft: Draft, limit: int) -> None:
        draft.edge_limit = limit
        draft.live_after = self.decider.set_live(True, self.now_ms, limit)
        self._owes = not draft.live_after

    def _is_at_the_edge(self, draft: Draft, at: Moment) -> bool:
        if self._spec.event_clock:
            # What was read to the ends that were listed when this round began is decided.
            return self.buffers.drained and (bool(draft.records) or self._owes)
        if not self.edge.is_reached(self.buffers.positions(), at, self._unread.ends):
            return False
        reading_ms = self.time.read_ms(at)
        if reading_ms is None or not self.time.is_fresh(at):
            draft.asks_for_time = True
            return False
        if not self._now.is_late(self.now_ms, at):
            return True
        # The inputs are silent, or their broker has a wrong clock. Only time itself tells that offers of long ago
        # are over. Whatever was appended until the ends were asked for is decided, so timers may fire until then.
        return self._timers.advance(draft, reading_ms - (at.monotonic_ms - self.edge.asked_ms))
