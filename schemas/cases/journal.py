"""JournalEntry: one record a router transaction, enough to replay its decisions bit for bit."""

from typing import Literal

from pydantic import Field

from schemas.base import EpochMs, Offset, Part, Slug


class InputRange(Part):
    """The records of one input partition that the transaction consumed: first <= offset < next."""

    topic: str = Field(max_length=249)
    partition: int = Field(ge=0)
    first: Offset
    next: Offset


class JournalEntry(Part):
    """Inputs, time and policy of one transaction. Topic `route.journal`, no key, the input's own partition.

    A replay calls, for each record in merged order, `fire_timers(time - 1)` and `decide(record, now)`, where now
    is the largest record time so far, starting from `started_ms`; then `fire_timers(now_ms)` if `clock` is set.
    """

    schema_version: Literal[1] = 1
    stage: str = Field(max_length=32)
    partition: int = Field(ge=0)
    inputs: tuple[InputRange, ...] = Field(max_length=64)
    merged: tuple[tuple[int, int], ...] = Field(
        default=(), max_length=100_000, description="merged order as runs: (index into inputs, number of records)"
    )
    started_ms: EpochMs = Field(description="the stage's now before the transaction")
    now_ms: EpochMs = Field(description="the stage's now at its end")
    clock: bool = Field(description="whether now followed the clock at the end, all inputs being read")
    timers_fired: int = Field(ge=0)
    dead_letters: int = Field(ge=0)
    policy_versions: dict[Slug, int] = Field(
        default_factory=dict, max_length=10_000, description="workspace: version in force"
    )
    outputs: int = Field(ge=0)
