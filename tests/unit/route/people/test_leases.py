"""Leases: a desktop that sends heartbeats and falls silent counts as gone."""

import pytest

from schemas.policy.staffing import Lease
from tests.builders import accept, beat, policy, presence, record, reply, scored, signed_in, signed_out
from tests.routers import ALL
from tests.unit.route.desk_of_one import Desk


def test_a_desktop_that_falls_silent_is_signed_out_and_leaves_what_a_sign_out_leaves() -> None:
    desk = Desk()
    offers = desk.feed(signed_in(), beat(), *(scored(f"p{n}", by=f"a{n}") for n in range(2))).assignments
    desk.feed(*(accept(offer.case_id) for offer in offers), reply(offers[0].case_id))
    assert desk.after(239.999).tick().types == []
    desk.restart()
    assert desk.after(0.001).tick().steps == [("released", "lease_over")]
    assert desk.router.gauges()["reps_present"] == 0
    assert desk.feed(beat(event_id="h2")).outputs == [], "a heartbeat signs nobody in"
    assert desk.feed(scored("p9", by="a0")).steps[-1] == ("released", "signed_out")


def test_heartbeats_renew_the_lease_and_write_nothing_more_often_than_a_third_of_it() -> None:
    desk = Desk()
    desk.feed(signed_in(), beat())
    written = 0
    for minute in range(30):
        desk.after(60).feed_raw(record(beat(event_id=f"m{minute}"), desk.offset))
        written += len(desk.router.decisions().changes)
        assert desk.commit().outputs == []
    assert written == 15
    assert desk.router.gauges()["reps_present"] == 1
    assert desk.router.counters()["heartbeats"] == 31


def test_a_desktop_that_never_sent_a_heartbeat_has_no_lease() -> None:
    desk = Desk()
    desk.feed(signed_in())
    desk.after(80_000).tick()
    assert desk.router.gauges()["reps_present"] == 1


def test_each_desktop_has_a_lease_of_its_own() -> None:
    desk = Desk(policy(lease=Lease(seconds=60)))
    desk.feed(signed_in(sender="desk"), signed_in(sender="tablet"), beat(sender="desk"))
    desk.after(60).feed(beat(sender="tablet", event_id="t1"), scored("p1"))
    assert desk.after(20).tick().types == []
    assert desk.router.gauges()["reps_present"] == 1, "the tablet is still there"
    assert desk.after(60).tick().steps == [("released", "lease_over")]


def test_a_heartbeat_is_no_sign_of_life_of_the_rep() -> None:
    desk = Desk()
    desk.feed(signed_in(), beat(), scored("p1"))
    desk.after(120).tick()
    assert desk.feed(beat(event_id="h2")).outputs == []
    assert desk.router.gauges()["reps_present"] == 0
    assert desk.feed(presence(seq=1)).types == ["offered"]


@pytest.mark.parametrize("live", [True, False])
def test_a_lease_begins_anew_where_no_heartbeat_could_arrive(live: bool) -> None:
    desk = Desk()
    desk.feed(signed_in(), beat())
    desk.router.set_live(live, desk.now_ms, 0)
    assert desk.after(260 if live else 240).tick().types == []
    assert desk.router.gauges()["reps_present"] == 1
    desk.router.set_live(True, desk.now_ms, 1)
    desk.after(240).tick()
    assert desk.router.gauges()["reps_present"] == 0


@pytest.mark.parametrize("restarts", [False, True], ids=["outage", "restart"])
@pytest.mark.parametrize(("away_s", "ends_s"), [(9, 240), (11, 200 + 11 + 240), (39, 200 + 39 + 240)])
def test_a_lease_begins_anew_after_an_outage_that_is_shorter_than_the_lease(
    restarts: bool, away_s: int, ends_s: int
) -> None:
    desk = Desk()
    desk.feed(signed_in(), beat())
    desk.after(200)
    if restarts:
        desk.restart_only()
    for _ in range(2):  # the loop says so again and again
        desk.router.set_live(False, desk.now_ms, 0)
    desk.commit()
    desk.after(away_s)
    desk.router.set_live(True, desk.now_ms, ALL)
    desk.commit()
    assert desk.after(ends_s - 200 - away_s - 0.001).tick().types == []
    assert desk.router.gauges()["reps_present"] == 1
    desk.after(0.001).tick()
    assert desk.router.gauges()["reps_present"] == 0


def test_since_when_the_router_is_away_outlives_a_restart_and_an_undone_transaction() -> None:
    desk = Desk()
    desk.feed(signed_in(), beat())
    desk.router.set_live(False, desk.now_ms, 0)
    desk.commit()
    desk.after(20).restart_only()
    desk.router.set_live(False, desk.now_ms, 0)
    desk.router.set_live(True, desk.now_ms, ALL)
    desk.router.abort()
    desk.router.set_live(False, desk.now_ms, 0)
    desk.router.set_live(True, desk.now_ms, ALL)
    desk.commit()
    assert desk.after(239.999).tick().types == []
    assert desk.router.gauges()["reps_present"] == 1


def test_a_desktop_that_has_ever_sent_one_has_a_lease_from_its_next_sign_in() -> None:
    desk = Desk()
    desk.feed(signed_in(sender="desk"), beat(sender="desk"), signed_out(sender="desk", seq=1))
    assert desk.after(600).feed(signed_in(sender="desk", seq=2, event_id="again")).types == []
    desk.after(240).tick()
    assert desk.router.gauges()["reps_present"] == 0
