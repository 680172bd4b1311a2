"""An offer names the reps who fitted best, so that a desk can see why it went to this one."""

from schemas.policy.queues import Queue, Ring
from tests.builders import accept, policy, reject, resolve, scored, signed_in
from tests.unit.route.desk_of_one import Desk


def best(offer: object) -> list[tuple[str, float, float, int | None]]:
    listed = offer.candidates.best  # type: ignore[attr-defined]
    return [(one.rep_id, one.fit, one.load, one.idle_s) for one in listed or ()]


def test_the_chosen_one_comes_first_then_who_would_have_been_next() -> None:
    desk = Desk()
    desk.feed(signed_in("small", capacity=1), *(signed_in(f"r{n}", capacity=n) for n in (2, 4, 5)))
    for number in range(4):
        desk.feed(scored(f"p{number}", f"by{number}"))
    [offer] = desk.after(60).feed(scored("p9", "zoe")).assignments
    assert best(offer) == [("r5", 1.0, 0.2, 60), ("r4", 1.0, 0.25, 60), ("r2", 1.0, 0.5, 60)]
    assert offer.candidates.eligible == 3
    assert offer.candidates.excluded == {"at_capacity": 1}


def test_who_has_never_had_an_offer_has_no_time_since_one() -> None:
    [offer] = Desk().feed(signed_in(), scored("p1")).assignments
    assert best(offer) == [("r1", 1.0, 0.0, None)]


def test_who_has_refused_is_none_of_them() -> None:
    desk = Desk()
    [offer] = desk.feed(signed_in("r1"), scored("p1")).assignments
    desk.feed(signed_in("r2"))
    [_, again] = desk.feed(reject(offer.case_id)).assignments
    assert [name for name, *_ in best(again)] == ["r2"]
    [_, last] = desk.feed(reject(offer.case_id, 2, "r2")).assignments
    assert {name for name, *_ in best(last)} == {"r1", "r2"}


def test_the_fit_is_the_share_of_the_skills_that_were_asked_for_at_first() -> None:
    rings = (Ring(after_s=60, drop_optional=True),)
    desk = Desk(policy(queues=(Queue(name="care", team="care", rings=rings),)))
    desk.feed(scored("p1", skills=("es", "refund")))
    desk.feed(signed_in("none"), signed_in("one", skills=("es",)))
    [offer] = desk.after(60).tick().assignments
    assert best(offer) == [("one", 0.5, 0.0, None), ("none", 0.0, 0.0, None)]


def test_an_offer_of_the_oldest_case_lists_who_took_it() -> None:
    desk = Desk(policy(oldest_every=2))
    desk.feed(scored("p1", "ann", priority=10.0))
    desk.feed(scored("p2", "bob", priority=90.0), scored("p3", "cid", priority=80.0))
    first = desk.feed(signed_in("r1", capacity=1)).assignments[0]
    desk.feed(accept(first.case_id))
    offer = desk.feed(resolve(first.case_id)).assignments[-1]
    assert offer.reasons[-2].code == "route.oldest_turn"
    assert [name for name, *_ in best(offer)] == ["r1"]


def test_only_the_offer_itself_lists_them() -> None:
    desk = Desk()
    [offer] = desk.feed(signed_in(), scored("p1")).assignments
    [again] = desk.feed(scored("p2", ms=1)).assignments
    [accepted] = desk.feed(accept(offer.case_id)).assignments
    assert [best(said) for said in (again, accepted)] == [[], []]
