"""Collects what one transaction decides, until it is complete."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import xxhash

from pipeline.errors import Permanent
from pipeline.loop.journal import journal_entry
from pipeline.loop.now import StoredNow
from pipeline.loop.spec import StageSpec, Transaction
from pipeline.ports.dead_letters import DeadLetter
from pipeline.ports.decider import Decider, Decisions
from pipeline.ports.records import InputRecord, Record
from schemas.cases.journal import PolicyTaken


@dataclass
class Draft:
    """One transaction in the making."""

    started_ms: int
    """The stage's `now` before it."""
    bound_ms: int
    """A record that says it was appended later counts as now."""
    limit: int
    """Most decisions that it may hold."""
    undeliverable: str | None
    """Why the first decision must be given up; None when nothing must be."""
    live: bool = False
    """Whether the core hands decisions out at once while it decides."""
    live_after: bool = False
    records: list[InputRecord] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    verdicts: list[tuple[int, str]] = field(default_factory=list)
    policies: list[tuple[PolicyTaken, bytes | None]] = field(default_factory=list)
    timers: int = 0
    is_parked: bool = False
    follows_time: bool = False
    edge_limit: int | None = None
    """The limit under which the core made up for what was held back; None when it did not."""
    asks_for_time: bool = False
    """Whether it is written only to learn the broker's time."""
    is_stopped: bool = False
    """Whether nothing more may be decided in it."""

    @property
    def size(self) -> int:
        """How many decisions it holds, where making up for what was held back counts as many as its limit."""
        return self.limit - self.room

    @property
    def room(self) -> int:
        """How many more decisions it may hold."""
        # With no call more, because it is asked before each record.
        edge = 0 if self.edge_limit is None else max(1, self.edge_limit)
        return self.limit - len(self.policies) - len(self.records) - self.timers - self.is_parked - edge

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.size or self.asks_for_time)

    def decide(self, decider: Decider, record: InputRecord, time_ms: int, *, may_wait: bool) -> None:
        """Has a record decided at a time, or takes it as given up.

        Raises:
            PolicyAwaited: only if `may_wait`.
        """
        try:
            decider.decide(record, time_ms, may_wait=may_wait)
        except Permanent as reason:
            self.give_up(record, reason)
        else:
            self.records.append(record)

    def give_up(self, record: InputRecord, reason: Permanent) -> None:
        """Takes a record that is given up."""
        self.verdicts.append((len(self.records), reason.code))
        self.dead_letters.append(DeadLetter(record, reason))
        self.records.append(record)

    def completed(
        self, spec: StageSpec, partition: int, decider: Decider, number: int, now_ms: int
    ) -> Transaction:
        """Returns the transaction, complete.

        Args:
            spec: what the stage reads and writes.
            partition: the partition number.
            decider: the core, which holds the decisions.
            number: of the transaction.
            now_ms: the stage's time at the end.
        """
        decisions = decider.decisions()
        entry = journal_entry(
            spec.stage,
            partition,
            self.records,
            number=number,
            started_ms=self.started_ms,
            now_ms=now_ms,
            bound_ms=self.bound_ms,
            clock=self.follows_time,
            live=self.live,
            live_after=self.live_after,
            edge_limit=self.edge_limit,
            parked=int(self.is_parked),
            timers_fired=self.timers,
            dead_letters=len(self.dead_letters),
            verdicts=tuple(self.verdicts),
            policies=tuple(taken for taken, _ in self.policies),
            configuration=spec.configuration,
            digest=digest_of(decisions),
            outputs=len(decisions.outputs),
        )
        return Transaction(
            self.records,
            self.dead_letters,
            tuple(self._policy_records(spec)),
            self.timers,
            self.size,
            self.started_ms,
            now_ms,
            self.live_after,
            decisions,
            entry,
            StoredNow(now_ms, number, spec.event_clock).encode(),
        )

    def _policy_records(self, spec: StageSpec) -> Iterator[Record]:
        if spec.policy_log is not None:
            for taken, content in self.policies:
                if content is not None:
                    yield Record(spec.policy_log, taken.workspace.encode(), content)


def digest_of(decisions: Decisions) -> str:
    """Returns a digest over everything that is decided, in order: XXH3 with 128 bits, as hexadecimal digits."""
    parts: list[bytes | None] = []
    for output in decisions.outputs:
        parts += (output.topic.encode(), output.key, output.value)
    for change in decisions.changes.items():
        parts += change
    # The lengths tell where one part ends and the next begins.
    lengths = [-1 if part is None else len(part) for part in parts]
    digest = xxhash.xxh3_128(struct.pack(f"<{len(lengths)}q", *lengths))
    # Some parts together, because most are short. All of them joined are 10 MB, and fresh memory of that size
    # takes up to ten times as long as a call for each.
    whole = [part for part in parts if part]
    for start in range(0, len(whole), _TOGETHER):
        digest.update(b"".join(whole[start : start + _TOGETHER]))
    return digest.hexdigest()


_TOGETHER = 64
"""Parts that are joined, to about 16 KB."""
