"""Presence: who is at work, and what goes back when somebody leaves."""

from typing import Any

import orjson
import pytest

from pipeline.errors import Permanent
from schemas.people.rep import AnyRepEvent
from schemas.posts.scored import ScoredPost
from tests.builders import accept, policy, presence, record, reject, reply, scored, signed_in, signed_out
from tests.unit.route.desk_of_one import Desk


def test_signing_out_releases_offers_and_unanswered_cases_but_keeps_answered_ones() -> None:
    desk = Desk()
    offers = desk.feed(signed_in(), *(scored(f"p{n}", by=f"a{n}") for n in range(3))).assignments
    desk.feed(accept(offers[0].case_id), reply(offers[0].case_id), accept(offers[1].case_id))
    answer = desk.after(60).feed(signed_out())
    assert answer.states == [("released", "signed_out", "r1")] * 2
    assert {a.case_id for a in answer.assignments} == {offers[1].case_id, offers[2].case_id}
    assert answer.steps == [("released", "signed_out")] * 2
    assert {c.queued_at for c in answer.current} == {offers[1].queued_at}


def test_a_policy_may_release_everything_at_sign_out() -> None:
    desk = Desk(policy(sign_out_release="all"))
    [offer] = desk.feed(signed_in(), scored("p1")).assignments
    desk.feed(accept(offer.case_id), reply(offer.case_id))
    assert desk.feed(signed_out()).types == ["released"]


def test_released_cases_go_to_others_and_are_offered_again_after_signing_in() -> None:
    desk = Desk()
    desk.feed(signed_in(), scored("p1"))
    answer = desk.feed(signed_out())
    assert answer.types == ["released"]
    assert desk.feed(signed_in(seq=10)).types == ["offered"], "leaving is not refusing"


def test_a_presence_event_older_than_the_newest_applied_one_is_given_up_with_a_code() -> None:
    desk = Desk()
    desk.feed(signed_in(seq=0), presence(value="away", seq=5))
    assert refused(desk, presence(value="available", seq=4)) == "stale_seq"
    assert refused(desk, signed_out(seq=4)) == "stale_seq"
    assert desk.feed(scored("p1")).types == ["queued"]


def test_the_same_event_again_is_a_duplicate_and_not_stale() -> None:
    desk = Desk()
    desk.feed(signed_in(seq=0, event_id="e0"), presence(value="away", seq=5), signed_in(seq=0, event_id="e0"))
    assert desk.router.counters() == {"duplicate_rep_events": 1}


def test_a_desktop_that_counts_from_zero_again_can_sign_in() -> None:
    desk = Desk()
    desk.feed(signed_in(seq=7, ms=0), signed_out(seq=8, ms=10), signed_in(seq=0, ms=20))
    assert desk.feed(scored("p1")).types == ["queued", "offered"]


def test_presence_of_somebody_who_is_not_signed_in_is_given_up_with_a_code() -> None:
    desk = Desk()
    assert refused(desk, presence()) == "not_signed_in"
    assert refused(desk, signed_out("r2")) == "not_signed_in"
    desk.feed(signed_in(seq=1), signed_out(seq=2))
    assert refused(desk, presence(seq=3)) == "not_signed_in"
    assert desk.feed(signed_out(seq=4), scored("p1")).types == ["queued"], "to leave twice is to have left"
    assert desk.router.gauges()["reps_present"] == 0


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


def test_two_desktops_of_one_rep_count_for_themselves() -> None:
    desk = Desk()
    desk.feed(signed_in(sender="desk", seq=1000), signed_in(sender="tablet", seq=0))
    desk.feed(presence(value="away", sender="tablet", seq=1), presence(sender="desk", seq=1001))
    assert desk.feed(scored("p1")).types == ["queued", "offered"]
    assert refused(desk, presence(value="away", sender="tablet", seq=0)) == "stale_seq"


def test_a_rep_stays_at_work_until_the_last_desktop_signs_out() -> None:
    desk = Desk()
    desk.feed(signed_in(sender="desk"), signed_in(sender="tablet"), scored("p1"))
    assert desk.feed(signed_out(sender="tablet")).types == []
    assert desk.router.gauges()["reps_present"] == 1
    assert desk.feed(signed_out(sender="desk")).types == ["released"]
    assert desk.router.gauges()["reps_present"] == 0


def test_a_sign_out_that_names_no_desktop_ends_all_of_them() -> None:
    desk = Desk()
    desk.feed(signed_in(sender="desk"), signed_in(sender="crashed"), scored("p1"))
    assert desk.feed(signed_out()).types == ["released"]
    assert refused(desk, presence(sender="desk", seq=5)) == "not_signed_in"


def test_a_desktop_that_learns_to_name_itself_leaves_no_ghost_behind() -> None:
    desk = Desk()
    desk.feed(signed_in(), signed_in(sender="desk"), scored("p1"))
    assert desk.feed(signed_out(sender="desk")).types == ["released"]


def test_signing_out_at_one_desktop_is_no_sign_of_life_at_the_other() -> None:
    desk = Desk()
    desk.feed(signed_in(sender="desk"), signed_in(sender="tablet"), scored("p1"))
    desk.after(121).tick()
    assert desk.feed(signed_out(sender="tablet")).types == []
    assert desk.router.gauges()["reps_present"] == 0, "an offer was missed"
    assert desk.feed(presence(sender="desk")).types == ["offered"]


def test_of_desktops_that_never_come_back_only_the_newest_are_remembered() -> None:
    desk = Desk()
    for n in range(100):
        desk.feed(signed_in(sender=f"session-{n}", ms=n))
    senders = rep_of(desk)["senders"]
    assert [sender["name"] for sender in senders] == [f"session-{n}" for n in range(92, 100)]
    desk.feed(*(signed_out(sender=f"session-{n}", ms=n) for n in range(92, 100)))
    assert desk.router.gauges()["reps_present"] == 0


def rep_of(desk: Desk) -> dict[str, Any]:
    """The rep's entry in the changelog after one more harmless event."""
    desk.feed_raw(record(presence(value="away", sender="session-99", seq=7, ms=99), desk.offset))
    value = desk.router.decisions().changes[b"rep/acme/r1"]
    desk.commit()
    assert value is not None
    found: dict[str, Any] = orjson.loads(value)
    return found


def refused(desk: Desk, event: AnyRepEvent) -> str:
    """The code with which the router gives the event up; it leaves no trace."""
    with pytest.raises(Permanent) as given_up:
        desk.feed_raw(record(event, desk.offset))
    assert desk.commit().outputs == []
    return given_up.value.code


def test_reps_who_were_signed_out_at_a_restore_come_back_in_the_same_order() -> None:
    reps = [f"r{number}" for number in range(6)]
    went_on, restored = Desk(), Desk()
    for event in [signed_in(rep, seq=0) for rep in reps] + [signed_out(rep, seq=1) for rep in reps]:
        went_on.feed_raw(record(event, went_on.offset))
    for key, value in went_on.router.decisions().changes.items():
        restored.router.restore(key, value)
    went_on.commit()
    day: list[ScoredPost | AnyRepEvent] = [
        *(signed_in(rep, seq=2, event_id=f"{rep}-again") for rep in reps),
        *(scored(f"p{rep}", by=rep) for rep in reps),
    ]
    offered = [[offer.rep_id for offer in desk.feed(*day).assignments] for desk in (went_on, restored)]
    assert offered[0] == offered[1] != reps


@pytest.mark.parametrize("sign", [reject, accept, reply], ids=lambda make: make.__name__)
def test_so_many_missed_offers_in_a_row_as_the_policy_says_end_the_offers_until_a_request(sign: Any) -> None:
    desk = Desk(policy(missed_offers=2))
    [offer] = desk.feed(signed_in(), scored("p1", by="ann")).assignments
    assert desk.after(120).tick().types == ["timed_out", "offered"], "one more chance"
    assert desk.after(120).tick().types == ["timed_out"]
    assert desk.router.gauges()["reps_present"] == 0
    desk.restart()
    assert "offered" in desk.feed(sign(offer.case_id)).types, "a click that comes too late is a sign of life"


def test_a_sign_of_life_makes_up_for_all_missed_offers() -> None:
    desk = Desk(policy(missed_offers=2))
    desk.feed(signed_in(), scored("p1", by="ann"))
    desk.after(120).tick()
    desk.feed(presence(seq=1))
    assert desk.after(120).tick().types == ["timed_out", "offered"]


@pytest.mark.parametrize(("silent", "kept"), [("none", 2), ("unanswered", 1), ("all", 0)])
def test_a_rep_who_falls_silent_gives_up_what_the_policy_says(silent: str, kept: int) -> None:
    desk = Desk(policy(silent_release=silent))
    offers = desk.feed(signed_in(capacity=3), *(scored(f"p{n}", by=f"a{n}") for n in range(2))).assignments
    desk.feed(*(accept(offer.case_id) for offer in offers), reply(offers[0].case_id), scored("p3", by="a3"))
    answer = desk.after(120).tick()
    assert answer.steps == [("timed_out", "not_answered"), *[("released", "not_responding")] * (2 - kept)]


@pytest.mark.parametrize(("away", "kept"), [("none", 3), ("unanswered", 1), ("all", 0)])
def test_a_rep_who_goes_away_gives_up_what_the_policy_says(away: str, kept: int) -> None:
    desk = Desk(policy(away_release=away))
    offers = desk.feed(signed_in(capacity=3), *(scored(f"p{n}", by=f"a{n}") for n in range(3))).assignments
    desk.feed(*(accept(offer.case_id) for offer in offers[:2]), reply(offers[0].case_id))
    answer = desk.feed(presence(value="away", seq=1))
    assert answer.steps == [("released", "away")] * (3 - kept)


@pytest.mark.parametrize("gone", ["not_responding", "away", "signed_out"])
def test_an_answered_case_of_somebody_who_is_gone_goes_back_once_its_customer_writes(gone: str) -> None:
    desk = Desk(policy(away_release="unanswered"))
    [offer] = desk.feed(signed_in(capacity=2), scored("p1", by="ann")).assignments
    desk.feed(accept(offer.case_id), reply(offer.case_id))
    if gone == "not_responding":
        desk.feed(scored("p2", by="bob"))
        desk.after(120).tick()
    else:
        desk.feed(presence(value="away", seq=1) if gone == "away" else signed_out(seq=1))
    answer = desk.feed(scored("p3", by="ann"))
    assert answer.steps[-1] == ("released", gone)
    assert answer.current[0].state == "waiting"
