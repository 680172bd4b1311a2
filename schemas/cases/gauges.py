"""RouteGauge is a figure of a queue each minute, or of a rep at each change. It goes to topic `route.gauges`.

Figures about single reps are employees' data. They stand in this topic alone, which has a retention of its own.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, RootModel

from schemas.base import Message, Probability, Slug, Unknown, UtcDatetime, type_is_required
from schemas.people.event import RepId


class _Gauge(Message):
    model_config = ConfigDict(json_schema_extra=type_is_required)

    at: UtcDatetime = Field(description="moment that it speaks of, by the router's time")


class QueueGauge(_Gauge):
    """How a queue stood at the end of a minute, while the router was at the live edge."""

    type: Literal["queue"] = "queue"
    queue: Slug = Field(description="queue of the policy")
    team: Slug = Field(description="team that takes its cases")
    waiting: int = Field(ge=0, description="cases that waited, offers not included")
    oldest_s: int | None = Field(
        default=None, ge=0, description="seconds for which the oldest of them had waited; absent when none waited"
    )
    expected_wait_s: int | None = Field(
        default=None,
        ge=0,
        description="seconds until a new case would be assigned, at the pace of the last hour; absent when "
        "nothing was assigned in it",
    )
    unmatched: int = Field(
        default=0,
        ge=0,
        description="waiting cases that no rep at work may take, however free, because of their teams and skills; "
        "0 while the queue is closed",
    )
    held: int = Field(default=0, ge=0, description="cases of the queue that reps had, offers included")
    present: int = Field(ge=0, description="reps of its pool who were signed in, available and answering")
    occupancy: Probability | None = Field(
        default=None, description="share of their capacity that was taken, from 0 to 1; absent without such reps"
    )
    due_soon: int = Field(default=0, ge=0, description="cases with a deadline that comes soon and is not missed")
    breached: int = Field(default=0, ge=0, description="open cases that have missed a deadline")


class RepGauge(_Gauge):
    """What a rep's presence became."""

    type: Literal["rep"] = "rep"
    rep_id: RepId
    teams: tuple[Slug, ...] = Field(default=(), max_length=50, description="teams whose cases the rep takes")
    presence: Annotated[Literal["available", "away", "not_responding", "signed_out"], Unknown("away")] = Field(
        description="available takes offers; not_responding has let offers time out; a presence that the reader "
        "does not know counts as away"
    )
    capacity: int = Field(default=0, ge=0, le=100, description="most cases at once, offers included")
    taken: int = Field(default=0, ge=0, description="capacity that is taken")


class RouteGauge(RootModel[Annotated[QueueGauge | RepGauge, Field(discriminator="type")]]):
    """One of the gauges, which `type` tells apart. The key of the record is the workspace."""
