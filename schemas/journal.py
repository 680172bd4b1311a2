"""JournalEntry: one record a router transaction, enough to replay its decisions bit for bit."""

from pydantic import Field

from schemas.message import EpochMs, Offset, Part, SourcePosition


class InputRange(Part):
    """The records of one input partition that the transaction consumed: first <= offset < next."""

    topic: str = Field(max_length=249)
    partition: int = Field(ge=0)
    first: Offset
    next: Offset


class JournalEntry(Part):
    """Inputs, time and policy of one transaction. Topic `route.journal`, no key."""

    schema_version: int = 1
    stage: str = Field(max_length=32)
    partition: int = Field(ge=0)
    inputs: tuple[InputRange, ...] = Field(max_length=64)
    order: tuple[SourcePosition, ...] = Field(default=(), max_length=10_000, description="merged order, if mixed")
    now_ms: EpochMs = Field(description="the stage's now at the end of the transaction")
    timers_fired: int = Field(ge=0)
    policy_versions: dict[str, int] = Field(default_factory=dict, description="workspace: version in force")
    outputs: int = Field(ge=0)
