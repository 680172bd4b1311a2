"""Half an hour without any worker, while customers go on posting, and half a minute without brokers."""

from functools import partial

import pytest

from tests.simulation.day import judged
from tests.simulation.desk import Hours
from tests.simulation.policies import BOUNDED, SHELF
from tests.simulation.world import World

AWAY_FROM_S, AWAY_S = 300.0, 1_800.0
READ_S = 30.0
"""A simulated worker, which takes 20 records a transaction, has read what came meanwhile so much later."""
SILENT_FROM_S, SILENT_S = 31.0, 33.0
KINDS = ("queued", "closed")
IN_TIME = 0
"""The seed of a day on which nobody acts so seldom that an offer is over before."""
DAY = Hours(posts=150, posts_s=2_300, work_s=2_900, end_s=3_000, accepts=1.0, beats=1.0, leaves_s=10_000)


def test_after_half_an_hour_without_workers_no_offer_is_over_and_every_rep_is_still_there() -> None:
    world = World(IN_TIME, [], hours=DAY)
    for worker in world.workers:
        world.time.call_at(AWAY_FROM_S, partial(worker.kill, AWAY_S))
    world.trouble.calm_from_s = AWAY_FROM_S + AWAY_S + READ_S
    day = judged(world)
    assert not day.damage, day.story()
    waited = sum(AWAY_FROM_S < record.at_s < AWAY_FROM_S + AWAY_S for record in day.history.inputs)
    assert waited > 150, "work was waiting when the workers came back"
    assert not [event for event in day.history.events if event.body["type"] == "timed_out"]
    offered = [said for said in day.history.assignments if said.body["state"] == "offered"]
    assert not [said for said in offered if AWAY_FROM_S < said.at_s < AWAY_FROM_S + AWAY_S]
    assert not [event for event in day.history.events if event.body["reason"] == "lease_over"]
    beats = [said for said in day.history.inputs if (said.body or {}).get("type") == "heartbeat"]
    assert any(AWAY_FROM_S < said.at_s < AWAY_FROM_S + AWAY_S for said in beats), "leases ran out meanwhile"
    told = {kind: {e.body["case_id"] for e in day.history.events if e.body["type"] == kind} for kind in KINDS}
    # Some wait until somebody picks them, or until the reps may have further offers.
    told["queued"] -= {e.body["case_id"] for e in day.history.events if e.body.get("queue") == SHELF.name}
    told["queued"] -= {e.body["case_id"] for e in day.history.events if e.body["workspace"] == BOUNDED}
    # What was answered with another tool while it waited is offered to nobody.
    assert {said.body["case_id"] for said in offered} >= told["queued"] - told["closed"]


@pytest.mark.parametrize("seed", [1, 2])
def test_brokers_that_are_silent_for_about_as_long_as_a_lease_end_none(seed: int) -> None:
    world = World(seed, [], hours=Hours(beats=1.0))
    world.time.call_at(SILENT_FROM_S, partial(world.trouble.fall_silent, world, SILENT_S))
    world.trouble.calm_from_s = SILENT_FROM_S + SILENT_S
    day = judged(world)
    assert not day.damage, day.story()
    # The desktops send until their people go home, and a lease lasts for half a minute then.
    at_work_s = Hours().work_s + 25
    assert not [e for e in day.history.events if e.body["reason"] == "lease_over" and e.at_s < at_work_s]
