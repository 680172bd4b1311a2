"""What all rep events carry, and the ids that they name."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from schemas.base import Id, Message, UtcDatetime, type_is_required

RepId = Annotated[Id, Field(description="id of a rep, unique within the workspace")]
CaseId = Annotated[Id, Field(description="id of the case, as the assignment has it")]
SenderId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\s\x00-\x1f\x7f]+$")]
Attempt = Annotated[
    int, Field(ge=1, le=10**6, description="number of the case's offer, from 1, as the assignment has it")
]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class AnyEvent(Message):
    """The fields that every rep event carries."""

    model_config = ConfigDict(json_schema_extra=type_is_required)

    event_id: Id = Field(description="id of the event, unique within the workspace; a repeated one is ignored")
    rep_id: RepId
    sender: SenderId | None = Field(
        default=None,
        description="name of the desktop that sends the event, the same after a restart; when absent, all events "
        "of the rep without a sender count as those of one desktop",
    )
    # Below 2**53, because a desktop written in JavaScript would round a larger number.
    seq: int = Field(
        ge=0, lt=2**53, description="number that grows with each event of this rep and sender; gaps are allowed"
    )
    occurred_at: UtcDatetime = Field(description="when the rep did it, by the desktop's clock")


class AboutCase(AnyEvent):
    """An event about one offer of one case, which the rep has or had."""

    case_id: CaseId
    attempt: Attempt
