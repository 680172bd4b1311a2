"""Queue is where cases wait for the reps of one team, and how they reach these reps. It is a part of a policy.

A field that is left out means what the first policies meant, which had none of it.
"""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Part, Probability, Slug
from schemas.policy.needs import NeedOrName

Points = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Seconds = Annotated[int, Field(ge=1, le=30 * 86_400)]
"""Up to 30 days, which is as long as `cases.events` is kept."""
Weight = Annotated[int, Field(ge=1, le=100)]


class Borrowing(Part):
    """Says when reps of another team may take a queue's cases. It holds from either limit on that is given.

    It ends once the queue is below half of each limit, so that it does not flicker.
    """

    team: Slug = Field(description="team that lends its reps; it has a queue, or stands in departments")
    waiting_over_s: Seconds | None = Field(
        default=None, description="holds once the oldest case has waited for more than so many seconds"
    )
    waiting_over: int | None = Field(
        default=None, ge=0, le=10**6, description="holds once more than so many cases wait"
    )
    max_share: Annotated[Probability, Field(gt=0)] = Field(
        default=1.0,
        description="largest share, above 0 and up to 1, of the lending team's capacity that the queue's cases "
        "may take",
    )


class Ring(Part):
    """A ring widens the circle of the reps who may take a case that has waited. Rings add up."""

    after_s: Seconds = Field(
        description="seconds since the case came into the queue; more than those of the ring before"
    )
    drop_skills: tuple[Slug, ...] = Field(
        default=(), max_length=20, description="skills that are no longer asked for, unless they are required"
    )
    drop_optional: bool = Field(
        default=False, description="whether all skills that are not required are no longer asked for"
    )
    lower_levels: int = Field(
        default=0, ge=0, le=4, description="by how much each least level is lowered, to 1 at the lowest"
    )
    add_teams: tuple[Slug, ...] = Field(
        default=(), max_length=20, description="teams whose reps may take the case from now on"
    )
    raise_priority: Points = Field(default=0.0, description="points by which the priority rises, up to 100")


class Sticky(Part):
    """Offers a case first to the rep who has answered its author before."""

    scope: Literal["queue", "any", "off"] = Field(
        default="off",
        description="whose rep is asked first: of an earlier case in this queue, in any queue, or nobody's",
    )
    ttl_s: Seconds = Field(default=259_200, description="seconds for which an earlier case counts after its end")
    hold_s: int = Field(
        default=60,
        ge=0,
        le=3600,
        description="seconds for which the case waits for that rep, who must be present with free capacity; the "
        "rings go on meanwhile",
    )


class ChannelWeights(Part):
    """How much of a rep's capacity a case takes, by where it is answered. An offer takes as much as a case."""

    public: Weight = Field(default=1, description="units of capacity of a case that is answered in public")
    direct: Weight = Field(default=1, description="units of capacity of a case that is answered in private")


class Limits(Part):
    """What happens when too many cases wait, or when the queue is closed."""

    max_waiting: int | None = Field(
        default=None,
        ge=1,
        le=10**7,
        description="most cases that wait here; a further new one goes to overflow_queue; absent without a limit",
    )
    overflow_queue: Slug | None = Field(
        default=None, description="queue that takes what this one does not; it may have an overflow queue itself"
    )


class Queue(Part):
    """Where cases wait for the reps of one team."""

    name: Slug = Field(description="name of the queue, unique in the policy")
    team: Slug = Field(description="team that takes its cases; a team may have several queues")
    # The default and the upper bound are those of Twilio's TaskRouter.
    offer_timeout_s: int = Field(
        default=120,
        ge=5,
        le=86_400,
        description="seconds after which an offer that nobody accepted goes back to the queue",
    )
    first_response_s: int = Field(
        default=3600,
        ge=60,
        le=30 * 86_400,
        description="seconds within which the first reply is due, by the clock and not by business hours, where "
        "the queue has no sla or its sla says nothing about the first reply",
    )
    sla: Slug | None = Field(
        default=None, description="SLA of its cases; absent when only first_response_s counts, around the clock"
    )
    calendar: Slug | None = Field(
        default=None, description="calendar that says when the queue is open; absent when it always is"
    )
    borrows: tuple[Borrowing, ...] = Field(
        default=(), max_length=20, description="other teams whose reps may take its cases, and when"
    )
    skills: tuple[NeedOrName, ...] = Field(
        default=(), max_length=20, description="skills that each of its cases needs besides those of the rule"
    )
    rings: tuple[Ring, ...] = Field(
        default=(), max_length=6, description="how the circle of reps widens while a case waits, in order"
    )
    order: Literal["priority", "time_to_breach"] = Field(
        default="priority",
        description="which case goes first: the one of the highest priority, or the one whose next deadline is "
        "the nearest; the same in all queues of a team, and of those that lend to it; a rep of two teams with "
        "different orders is offered the cases of the team with order priority first",
    )
    fairness: Literal["load", "longest_idle", "round_robin"] = Field(
        default="load",
        description="which of the reps who fit alike is asked first: the one with the least load for their "
        "capacity, the one without an offer for the longest time, or without one of this queue",
    )
    mode: Literal["push", "pull"] = Field(
        default="push", description="push offers each case to a rep; pull leaves it to reps to pick cases"
    )
    sticky: Sticky = Field(default=Sticky(), description="whether the rep of an earlier case is asked first")
    channel_weights: ChannelWeights = Field(
        default=ChannelWeights(), description="how much of a rep's capacity its cases take"
    )
    interruptible: bool = Field(
        default=False,
        description="whether its cases take no capacity from an offer of a queue that is not interruptible",
    )
    wrap_up_s: int = Field(
        default=0,
        ge=0,
        le=3600,
        description="seconds for which a resolved case keeps its share of the rep's capacity, unless the rep ends "
        "it before",
    )
    reply_within_s: Seconds | None = Field(
        default=None,
        description="seconds after which a case that a rep has accepted and not answered goes back and before all "
        "others; absent for never",
    )
    follow_up_within_s: Seconds | None = Field(
        default=None,
        description="seconds after which a case goes back, and before all others, whose author wrote again and "
        "got no further reply; absent for never",
    )
    idle_s: Seconds | None = Field(
        default=None,
        description="seconds after which an answered case in which nobody wrote is resolved, unless its rep holds "
        "it or it waits for a rep; absent for never",
    )
    reopen_within_s: int = Field(
        default=259_200,
        ge=0,
        le=30 * 86_400,
        description="seconds after the end of a case within which its author's next post opens it again; 0: never",
    )
    refusal_ttl_s: Seconds = Field(
        default=1800,
        description="seconds for which a rep who rejected a case is not asked again, unless all others did",
    )
    limits: Limits = Field(default=Limits(), description="how many cases may wait, and where the others go")
    closed: Literal["hold", "overflow"] = Field(
        default="hold",
        description="outside of its calendar: hold offers nothing and lets nobody pick, overflow sends new cases "
        "to overflow_queue and still offers those that wait here",
    )
