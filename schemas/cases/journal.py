"""JournalEntry is one record for each transaction of the router, with which its decisions can be replayed
exactly."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.base import EpochMs, Offset, Part, Slug
from schemas.people.event import Code


class InputRange(Part):
    """Says which records of one input partition the transaction consumed: those with first <= offset < next."""

    topic: str = Field(max_length=249, description="name of the input topic")
    partition: int = Field(ge=0, description="number of its partition, from 0")
    first: Offset = Field(description="offset of the first record that was consumed")
    next: Offset = Field(description="offset after the last record that was consumed")


class PolicyTaken(Part):
    """Says that a policy came into force, or that a workspace has none any more."""

    workspace: Slug = Field(description="whose policy it is")
    version: int | None = Field(default=None, ge=1, description="its version; absent when the workspace has none")
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        default=None,
        description="SHA-256 of its bytes, which topic policies.log keeps; absent when the workspace has none",
    )


class JournalEntry(Part):
    """Inputs, times and policies from which one transaction was decided.

    It goes to topic `route.journal` without a key, into the partition with the same number as its inputs.

    A replay begins with the state before the entry and does the following. It puts `policies` in force and parks a
    timer if `parked` is set. For each record in merged order it fires the timers due before the record's time, and
    decides the record at that time unless `verdicts` says that the loop gave it up. A record's time is its append
    time, or the stage's time when the append time is above `bound_ms`, and never less than the stage's time, which
    starts from `started_ms`. On the event clock it is the record's own time. At the end it fires the timers
    due at `now_ms` if `clock` is set, until `timers_fired` have fired in all, and makes up for what was held back
    if `edge_limit` is given. Outputs and changes of the state then have `digest`.
    """

    # Not a Message with its workspace: one transaction decides for all workspaces of a partition.
    schema_version: Literal[1] = Field(
        default=1, description="major version of the contract; a value of another version must be refused"
    )
    stage: str = Field(max_length=32, description="stage that wrote the transaction")
    partition: int = Field(ge=0, description="partition number that was decided on, the same in all inputs")
    number: int = Field(
        default=0, ge=0, description="number of the transaction in its partition, from 1 and without a gap"
    )
    inputs: tuple[InputRange, ...] = Field(
        max_length=64, description="what was consumed of each input partition; empty when only timers fired"
    )
    merged: tuple[tuple[int, int], ...] = Field(
        default=(),
        max_length=100_000,
        description="order in which the inputs were merged, as runs: (index into inputs, number of records)",
    )
    started_ms: EpochMs = Field(
        description="the stage's time before the transaction, in milliseconds since 1970-01-01 UTC"
    )
    now_ms: EpochMs = Field(description="the stage's time at its end, in milliseconds since 1970-01-01 UTC")
    clock: bool = Field(
        description="whether the stage's time followed the clock at the end, because all inputs had been read"
    )
    timers_fired: int = Field(ge=0, description="timers that fired in the transaction")
    dead_letters: int = Field(ge=0, description="consumed records that were given up")
    bound_ms: int = Field(
        default=0, ge=0, description="a record that says it was appended later than this counts as now; 0: never"
    )
    live: bool = Field(default=False, description="whether cases were offered while it was decided")
    live_after: bool = Field(default=False, description="whether cases are offered from its end on")
    edge_limit: int | None = Field(
        default=None,
        ge=0,
        description="most offers that were made up for at its end, at the live edge; absent when none were",
    )
    parked: int = Field(default=0, ge=0, le=1, description="timers that were given up, before everything else")
    verdicts: tuple[tuple[int, Code], ...] = Field(
        default=(),
        max_length=100_000,
        description="records that were given up: number in merged order from 0, and code. The loop gave up "
        "those with wrong_partition and undeliverable, the router all others",
    )
    policies: tuple[PolicyTaken, ...] = Field(
        default=(), max_length=1000, description="policies that came into force before everything else"
    )
    configuration: str = Field(
        default="", max_length=200, description="release and settings on which decisions depend"
    )
    digest: str = Field(
        default="",
        max_length=64,
        description="XXH3 (128 bits, hexadecimal) over topic, key and value of each output and over each change "
        "of the state, in order",
    )
    policy_versions: dict[Slug, int] = Field(
        default_factory=dict, max_length=10_000, description="no longer written: see policies"
    )
    outputs: int = Field(ge=0, description="records that were published besides the changelog and dead letters")
