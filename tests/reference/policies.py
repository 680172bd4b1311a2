"""The policies of the days."""

from typing import Any

from schemas.policy.calendar import Calendar
from schemas.policy.policy import Policy
from schemas.policy.queues import Borrowing, ChannelWeights, Limits, Queue, Ring, Sticky
from schemas.policy.sla import Sla
from schemas.policy.staffing import Lease
from schemas.posts.scored import SkillNeed
from tests.builders import policy


def _queues(*named: tuple[str, str], **over: Any) -> tuple[Queue, ...]:
    return tuple(
        Queue(**{"name": name, "team": team, "offer_timeout_s": 60 if name == "fans" else 120} | over)
        for name, team in named
    )


HOURS = Calendar.model_validate(
    {
        "name": "hours",
        "zone": "Europe/Berlin",
        "week": {"thu": ["01:00-01:05", "01:12-01:40", "02:00-24:00"], "fri": ["08:00-12:00", "13:00-18:00"]},
        "special": [{"date": "2026-01-03", "open": ["10:00-11:00"]}],
        "closed": ["2026-01-08"],
    }
)
SLAS = (
    Sla.model_validate(
        {
            "name": "quick",
            "calendar": "hours",
            "targets": [
                {
                    "band": ["p1"],
                    "first_response_s": 60,
                    "next_response_s": 90,
                    "resolution_s": 400,
                    "due_soon_s": 30,
                },
                {"channel": ["direct"], "first_response_s": 120, "resolution_s": 900},
                {"first_response_s": 600, "next_response_s": 200, "resolution_s": 3600, "due_soon_s": 60},
            ],
        }
    ),
    Sla.model_validate({"name": "slow", "targets": [{"resolution_s": 1200, "due_soon_s": 300}]}),
)
SPANISH = (SkillNeed(name="es", level=2), SkillNeed(name="fr", level=1, required=True))
RINGS = (
    Ring(after_s=60, lower_levels=1, raise_priority=20.0),
    Ring(after_s=120, drop_skills=("es",), add_teams=("social",)),
    Ring(after_s=300, drop_optional=True),
)
ONE_RING = (Ring(after_s=90, add_teams=("social",)),)

PLAIN: tuple[dict[str, Any], ...] = (
    {"queues": _queues(("care", "care"), ("fans", "social"), ("billing", "care"), reopen_within_s=0)},
    {"queues": _queues(("care", "care"), ("fans", "care"), ("billing", "social"), reopen_within_s=0)},
    {"queues": _queues(("care", "care"), ("fans", "social"), reopen_within_s=0), "default_queue": "fans"},
    {"queues": _queues(("care", "social"), ("billing", "social"), reopen_within_s=0)},
)
PEOPLE: tuple[dict[str, Any], ...] = (
    PLAIN[0] | {"missed_offers": 2, "away_release": "unanswered", "lease": Lease(seconds=90)},
    PLAIN[1] | {"sign_out_release": "all", "away_release": "all", "lease": Lease(seconds=200)},
    PLAIN[2] | {"missed_offers": 3, "silent_release": "unanswered", "lease": Lease(seconds=30)},
    PLAIN[3] | {"silent_release": "all", "away_release": "unanswered", "sign_out_release": "all"},
)
JOINS: tuple[dict[str, Any], ...] = (
    {"queues": _queues(("care", "care"), ("fans", "social"), ("billing", "care"))},
    {
        "queues": _queues(("care", "care"), ("fans", "social"), reopen_within_s=600),
        "away_release": "unanswered",
    },
    {"queues": _queues(("care", "care"), ("fans", "care"), reopen_within_s=0)},
)
WORK: tuple[dict[str, Any], ...] = (
    {"queues": _queues(("care", "care"), ("fans", "social"), ("billing", "care"), wrap_up_s=60)},
    {
        "queues": (*_queues(("care", "care"), ("fans", "social")), *_queues(("billing", "care"), wrap_up_s=30)),
        "away_release": "all",
        "missed_offers": 2,
    },
)
SKILLED: tuple[dict[str, Any], ...] = (
    {"queues": (*_queues(("care", "care"), skills=SPANISH, rings=RINGS), *_queues(("fans", "social")))},
    {"queues": (*_queues(("care", "care"), rings=RINGS), *_queues(("fans", "social"), rings=RINGS[2:]))},
    {"queues": (*_queues(("care", "care"), rings=ONE_RING, skills=SPANISH[:1]), *_queues(("billing", "social")))},
)
CLOCKED: tuple[dict[str, Any], ...] = (
    {
        "queues": (*_queues(("care", "care"), sla="quick"), *_queues(("fans", "social"), sla="slow")),
        "calendars": (HOURS,),
        "slas": SLAS,
    },
    {
        "queues": _queues(("care", "care"), ("fans", "social"), sla="slow", first_response_s=300),
        "calendars": (HOURS,),
        "slas": SLAS,
    },
    {"queues": _queues(("care", "care"), ("fans", "social"))},
)
LIMITED: tuple[dict[str, Any], ...] = (
    {
        "queues": (
            *_queues(
                ("care", "care"), channel_weights=ChannelWeights(public=1, direct=2), fairness="longest_idle"
            ),
            *_queues(("fans", "social"), interruptible=True),
            *_queues(("billing", "care"), fairness="round_robin", refusal_ttl_s=60),
        ),
        "offers_per_hour": 3,
    },
    {
        "queues": (
            *_queues(("care", "care"), reply_within_s=60, follow_up_within_s=30, idle_s=300),
            *_queues(("fans", "social"), reply_within_s=100, channel_weights=ChannelWeights(public=2, direct=1)),
        )
    },
    {
        "queues": (
            *_queues(("care", "care"), mode="pull"),
            *_queues(("fans", "care"), idle_s=200, wrap_up_s=30, fairness="round_robin"),
            *_queues(
                ("billing", "social"), interruptible=True, channel_weights=ChannelWeights(public=1, direct=3)
            ),
        )
    },
)

OPENS = Calendar.model_validate(
    {
        "name": "late",
        "zone": "UTC",
        "week": {"thu": ["00:02-00:20", "00:31-01:00", "02:00-24:00"], "fri": ["00:00-24:00"]},
    }
)
CHANNELS = ChannelWeights(public=1, direct=2)
SHUT: tuple[dict[str, Any], ...] = (
    {
        "queues": (
            *_queues(("care", "care"), calendar="hours", rings=ONE_RING, wrap_up_s=30),
            *_queues(("fans", "social"), limits=Limits(max_waiting=2, overflow_queue="billing")),
            *_queues(("billing", "care")),
        ),
        "calendars": (HOURS,),
    },
    {
        "queues": (
            *_queues(("care", "care"), calendar="late", closed="overflow", limits=Limits(overflow_queue="fans")),
            *_queues(("fans", "social"), limits=Limits(max_waiting=1, overflow_queue="billing")),
            *_queues(("billing", "social"), calendar="hours", mode="pull"),
        ),
        "calendars": (HOURS, OPENS),
        "away_release": "unanswered",
    },
    {
        "queues": (
            *_queues(("care", "care"), limits=Limits(max_waiting=3, overflow_queue="fans")),
            *_queues(("fans", "care"), calendar="late", sla="quick"),
            *_queues(("billing", "social"), calendar="hours"),
        ),
        "calendars": (HOURS, OPENS),
        "slas": SLAS,
    },
)
BY_TIME: tuple[dict[str, Any], ...] = (
    {
        "queues": (
            *_queues(
                ("care", "care"), ("fans", "care"), sla="quick", order="time_to_breach", first_response_s=300
            ),
            *_queues(("billing", "social"), sla="slow", rings=RINGS[:1]),
        ),
        "calendars": (HOURS,),
        "slas": SLAS,
    },
    {
        "queues": (
            *_queues(("care", "care"), sla="slow", order="time_to_breach"),
            *_queues(("fans", "social"), ("billing", "social"), order="time_to_breach", first_response_s=600),
        ),
        "calendars": (HOURS,),
        "slas": SLAS,
    },
    CLOCKED[0],
)

LENT: tuple[dict[str, Any], ...] = (
    {
        "queues": (
            *_queues(("care", "care"), borrows=(Borrowing(team="social", waiting_over=1, max_share=0.5),)),
            *_queues(("fans", "social")),
        )
    },
    {
        "queues": (
            *_queues(
                ("care", "care"),
                borrows=(Borrowing(team="social", waiting_over_s=60, waiting_over=3, max_share=0.4),),
                rings=RINGS[:1],
                skills=SPANISH[:1],
            ),
            *_queues(
                ("fans", "social"),
                borrows=(Borrowing(team="care", waiting_over_s=100),),
                channel_weights=ChannelWeights(public=2, direct=1),
            ),
            *_queues(("billing", "care")),
        )
    },
    {
        "queues": (
            *_queues(
                ("care", "care"), mode="pull", borrows=(Borrowing(team="social", waiting_over=0, max_share=0.3),)
            ),
            *_queues(("fans", "care"), borrows=(Borrowing(team="social", waiting_over=2, max_share=0.7),)),
            *_queues(("billing", "social")),
        ),
        "offers_per_hour": 4,
    },
)

STICKY: tuple[dict[str, Any], ...] = (
    {
        "queues": _queues(
            ("care", "care"),
            ("fans", "social"),
            ("billing", "care"),
            offer_timeout_s=900,
            sticky=Sticky(scope="any", ttl_s=4000, hold_s=60),
        ),
        "offers_per_hour": 6,
        "missed_offers": 5,
    },
    {
        "queues": (
            *_queues(
                ("care", "care"), offer_timeout_s=900, sticky=Sticky(scope="queue", hold_s=20), rings=RINGS[:1]
            ),
            *_queues(
                ("fans", "care"),
                offer_timeout_s=900,
                sticky=Sticky(scope="any", ttl_s=1500, hold_s=0),
                reopen_within_s=0,
                wrap_up_s=30,
            ),
            *_queues(("billing", "social")),
        ),
        "offers_per_hour": 4,
        "missed_offers": 5,
    },
    {
        "queues": (
            *_queues(
                ("care", "care"),
                offer_timeout_s=900,
                sticky=Sticky(scope="any", hold_s=3600),
                channel_weights=CHANNELS,
            ),
            *_queues(
                ("fans", "social"),
                offer_timeout_s=900,
                sticky=Sticky(scope="queue", hold_s=100),
                reply_within_s=60,
            ),
        ),
        "offers_per_hour": 8,
        "sign_out_release": "all",
    },
)


def made(fields: dict[str, Any], version: int, workspace: str) -> Policy:
    """Returns the policy of these fields."""
    return policy(workspace=workspace, version=version, oldest_every=3, **fields)
