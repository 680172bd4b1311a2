"""JournalEntry is one record for each transaction of the router, with which its decisions can be replayed
exactly."""

from typing import Literal

from pydantic import Field

from schemas.base import EpochMs, Offset, Part, Slug


class InputRange(Part):
    """Says which records of one input partition the transaction consumed: those with first <= offset < next."""

    topic: str = Field(max_length=249, description="name of the input topic")
    partition: int = Field(ge=0, description="number of its partition, from 0")
    first: Offset = Field(description="offset of the first record that was consumed")
    next: Offset = Field(description="offset after the last record that was consumed")


class JournalEntry(Part):
    """Inputs, time and policies from which one transaction was decided.

    It goes to topic `route.journal` without a key, into the partition with the same number as its inputs.

    A replay calls `fire_timers(time - 1)` and `decide(record, now)` for each record in merged order, where now is
    the largest record time so far and starts from `started_ms`. At the end it calls `fire_timers(now_ms)` if
    `clock` is set.
    """

    # Not a Message with its workspace: one transaction decides for all workspaces of a partition.
    schema_version: Literal[1] = Field(
        default=1, description="major version of the contract; a value of another version must be refused"
    )
    stage: str = Field(max_length=32, description="stage that wrote the transaction")
    partition: int = Field(ge=0, description="partition number that was decided on, the same in all inputs")
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
    policy_versions: dict[Slug, int] = Field(
        default_factory=dict, max_length=10_000, description="version of the policy in force, by workspace"
    )
    outputs: int = Field(ge=0, description="records that were published besides the changelog and dead letters")
