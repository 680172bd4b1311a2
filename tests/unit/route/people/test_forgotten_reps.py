"""A rep who left long ago is forgotten, and with the last one of a class how often it has picked."""

from pipeline.route.router import Router
from pipeline.route.state.entities import REP_TTL_MS
from tests.builders import accept, reply, resolve, scored, signed_in, signed_out
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
    for router in (desk.router, restored):
        router.fire_timers(desk.now_ms - 1, ALL)
        router.commit()
        assert router.fire_timers(desk.now_ms, 2) == 2, "in slices"
    changes = desk.router.decisions().changes
    assert sorted(changes) == [b"picks/acme/care/", b"rep/acme/r1", b"rep/acme/r2"]
    assert restored.decisions().changes == changes


def test_picks_of_a_class_are_forgotten_when_nobody_is_of_it_any_more() -> None:
    desk = left("r1", "r2")
    assert desk.names("picks") == {"care/"}
    desk.feed(signed_in("r2", seq=20), signed_in("r1", seq=20, teams=("care", "social")))
    assert "care/" in desk.names("picks")
    desk.feed(signed_out("r2", seq=21))
    desk.now_ms += REP_TTL_MS
    desk.tick()
    assert "care/" not in desk.names("picks")


def test_a_rep_who_is_forgotten_still_ends_the_case_that_was_kept() -> None:
    desk = Logged()
    [offer] = desk.feed(signed_in(), scored("p1")).assignments
    desk.feed(accept(offer.case_id), reply(offer.case_id))
    desk.feed(signed_out())
    desk.now_ms += REP_TTL_MS
    desk.tick()
    assert desk.names("rep") == set()
    assert desk.feed(resolve(offer.case_id)).types == ["resolved"]
