"""The policies of a simulated day, short enough that every timer of theirs fires within it."""

from pipeline.codec import encode
from schemas.policy.calendar import Calendar
from schemas.policy.queues import Borrowing, ChannelWeights, Limits, Queue, Ring, Sticky
from schemas.policy.rules import TriageRule
from schemas.policy.sla import Sla, SlaTarget
from schemas.policy.staffing import Lease
from tests import builders
from tests.builders import START_MS

RINGS = (Ring(after_s=4, drop_optional=True), Ring(after_s=9, raise_priority=20))
HOURS = Calendar.model_validate(
    {"name": "hours", "zone": "UTC", "week": {"thu": ["00:00-00:01", "00:02-24:00"], "fri": ["00:00-24:00"]}}
)
SHUT_MS = (START_MS + 60_000, START_MS + 120_000)
"""The day is a Thursday, in whose second minute the fans' queue is shut."""
CARE = Queue(
    name="care", team="care", offer_timeout_s=8, first_response_s=3600, sla="prompt", rings=RINGS, wrap_up_s=3,
    sticky=Sticky(scope="any", ttl_s=60, hold_s=3), reply_within_s=5, follow_up_within_s=3, idle_s=4,
)  # fmt: skip
SHARE = 0.5
"""A queue takes so much of the team that lends to it."""
SHELF = Queue(
    name="shelf", team="social", mode="pull", offer_timeout_s=5, first_response_s=3600, interruptible=True
)
"""Reps pick its cases by hand, and these take nothing from the cases of the other queues."""
BOUNDED, BOUND = "nimbus", 18
"""In this workspace a rep has so many offers within an hour, which is longer than a day."""
QUEUES = (
    CARE.model_copy(
        update={
            "rings": (*RINGS, Ring(after_s=12, add_teams=("social",))),
            "limits": Limits(max_waiting=6, overflow_queue="fans"),
            "borrows": (Borrowing(team="social", waiting_over=3, waiting_over_s=8, max_share=SHARE),),
        }
    ),
    Queue(
        name="fans",
        team="social",
        offer_timeout_s=5,
        first_response_s=3600,
        fairness="round_robin",
        calendar="hours",
        channel_weights=ChannelWeights(public=1, direct=2),
        borrows=(Borrowing(team="care", waiting_over=2, max_share=SHARE),),
    ),
    SHELF,
)
OTHER_QUEUES = (
    Queue(name="vip", team="care", offer_timeout_s=5, first_response_s=3600, fairness="longest_idle"),
    CARE.model_copy(update={"team": "social", "limits": Limits(max_waiting=6, overflow_queue="vip")}),
    SHELF,
)
"""Beside the queues above one is new, one has moved to another team, and one is gone."""
TEAMS = tuple(sorted({queue.team for queue in QUEUES}))
SLA = Sla(
    name="prompt",
    targets=(
        SlaTarget(band=("p1",), first_response_s=60, resolution_s=90, due_soon_s=30),
        SlaTarget(first_response_s=75, next_response_s=60, due_soon_s=20),
    ),
)


def queues_of(version: int) -> tuple[Queue, ...]:
    """Returns the queues of a version of the policy."""
    return QUEUES if version % 2 else OTHER_QUEUES


def weight_of(queue: str, channel: str) -> int:
    """Returns what a case of that queue takes of the capacity for cases that are not interruptible."""
    return 0 if queue == SHELF.name else 2 if (queue, channel) == ("fans", "direct") else 1


def policy_of(workspace: str, version: int) -> bytes:
    """Returns a version of a policy as it is published."""
    rules = (TriageRule(name="rest", action="respond", queue="care"),)
    policy = builders.policy(
        workspace=workspace,
        version=version,
        queues=queues_of(version),
        oldest_every=3,
        rules=rules,
        missed_offers=2,
        lease=Lease(seconds=30),
        slas=(SLA,),
        calendars=(HOURS,),
        offers_per_hour=BOUND if workspace == BOUNDED else None,
    )
    return encode(policy)
