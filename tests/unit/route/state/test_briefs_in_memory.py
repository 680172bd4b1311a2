from pipeline.route.state.brief import Brief
from tests.builders import record, scored, signed_in, signed_out
from tests.unit.route.desk_of_one import Desk


def _is_packed(desk: Desk) -> bool:
    [brief] = desk.router._state.workspaces["acme"].briefs.values()
    return not isinstance(brief, Brief)


def test_a_brief_is_packed_while_nobody_has_the_case() -> None:
    desk = Desk()
    desk.feed(scored("p1"))
    assert _is_packed(desk)
    desk.feed(signed_in("r1"))
    assert not _is_packed(desk)
    desk.feed(signed_out("r1", seq=1))
    assert _is_packed(desk)


def test_a_brief_that_was_read_for_an_offer_is_packed_again_when_the_offer_is_undone() -> None:
    desk = Desk()
    desk.feed(scored("p1"))
    desk.feed_raw(record(signed_in("r1"), 7, append_ms=desk.now_ms))
    desk.router.abort()
    assert _is_packed(desk)
