"""A rep who left long ago is forgotten, and with the last one of a class how often it has picked."""

import pytest

from pipeline.route.router import Router
from pipeline.route.state.entities import REP_TTL_MS
from schemas.people.presence import SignedIn
from tests.builders import accept, policy, reply, resolve, scored, signed_in, signed_out
from tests.routers import ALL
from tests.unit.route.desk_of_one import Answer, Desk


class Logged(Desk):
    """A desk with its compacted changelog."""

    def __init__(self) -> None:
        self.log: dict[bytes, bytes] = {}
        super().__init__()

    def commit(self) -> Answer:
        for key, value in self.router.decisions().changes.items():
            if value is None:
                del self.log[key]
            else:
                self.log[key] = value
        return super().commit()

    def names(self, kind: str) -> set[str]:
        return {key.decode().split("/", 2)[2] for key in self.log if key.startswith(f"{kind}/".encode())}

    def restored(self) -> Router:
        router = Router(15 * 86_400_000, "processing")
        for key, value in reversed(self.log.items()):
            router.restore(key, value)
        return router


def left(*reps: str) -> Logged:
    """A desk whose reps have worked and signed out."""
    desk = Logged()
    for rep_id in reps:
        desk.feed(signed_in(rep_id, capacity=1), scored(f"of-{rep_id}", by=rep_id))
    desk.after(1).feed(*(signed_out(rep_id) for rep_id in reps))
    return desk


def test_a_rep_is_forgotten_so_long_after_the_last_sign_out_and_one_who_comes_back_is_not() -> None:
    desk = left("r1", "r2")
    desk.after(10).feed(signed_in("r2", seq=20))
    desk.now_ms += REP_TTL_MS - 10_001
    desk.tick()
    assert desk.names("rep") == {"r1", "r2"}
    desk.after(0.001).tick()
    assert desk.names("rep") == {"r2"}
    offers = desk.feed(signed_in("r1"), scored("new", by="new")).assignments
    assert {offer.rep_id for offer in offers} == {"r1"}, "who comes back is as anybody new"


def test_a_restored_router_forgets_the_same_reps_at_the_same_time() -> None:
    desk = left("r1", "r2", "r3")
    restored = desk.restored()
    desk.now_ms += REP_TTL_MS
    routers = desk.router, restored
    for router in routers:
        router.fire_timers(desk.now_ms - 1, ALL)
    for gone in ([b"rep/acme/r1", b"rep/acme/r2"], [b"picks/acme/", b"picks/acme/care/", b"rep/acme/r3"]):
        for router in routers:
            router.commit()
            router.fire_timers(desk.now_ms, 2)
        changes = desk.router.decisions().changes
        assert sorted(changes) == gone, "in slices"
        assert restored.decisions().changes == changes


@pytest.mark.parametrize(
    "meanwhile",
    [
        (),
        (signed_in("r2", seq=1), signed_in("r2", seq=2, teams=("social",))),
        (signed_in("r1", seq=30, teams=("social",)),),
    ],
    ids=["nothing happens", "another rep passes through the class", "the rep works for another team"],
)
def test_whoever_comes_and_goes_the_turn_of_the_oldest_case_comes_after_as_many_picks(
    meanwhile: tuple[SignedIn, ...],
) -> None:
    desk = Desk(policy(oldest_every=3))
    desk.feed(signed_in("r1", capacity=1))
    for n in range(2):
        [offer] = desk.feed(scored(f"p{n}", by=f"a{n}")).assignments
        desk.feed(accept(offer.case_id), resolve(offer.case_id))
    desk.feed(signed_out("r1", seq=20), *meanwhile)
    desk.feed(*(signed_out(rep_id, seq=31) for rep_id in {event.rep_id for event in meanwhile}))
    desk.after(1).feed(scored("old", by="old", priority=10))
    desk.after(1).feed(scored("new", by="new", priority=90))
    desk.restart(policy(oldest_every=3))
    [offer] = desk.feed(signed_in("r1", seq=40, capacity=1)).assignments
    assert offer.posts[0].post_id == "x:old"


def test_picks_of_a_class_are_forgotten_when_nobody_is_of_it_any_more() -> None:
    desk = left("r1", "r2")
    assert desk.names("picks") == {"care/"}
    desk.feed(signed_in("r2", seq=20), signed_in("r1", seq=20, teams=("care", "social")))
    assert "care/" in desk.names("picks")
    desk.feed(signed_out("r2", seq=21))
    desk.now_ms += REP_TTL_MS
    desk.tick()
    assert "care/" not in desk.names("picks")


def answered_by_somebody_forgotten() -> tuple[Logged, str]:
    """Returns a desk and the id of the case that a rep has answered who left long ago."""
    desk = Logged()
    [offer] = desk.feed(signed_in(), scored("p1")).assignments
    desk.feed(accept(offer.case_id), reply(offer.case_id))
    desk.feed(signed_out())
    desk.now_ms += REP_TTL_MS
    desk.tick()
    return desk, offer.case_id


def test_a_rep_who_is_forgotten_still_ends_the_case_that_was_kept() -> None:
    desk, case_id = answered_by_somebody_forgotten()
    assert desk.names("rep") == set()
    assert desk.feed(resolve(case_id)).types == ["resolved"]


def test_a_customer_who_writes_to_a_rep_who_is_forgotten_is_not_left_alone() -> None:
    desk, _ = answered_by_somebody_forgotten()
    desk.feed(signed_in("r2"))
    answer = desk.feed(scored("p2", in_reply_to="x:p1"))
    assert answer.steps == [("joined", "reply"), ("released", "signed_out"), ("offered", "matched")]
