"""Says what a transactional stage reads and writes, and what one of its transactions holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.ports.dead_letters import DeadLetter
from pipeline.ports.decider import Decisions
from pipeline.ports.records import InputRecord, Record
from schemas.cases.journal import JournalEntry


class Moment(NamedTuple):
    """When a call happens, by two clocks of the worker."""

    clock_ms: int
    """The wall clock, in milliseconds since the epoch. It may be wrong, and only confirms what brokers say."""
    monotonic_ms: int
    """Milliseconds of a clock that never jumps. Only differences mean something."""


@dataclass(frozen=True)
class StageSpec:
    """What a transactional stage reads and writes."""

    stage: str
    inputs: tuple[str, ...]
    changelog: str
    journal: str
    event_clock: bool = False
    """A record's own time counts, as in demos and replays; otherwise its append time does."""
    batch_size: int = 500
    """Most records of one transaction. The worker does nothing else while it decides them, so that 500 records of
    the router keep it for some 50 ms of CPU. A record costs 1.5 % more than with 2,000."""
    timer_limit: int = 500
    """Most timers of one transaction, so that its size and the time that it takes are bounded."""
    offer_limit: int = 200
    """Most decisions that one transaction makes up for when the loop comes to its live edge."""
    policy_log: str | None = None
    """Topic that keeps the content of each policy that was ever in force."""
    copies: str | None = None
    """The names of topics that repeat outputs of another topic, for readers of a part of them, begin with this.
    Such a topic is left out where it takes nothing at all."""
    configuration: str = ""
    """Names everything else on which decisions depend, so that a replay under another configuration is noticed."""


@dataclass(frozen=True)
class Transaction:
    """One transaction that is decided and not yet committed."""

    records: Sequence[InputRecord]
    """The input records that it decided, in merged order."""
    dead_letters: Sequence[DeadLetter]
    """Those of them that are given up."""
    policies: Sequence[Record]
    """The contents of the policies that came into force, for the log of policies."""
    timers: int
    """Number of timers that fired."""
    size: int
    """How many decisions it holds: records, timers, and what was made up for as one."""
    started_ms: int
    """The stage's `now` before it, milliseconds since the epoch."""
    now_ms: int
    """The stage's `now` at its end."""
    live: bool
    """Whether decisions are handed out at once after it."""
    decisions: Decisions
    journal: JournalEntry
    now_value: bytes
    """What the changelog keeps of the loop itself: the stage's time, the transaction's number, and the clock."""
