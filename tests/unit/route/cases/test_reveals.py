"""Each reveal is published once, in the case that the post is in, else beside what became of the post."""

import pytest

from pipeline.errors import Permanent
from pipeline.route import ids
from schemas.people.casework import PostRevealed
from tests.builders import WORKSPACE, accept, resolve, reveal, scored, signed_in
from tests.unit.route.desk_of_one import DAY_MS, Desk


def test_a_reveal_is_a_step_of_the_case_that_the_post_is_in() -> None:
    desk = Desk()
    [queued] = desk.feed(scored("p1")).events
    answer = desk.after(20).feed(reveal("p1", "r7"))
    [event] = answer.events
    assert (event.type, event.reason, event.case_id, event.seq) == (
        "revealed",
        "identity_check",
        queued.case_id,
        1,
    )
    assert (event.post_id, event.revision, event.rep_id) == ("x:p1", 0, "r7")
    assert event.cause is not None
    assert answer.assignments == []
    [current] = answer.current
    assert (current.state, current.event_seq) == ("waiting", 1)


def test_a_reply_and_a_deleted_post_belong_to_their_case() -> None:
    desk = Desk()
    [queued] = desk.feed(scored("p1")).events
    desk.feed(scored("p2", in_reply_to="x:p1"), scored("p1", action="none", deleted=True, text=None, revision=1))
    answer = desk.feed(reveal("p2"), reveal("p1"))
    assert {event.case_id for event in answer.events} == {queued.case_id}


def test_a_reveal_by_the_holder_leaves_the_case_as_it_is() -> None:
    desk = Desk()
    [offer] = desk.feed(signed_in("r1"), scored("p1")).assignments
    desk.feed(accept(offer.case_id))
    answer = desk.feed(reveal("p1"))
    assert answer.types == ["revealed"]
    assert answer.states == []
    assert answer.current[0].state == "assigned"
    assert desk.feed(resolve(offer.case_id)).types == ["resolved"]


def test_a_reveal_of_a_post_in_no_open_case_stands_beside_what_became_of_the_post() -> None:
    desk = Desk()
    [refused] = desk.feed(scored("p1", action="none")).events
    answer = desk.feed(reveal("p1", event_id="e1"))
    [event] = answer.events
    assert (event.type, event.case_id, event.seq, event.queue) == ("revealed", refused.case_id, 0, None)
    assert (event.post_id, event.rep_id) == ("x:p1", "r1")
    assert event.event_id == ids.caseless_id("revealed", WORKSPACE, "e1")
    assert answer.current == []
    assert desk.router.counters()["revealed_without_case"] == 1


def test_two_reveals_are_two_events_and_one_that_comes_again_is_not_a_third() -> None:
    desk = Desk()
    answer = desk.feed(reveal("p1", event_id="e1"), reveal("p1", event_id="e2"), reveal("p1", event_id="e1"))
    assert len({event.event_id for event in answer.events}) == len(answer.events) == 2
    assert desk.router.counters()["duplicate_rep_events"] == 1


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("identity_check", "identity_check"), ("to call the customer back", "in_words"), ("Fraud", "in_words")],
)
def test_the_step_names_a_code_and_never_the_words_of_the_reason(reason: str, expected: str) -> None:
    desk = Desk()
    desk.feed(scored("p1"))
    assert desk.feed(reveal("p1", reason=reason)).steps == [("revealed", expected)]


def test_a_reveal_of_another_workspace_is_not_of_this_case() -> None:
    desk = Desk()
    [queued] = desk.feed(scored("p1")).events
    foreign = reveal("p1").model_copy(update={"workspace": "other"})
    [event] = desk.feed(foreign).events
    assert (event.workspace, event.queue) == ("other", None)
    assert event.case_id != queued.case_id


def test_a_reveal_too_old_to_know_whether_it_was_published_is_given_up_with_a_code() -> None:
    desk = Desk(remember_ms=DAY_MS)
    desk.feed(scored("p1"))
    late: PostRevealed = reveal("p1")
    with pytest.raises(Permanent, match="too_old"):
        desk.feed(late, append_ms=desk.now_ms - DAY_MS - 1)
    assert desk.commit().types == []
