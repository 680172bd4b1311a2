"""Presence: who is at work, and what goes back when somebody leaves."""

from tests.builders import accept, policy, presence, reply, scored, signed_in, signed_out
from tests.unit.route.desk_of_one import Desk


def test_signing_out_releases_offers_and_unanswered_cases_but_keeps_answered_ones() -> None:
    desk = Desk()
    offers = desk.feed(signed_in(), *(scored(f"p{n}", by=f"a{n}") for n in range(3))).assignments
    desk.feed(accept(offers[0].case_id), reply(offers[0].case_id), accept(offers[1].case_id))
    said = desk.after(60).feed(signed_out())
    assert said.states == [("released", "signed_out", "r1")] * 2
    assert {a.case_id for a in said.assignments} == {offers[1].case_id, offers[2].case_id}
    assert said.told == [("released", "signed_out")] * 2
    assert {c.queued_at for c in said.current} == {offers[1].queued_at}


def test_a_policy_may_release_everything_at_sign_out() -> None:
    desk = Desk(policy(sign_out_release="all"))
    [offer] = desk.feed(signed_in(), scored("p1")).assignments
    desk.feed(accept(offer.case_id), reply(offer.case_id))
    assert desk.feed(signed_out()).types == ["released"]


def test_released_cases_go_to_others_and_are_offered_again_after_signing_in() -> None:
    desk = Desk()
    desk.feed(signed_in(), scored("p1"))
    said = desk.feed(signed_out())
    assert said.types == ["released"]
    assert desk.feed(signed_in(seq=10)).types == ["offered"], "leaving is not refusing"


def test_a_presence_event_older_than_the_newest_applied_one_is_ignored() -> None:
    desk = Desk()
    desk.feed(signed_in(seq=0), presence(value="away", seq=5), presence(value="available", seq=4))
    assert desk.feed(scored("p1")).types == ["queued"]
    assert desk.router.counters()["stale_presence"] == 1


def test_a_desktop_that_counts_from_zero_again_can_sign_in() -> None:
    desk = Desk()
    desk.feed(signed_in(seq=7, ms=0), signed_out(seq=8, ms=10), signed_in(seq=0, ms=20))
    assert desk.feed(scored("p1")).types == ["queued", "offered"]


def test_presence_of_somebody_who_never_signed_in_changes_nothing() -> None:
    desk = Desk()
    desk.feed(presence(), signed_out("r2"), scored("p1"))
    assert desk.router.gauges()["reps_present"] == 0
    assert desk.router.counters()["presence_of_absent_rep"] == 2


def test_signing_in_again_replaces_teams_skills_and_capacity() -> None:
    desk = Desk()
    desk.feed(signed_in(capacity=1), signed_in(teams=("social",), capacity=2, seq=1))
    assert desk.feed(scored("p1", by="ann")).types == ["queued"]
    assert desk.feed(scored("p2", by="bob", queue="fans")).types == ["queued", "offered"]


def test_going_away_keeps_the_cases_already_held() -> None:
    desk = Desk()
    [offer] = desk.feed(signed_in(), scored("p1")).assignments
    assert desk.feed(presence(value="away")).types == []
    assert desk.feed(accept(offer.case_id)).types == ["assigned"]
