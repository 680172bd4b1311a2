"""No rep is offered more cases within an hour than the policy allows, and nobody waits for longer than that."""

import pytest

from pipeline.errors import Permanent
from pipeline.ports.records import InputRecord
from schemas.people.casework import CaseTransferred
from schemas.topics import REPS
from tests.builders import accept, ask, policy, presence, reject, resolve, scored, signed_in, signed_out
from tests.unit.route.desk_of_one import Answer, Desk

TWO = policy(version=2, offers_per_hour=2)
HOUR_S = 3600


def waiting(desk: Desk, count: int) -> Answer:
    return desk.feed(*(scored(f"p{n}", f"a{n}") for n in range(count)))


def test_the_first_rep_online_is_not_flooded() -> None:
    desk = Desk(TWO)
    waiting(desk, 5)
    assert len(desk.feed(signed_in(capacity=50)).assignments) == 2
    assert len(desk.feed(signed_in("r2", capacity=50)).assignments) == 2


def test_a_rep_is_asked_again_in_the_moment_when_the_oldest_offer_leaves_the_hour() -> None:
    desk = Desk(TWO)
    [first] = desk.feed(signed_in(capacity=50), scored("p0", "a0")).assignments
    desk.feed(accept(first.case_id))
    [second] = desk.after(10).feed(scored("p1", "a1")).assignments
    desk.feed(accept(second.case_id), scored("p2", "a2"), scored("p3", "a3"))
    steps = [desk.after(seconds).tick().types for seconds in (HOUR_S - 10.001, 0.001, 9.999, 0.001)]
    assert steps == [[], ["offered"], [], ["offered"]]


def test_an_offer_counts_whatever_became_of_it() -> None:
    desk = Desk(TWO)
    waiting(desk, 4)
    first, second = desk.feed(signed_in(capacity=1), signed_in("r2", capacity=1)).assignments
    desk.feed(accept(first.case_id, rep_id=first.rep_id))
    assert len(desk.feed(resolve(first.case_id, rep_id=first.rep_id)).assignments) == 2
    assert len(desk.feed(reject(second.case_id, rep_id=second.rep_id)).assignments) == 2
    assert desk.feed(presence("r1", "away", seq=2), presence("r1", seq=3)).types == []


def test_the_bound_stays_when_the_rep_signs_in_anew_or_the_router_begins_anew() -> None:
    desk = Desk(TWO)
    waiting(desk, 5)
    desk.feed(signed_in(capacity=50))
    assert "offered" not in desk.feed(signed_out(seq=1), signed_in(seq=2, capacity=50)).types
    desk.restart(TWO)
    assert "offered" not in desk.feed(signed_in(seq=3, capacity=60)).types
    assert "offered" in desk.after(HOUR_S).tick().types


def test_a_rep_who_is_out_when_the_hour_is_over_is_free_at_the_next_sign_in() -> None:
    desk = Desk(TWO)
    waiting(desk, 5)
    desk.feed(signed_in(capacity=50))
    desk.feed(signed_out(seq=1))
    assert desk.after(2 * HOUR_S).tick().types == []
    assert desk.feed(signed_in(seq=2, capacity=50)).types.count("offered") == 2


def test_a_policy_with_another_bound_holds_at_once() -> None:
    desk = Desk(TWO)
    waiting(desk, 9)
    desk.feed(signed_in(capacity=50))
    desk.take(policy(version=3, offers_per_hour=3))
    assert desk.feed(scored("x", "zoe")).types == ["queued", "offered"]
    desk.take(policy(version=4, offers_per_hour=1))
    assert desk.feed(scored("y", "yan")).types == ["queued"]
    desk.take(policy(version=5))
    assert desk.tick().types.count("offered") > 5


def test_what_a_policy_makes_possible_is_offered_though_only_an_unreadable_record_follows() -> None:
    desk = Desk(TWO)
    waiting(desk, 5)
    desk.feed(signed_in(capacity=50))
    desk.take(policy(version=3))
    with pytest.raises(Permanent):
        desk.feed_raw(InputRecord(REPS.name, 0, 9, b"acme", b"{}", desk.now_ms))
    assert desk.tick().types == ["offered"] * 3


def test_nobody_hands_an_offer_to_a_rep_at_the_bound_and_everybody_an_accepted_case() -> None:
    desk = Desk(TWO)
    [offer] = desk.feed(signed_in("r1", capacity=9), scored("p0", "a0")).assignments
    desk.feed(accept(offer.case_id), signed_in("r2", capacity=9), scored("p1", "a1"), scored("p2", "a2"))
    desk.feed(scored("p3", "a3"))
    warm = desk.feed(ask(CaseTransferred, offer.case_id, to_rep="r2", reason="expert", warm=True))
    assert warm.steps[-1] == ("request_refused", "rep_not_free")
    cold = desk.feed(ask(CaseTransferred, offer.case_id, to_rep="r2", reason="expert"))
    assert cold.states[-1] == ("assigned", "transferred", "r2")


def test_who_is_at_the_bound_is_counted_apart_from_who_is_full() -> None:
    desk = Desk(TWO)
    desk.feed(signed_in("r1", capacity=50), scored("p0", "a0"), scored("p1", "a1"))
    desk.feed(signed_in("r2", capacity=1), scored("p2", "a2"))
    [offer] = desk.feed(signed_in("r3"), scored("p3", "a3")).assignments
    assert offer.candidates.excluded == {"at_capacity": 1, "offers_per_hour": 1}
    assert (offer.candidates.eligible, offer.candidates.present) == (1, 3)
