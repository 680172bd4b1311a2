"""A closed case is remembered for a while, so that what comes late is told apart from what never was."""

import pytest

from pipeline.route import turn
from pipeline.route.router import Router
from pipeline.route.state.entities import CLOSED_TTL_MS
from tests.builders import START_MS, accept, record, resolve, scored, signed_in
from tests.routers import ALL
from tests.unit.route.desk_of_one import Desk


def closed(desk: Desk, name: str = "p1") -> str:
    """Opens a case and resolves it; returns its id."""
    [offer] = desk.feed(signed_in(), scored(name, f"by-{name}")).assignments
    desk.feed(accept(offer.case_id), resolve(offer.case_id))
    return offer.case_id


def test_a_request_about_a_closed_case_is_refused_as_ever_and_counted_apart() -> None:
    desk = Desk()
    case_id = closed(desk)
    assert desk.feed(resolve(case_id)).steps == [("request_refused", "unknown_case")]
    assert desk.feed(resolve("never-was")).steps == [("request_refused", "unknown_case")]
    assert desk.router.counters() == {"request_refused_unknown_case": 2, "requests_after_close": 1}


def test_a_repost_of_a_post_of_a_closed_case_is_refused_and_counted_apart() -> None:
    desk = Desk()
    closed(desk)
    for post_id, of in (("r1", "x:p1"), ("r2", "x:elsewhere")):
        assert desk.feed(scored(post_id, "fan", "none", repost_of=of)).steps == [("refused", "repost")]
    assert desk.router.counters() == {"refused_repost": 2, "reposts_after_close": 1}


def test_a_closed_case_is_forgotten_after_a_week() -> None:
    desk = Desk()
    case_id = closed(desk)
    assert desk.router.next_timer_ms() == START_MS + CLOSED_TTL_MS
    desk.after(CLOSED_TTL_MS / 1000).router.fire_timers(desk.now_ms, ALL)
    gone = ("post/acme/x:p1", f"brief/acme/{case_id}", f"closed/acme/{case_id}")
    assert desk.router.decisions().changes == {name.encode(): None for name in gone}
    desk.commit()
    desk.feed(resolve(case_id))
    assert "requests_after_close" not in desk.router.counters()


def test_of_very_many_closed_cases_the_one_closed_first_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "MOST_CLOSED", 1)
    desk = Desk()
    first, second = closed(desk), closed(desk.after(1), "p2")
    desk.feed(resolve(first), resolve(second))
    assert desk.router.counters()["requests_after_close"] == 1


def test_a_restart_remembers_closed_cases() -> None:
    desk = Desk()
    [offer] = desk.feed(signed_in(), scored()).assignments
    desk.feed_raw(record(accept(offer.case_id), 8))
    desk.feed_raw(record(resolve(offer.case_id), 9))
    other = Router(1, "processing")
    for entity_key, value in desk.router.decisions().changes.items():
        other.restore(entity_key, value)
    assert other.next_timer_ms() == START_MS + 60_002, "the hashes of this minute end first"
    late = desk.router.decisions().changes[f"closed/acme/{offer.case_id}".encode()]
    assert late is not None
    assert other._state.closed("acme", offer.case_id) is not None
