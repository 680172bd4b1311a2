"""Holds what `earshot bench route` measured."""

from dataclasses import dataclass

from pipeline.bench.figures import Spread


@dataclass(frozen=True)
class RouteFigures:
    """Holds what was measured of one router with so many waiting cases and reps."""

    name: str
    waiting: int
    reps: int
    records_per_transaction: float
    us_per_record: Spread
    records_per_s: Spread
    offers_per_s: Spread
    output_bytes: float
    """Bytes of assignments, case events and current cases a record, keys included."""
    changelog_bytes: float
    """Bytes of the changelog a record."""
    transaction_ms: float
    """The longest transaction of the rounds; this and the following are processor time."""
    decide_ms: float
    """The longest call for one record."""
    timers_ms: float
    collection_ms: float
    """The longest garbage collection that happened in the rounds."""
    full_collection_ms: float
    """A full collection, made on purpose afterwards."""
    resident_bytes: float
    """Memory a waiting case, after the restore."""
    restore_us: float
    """Restore a waiting case."""
    times_other: Spread | None = None
    """The rate over that of the other checkout, round by round."""
