"""Departments and leases are parts of a policy. They say who the teams are, and how long silence is work."""

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Part, Slug


class Department(Part):
    """A part of the company, such as service, sales or legal, for people and reports. It decides nothing."""

    name: Slug = Field(description="name of the department, unique in the policy")
    title: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)] | None = Field(
        default=None, description="name for people; absent when the name itself will do"
    )
    teams: tuple[Slug, ...] = Field(
        min_length=1, max_length=50, description="its teams; a team is in one department at most"
    )


class Lease(Part):
    """How long a desktop that sends heartbeats counts as present after the last one."""

    # Three heartbeats of a minute, so that a lost one signs nobody out.
    seconds: int = Field(
        default=180, ge=30, le=3600, description="seconds after the last heartbeat when the desktop is signed out"
    )
