"""What a supervisor does to cases, whoever has them. These are rep events whose `rep_id` is the supervisor's."""

from typing import Literal

from pydantic import Field, model_validator

from schemas.base import PostId, Priority, Slug
from schemas.people.event import AnyEvent, CaseId, Code


class CasesMerged(AnyEvent):
    """Two cases are about the same matter. The first one ends, and all that comes for it goes to the other."""

    type: Literal["cases_merged"] = "cases_merged"
    case_id: CaseId
    into: CaseId = Field(description="id of the case that goes on")

    @model_validator(mode="after")
    def _are_two(self) -> "CasesMerged":
        if self.case_id == self.into:
            raise ValueError("a case cannot be merged into itself")
        return self


class CaseSplit(AnyEvent):
    """Some posts of a case are about another matter. They leave it for a new case."""

    type: Literal["case_split"] = "case_split"
    case_id: CaseId
    post_ids: tuple[PostId, ...] = Field(min_length=1, max_length=100, description="posts that leave the case")
    queue: Slug | None = Field(
        default=None, description="queue of the policy in which the new case waits; absent for that of the old one"
    )


class CaseReprioritised(AnyEvent):
    """The priority of a case is set by hand, until a post of the case raises it."""

    type: Literal["case_reprioritised"] = "case_reprioritised"
    case_id: CaseId
    priority: Priority


class CaseClosedBy(AnyEvent):
    """The case is closed, whoever has it or whether it waits."""

    type: Literal["case_closed_by"] = "case_closed_by"
    case_id: CaseId
    reason: Code = Field(default="closed_by_supervisor", description="code that says why, in snake_case")
