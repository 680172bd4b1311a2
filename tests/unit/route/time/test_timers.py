"""What time does: offers end, handled inputs are forgotten."""

import pytest
from msgspec.structs import replace

from pipeline.errors import Permanent
from pipeline.route.state.entities import Case
from pipeline.route.turn import Turn
from schemas.base import SourcePosition
from tests.builders import START_MS, accept, policy, presence, record, scored, signed_in, signed_out
from tests.routers import ALL, live_router
from tests.unit.route.desk_of_one import DAY_MS, Answer, Desk


def test_an_unanswered_offer_times_out_and_its_rep_gets_nothing_new() -> None:
    desk = Desk()
    [offer] = desk.feed(signed_in(), scored("p1")).assignments
    assert desk.router.next_timer_ms() == START_MS + 120_000
    answer = desk.after(120).tick()
    assert answer.steps == [("timed_out", "not_answered")]
    assert answer.states == [("released", "timed_out", "r1")]
    assert answer.assignments[0].cause is None
    assert answer.current[0].state == "waiting"
    assert answer.current[0].queued_at == offer.queued_at
    assert desk.feed(scored("p2", by="bob")).types == ["queued"], "not responding"
    assert desk.feed(presence(seq=1)).types == ["offered", "offered"]


def test_a_timed_out_case_goes_to_the_next_rep() -> None:
    desk = Desk()
    [offer] = desk.feed(signed_in("r1"), scored("p1")).assignments
    desk.feed(signed_in("r2"))
    answer = desk.after(120).tick()
    assert answer.types == ["timed_out", "offered"]
    assert answer.states == [("released", "timed_out", "r1"), ("offered", "matched", "r2")]
    assert answer.assignments[1].attempt == offer.attempt + 1
    assert answer.assignments[1].candidates.excluded == {"not_responding": 1}


def test_timers_fire_in_order_of_their_time_and_only_when_due() -> None:
    desk = Desk()
    desk.feed(signed_in(teams=("care", "social"), capacity=5), scored("slow", by="ann"))
    desk.feed(scored("fast", by="bob", queue="fans"))
    assert desk.after(59.999).tick().types == []
    [event] = desk.after(0.001).tick().events
    assert event.queue == "fans"
    [event] = desk.after(60).tick().events
    assert event.queue == "care"


def test_a_duplicate_post_says_nothing_and_is_counted() -> None:
    desk = Desk()
    desk.feed(scored("p1"))
    assert desk.feed(scored("p1")).outputs == []
    assert desk.router.counters()["duplicate_posts"] == 1


def test_another_revision_is_no_duplicate() -> None:
    desk = Desk()
    desk.feed(scored("p1"))
    assert desk.feed(scored("p1", revision=1)).types == ["joined"]


def test_a_repeat_is_known_by_what_it_is_and_not_by_the_place_of_its_raw_record() -> None:
    desk = Desk()
    p1, p2 = (
        scored(post_id, by=post_id, source=_source(10 - number)) for number, post_id in enumerate(["p1", "p2"])
    )
    assert desk.feed(p1, p2).types == ["queued", "queued"], (
        "as of a dead letter that is replayed after later posts"
    )
    assert desk.feed(p1.model_copy(update={"source": _source(99)})).outputs == [], (
        "as of a post that was sent twice"
    )


def _source(offset: int) -> SourcePosition:
    return SourcePosition(topic="posts.raw", partition=0, offset=offset)


def test_a_duplicate_rep_event_says_nothing_and_is_counted() -> None:
    desk = Desk()
    event = signed_in()
    desk.feed(event, presence(value="away"), event)
    assert desk.router.counters()["duplicate_rep_events"] == 1
    assert desk.feed(scored("p1")).types == ["queued"]


@pytest.mark.parametrize(
    "names", [("pa", "pb"), ("pb", "pa"), ("pc", "pd"), ("pd", "pc"), ("pe", "pf"), ("pf", "pe")]
)
def test_of_offers_that_end_in_one_millisecond_the_most_urgent_is_offered_again_first(
    names: tuple[str, str],
) -> None:
    """Ids of cases are hashes, so nothing may follow from their order."""
    desk = Desk()
    urgent, other = (
        scored(name, by=name, priority=value) for name, value in zip(names, (90.0, 10.0), strict=True)
    )
    desk.feed(urgent, other, signed_in("r1", capacity=2))
    desk.feed(signed_in("r2", capacity=1))
    answer = desk.after(120).tick()
    assert [(a.rep_id, a.priority) for a in answer.assignments if a.state == "offered"] == [("r2", 90.0)]


def test_handled_inputs_are_forgotten_after_the_remembered_time() -> None:
    desk = Desk(remember_ms=DAY_MS)
    desk.feed(scored("p1", action="none"))
    assert desk.after(86_400).feed(scored("p1", action="none")).types == [], "still remembered"
    desk.after(61).router.fire_timers(desk.now_ms, ALL)
    changes = desk.router.decisions().changes
    assert changes == {f"handled/{START_MS // 60_000}/0".encode(): None}
    desk.commit()
    assert desk.router.next_timer_ms() is None
    assert desk.feed(scored("p1", action="none")).types == ["refused"]


def test_a_busy_minute_is_forgotten_at_once_and_leaves_the_changelog_a_slice_at_a_time() -> None:
    desk = Desk(remember_ms=DAY_MS)
    posts = [scored(f"p{number}", action="none") for number in range(300)]
    desk.feed(*posts)
    desk.after(86_461)
    left = []
    while desk.router.next_timer_ms() is not None:
        assert desk.router.fire_timers(desk.now_ms, 2) <= 2
        left.append(list(desk.router.decisions().changes))
        desk.commit()
    minute = START_MS // 60_000
    assert left == [
        [f"handled/{minute}/0".encode(), f"handled/{minute}/1".encode()],
        [f"handled/{minute}/2".encode()],
    ]
    assert desk.feed(posts[299]).types == ["refused"], "of the last chunk"


def test_inputs_handled_by_the_release_before_are_remembered_and_their_entries_end() -> None:
    desk = Desk(remember_ms=DAY_MS)
    entries = {b"seen-post/acme/0/x:p1": START_MS, b"seen-rep/acme/e1": START_MS + 1000}
    for key, at_ms in entries.items():
        desk.router.restore(key, b'{"at_ms":%d}' % at_ms)
    assert desk.feed(scored("p1"), signed_in(event_id="e1")).outputs == []
    assert desk.router.counters() == {"duplicate_posts": 1, "duplicate_rep_events": 1}
    desk.after(86_461).router.fire_timers(desk.now_ms, ALL)
    assert desk.router.decisions().changes == dict.fromkeys(entries)
    desk.commit()
    assert desk.feed(scored("p1")).types == ["queued"]


def test_input_older_than_the_remembered_time_is_refused_and_counted() -> None:
    desk = Desk(remember_ms=DAY_MS)
    answer = desk.after(86_401).feed(scored("p1"), append_ms=START_MS)
    assert answer.steps == [("refused", "too_old")]
    with pytest.raises(Permanent, match="too_old"):
        desk.feed(signed_in(), append_ms=START_MS)
    assert desk.feed(accept("c1"), append_ms=START_MS).steps == [("request_refused", "too_old")]
    assert desk.router.counters() == {"refused_too_old": 1, "request_refused_too_old": 1}
    assert desk.router.gauges()["reps_present"] == 0


def test_input_that_is_too_old_is_refused_once_however_often_it_comes() -> None:
    desk = Desk(remember_ms=DAY_MS)
    assert desk.after(86_401).feed(scored("p1"), append_ms=START_MS).steps == [("refused", "too_old")]
    assert desk.feed(scored("p1"), append_ms=START_MS).steps == [], (
        "its event id would stand twice in cases.events"
    )
    assert desk.router.counters() == {"refused_too_old": 1, "duplicate_posts": 1}


def test_on_the_event_clock_a_records_own_time_counts_and_late_input_is_not_too_old() -> None:
    router = live_router(policy(), remember_ms=DAY_MS, clock="event")
    late = record(scored("p1", ms=1234), 0, append_ms=START_MS * 2)
    assert router.event_ms(late) == START_MS + 1234
    assert router.event_ms(record(signed_in(ms=99), 1)) == START_MS + 99
    assert router.event_ms(replace(record(signed_in(), 2), value=b"{")) is None
    router.decide(late, START_MS + 30 * DAY_MS)
    assert Answer(router.decisions().outputs).steps == [("queued", "opened")]


def test_a_timer_that_fails_is_given_up_without_a_trace_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk()
    desk.feed(signed_in("r1", capacity=1), scored("bad", by="ann"))
    [good] = desk.after(1).feed(signed_in("r2", capacity=1), scored("good", by="bob")).assignments
    release = Turn.release

    def fail(turn: Turn, case: Case, reason: str) -> Case:
        released = release(turn, case, reason)
        if case.root_post_id == "x:bad":
            raise KeyError("a bug")
        return released

    with monkeypatch.context() as patch:
        patch.setattr(Turn, "release", fail)
        answer = desk.after(121).tick()
    assert [(event.type, event.case_id) for event in answer.events] == [("timed_out", good.case_id)]
    assert desk.router.counters() == {"timers_fired": 1, "timers_parked": 1}
    assert desk.router.gauges() == {"waiting": 1, "offered": 1, "assigned": 0, "reps_present": 1}
    assert desk.after(3600).tick().types == [], "its timer is gone, for it would fail again and again"
    assert desk.feed(signed_out("r1")).types == ["released"], "the next step goes as ever"
