"""A customer who writes again after the end has the old case, and thanks are not work."""

from typing import Any

import pytest

from schemas.people.supervision import CaseClosedBy
from schemas.policy.policy import Policy
from schemas.policy.rules import TriageRule
from tests.builders import (
    accept,
    at,
    policy,
    reject,
    resolve,
    scored,
    sentiment,
    signed_in,
    signed_out,
    tell,
    topics,
)
from tests.unit.route.desk_of_one import DAY_MS, Desk

REOPEN_S = 259_200


def resolved(desk: Desk, **over: Any) -> str:
    [offer] = desk.feed(signed_in(), scored("p1", **over)).assignments
    desk.feed(accept(offer.case_id), resolve(offer.case_id))
    return offer.case_id


def with_window(seconds: int) -> Policy:
    given = policy()
    queues = tuple(queue.model_copy(update={"reopen_within_s": seconds}) for queue in given.queues)
    return given.model_copy(update={"queues": queues})


def test_a_reply_reopens_the_case_with_all_that_was_said() -> None:
    desk = Desk()
    case_id = resolved(desk, text="first")
    answer = desk.after(60).feed(scored("p2", in_reply_to="x:p1", text="it broke again", ms=60_000))
    assert answer.steps == [("reopened", "reply"), ("joined", "reply"), ("offered", "same_rep")]
    [offer] = answer.assignments
    assert (offer.case_id, offer.attempt, offer.posts_total) == (case_id, 2, 2)
    assert [post.text for post in offer.posts] == ["first", "it broke again"]
    assert [event.seq for event in answer.events] == [4, 5, 6], "the story goes on without a gap"


def test_without_a_link_the_same_matter_reopens_within_a_day() -> None:
    desk = Desk()
    case_id = resolved(desk, topics=topics("billing"))
    other = desk.feed(scored("p2", topics=topics("router")))
    assert other.steps[0] == ("queued", "opened")
    again = desk.after(60).feed(scored("p3", topics=topics("billing")))
    assert again.steps[0] == ("reopened", "same_author")
    assert again.events[0].case_id == case_id


@pytest.mark.parametrize(("seconds", "step"), [(REOPEN_S, "reopened"), (REOPEN_S + 1, "queued")])
def test_a_case_is_reopened_within_the_window_of_its_queue(seconds: int, step: str) -> None:
    desk = Desk()
    resolved(desk)
    assert desk.after(seconds).feed(scored("p2", in_reply_to="x:p1")).types[0] == step


def test_a_reopened_case_goes_to_the_rep_of_before_who_is_there_and_free() -> None:
    desk = Desk()
    resolved(desk)
    desk.feed(signed_in("r2", capacity=3))
    [offer] = desk.feed(scored("p2", in_reply_to="x:p1")).assignments
    assert (offer.rep_id, offer.reason) == ("r1", "same_rep")
    assert offer.reasons[-1].detail == "r1 had it before"
    assert (offer.candidates.eligible, offer.candidates.present, offer.candidates.best) == (1, 2, None)


def test_a_rep_who_was_only_offered_a_case_never_had_it() -> None:
    desk = Desk()
    desk.feed(signed_in(), scored("p1"))
    desk.feed(scored("o1", "acme", "none", own=True, in_reply_to="x:p1", ms=10), signed_in("r2", capacity=9))
    [offer] = desk.feed(scored("p2", in_reply_to="x:p1")).assignments
    assert offer.reason == "matched"


def test_a_reopened_case_goes_to_somebody_else_when_the_rep_of_before_is_busy() -> None:
    desk = Desk()
    [offer] = desk.feed(signed_in(capacity=1), scored("p1")).assignments
    desk.feed(accept(offer.case_id), resolve(offer.case_id), scored("p9", "bob"), signed_in("r2"))
    [again] = desk.feed(scored("p2", in_reply_to="x:p1")).assignments
    assert (again.rep_id, again.reason) == ("r2", "matched")


def test_a_post_that_a_supervisor_pulls_reopens_its_case() -> None:
    desk = Desk()
    case_id = resolved(desk)
    answer = desk.feed(scored("p1", pull_id="one"))
    assert answer.types == ["reopened", "joined", "offered"]
    assert answer.events[0].case_id == case_id


def test_a_queue_without_a_window_reopens_nothing_and_keeps_no_text() -> None:
    desk = Desk(with_window(0))
    case_id = resolved(desk)
    assert not desk.router._state.workspaces["acme"].briefs
    assert desk.feed(scored("p2", in_reply_to="x:p1")).types[0] == "queued"
    assert desk.feed(resolve(case_id)).steps == [("request_refused", "unknown_case")]


@pytest.mark.parametrize(
    "thanks", [{"action": "thank", "queue": "fans"}, {"action": "none", "sentiment": sentiment("positive")}]
)
def test_thanks_after_the_end_reopen_nothing(thanks: dict[str, Any]) -> None:
    desk = Desk()
    resolved(desk)
    assert desk.feed(scored("p2", in_reply_to="x:p1", **thanks)).steps == [("refused", "thanks")]
    assert desk.router.counters()["refused_thanks"] == 1


def test_an_edit_reopens_only_if_it_asks_for_more() -> None:
    desk = Desk()
    resolved(desk, priority=50.0)
    assert desk.feed(scored("p1", revision=1, priority=50.0)).steps == [("refused", "no_case")]
    assert desk.feed(scored("p1", revision=2, priority=90.0)).types[:2] == ["reopened", "joined"]


@pytest.mark.parametrize("more", [{"revision": 1, "priority": 90.0}, {"pull_id": "one"}])
def test_a_case_that_a_known_post_reopens_is_owed_an_answer(more: dict[str, Any]) -> None:
    desk = Desk()
    case_id = resolved(desk, priority=50.0)
    desk.feed(scored("p1", **more), accept(case_id, 2))
    assert desk.feed(signed_out()).steps == [("released", "signed_out")], "as nobody has answered"


def test_a_pull_shows_nothing_that_was_changed_or_taken_back_since() -> None:
    desk = Desk()
    offer = desk.feed(signed_in(), scored("p1"), scored("p2", ms=1)).assignments[0]
    desk.feed(accept(offer.case_id), scored("p1", revision=1, text="corrected"))
    desk.feed(scored("p2", action="none", revision=1, deleted=True, text=None))
    desk.feed(scored("p1", pull_id="one"), scored("p2", pull_id="two"))
    [shown] = desk.feed(scored("p3", in_reply_to="x:p1", ms=2)).assignments
    assert [post.text for post in shown.posts] == ["corrected", "text of p3"]


def test_what_was_deleted_after_the_end_is_not_shown_again() -> None:
    desk = Desk()
    offer = desk.feed(signed_in(), scored("p1", text="secret"), scored("p2", ms=1)).assignments[0]
    desk.feed(accept(offer.case_id), resolve(offer.case_id))
    desk.feed(scored("p1", action="none", revision=1, deleted=True, text=None))
    answer = desk.feed(scored("p3", in_reply_to="x:p2", ms=2))
    assert [post.post_id for post in answer.assignments[0].posts] == ["x:p2", "x:p3"]


def test_a_case_that_was_answered_elsewhere_reopens_like_any() -> None:
    desk = Desk()
    desk.feed(scored("p1"), scored("o1", "acme", "none", own=True, in_reply_to="x:p1", ms=10))
    assert desk.feed(scored("p2", in_reply_to="x:o1")).steps == [("reopened", "reply"), ("joined", "reply")]


def test_a_reopened_case_has_a_deadline_and_a_place_of_its_own() -> None:
    desk = Desk()
    resolved(desk)
    desk.feed(signed_out())
    [again] = desk.after(3600).feed(scored("p2", in_reply_to="x:p1", ms=3_590_000)).current
    # It counts from when the post was received, as that of the first one does.
    assert again.respond_by == at(3_590_000 + 3_600_000)
    assert again.replied_at is None
    assert again.queued_at.timestamp() * 1000 == desk.now_ms


def test_a_refusal_before_the_end_does_not_count_after_it() -> None:
    desk = Desk()
    [offer] = desk.feed(signed_in("r1"), scored("p1")).assignments
    desk.feed(reject(offer.case_id), signed_in("r2"))
    desk.feed(accept(offer.case_id, 2, "r2"), resolve(offer.case_id, 2, "r2"), signed_out("r2"))
    [again] = desk.feed(scored("p2", in_reply_to="x:p1")).assignments
    assert again.rep_id == "r1"


def test_a_case_that_is_reopened_follows_its_queue() -> None:
    desk = Desk()
    resolved(desk)
    moved = tuple(queue for queue in policy().queues if queue.name != "care")
    rules = (TriageRule(name="rest", action="respond", queue="fans"),)
    desk.take(policy(version=2, queues=moved, default_queue="fans", rules=rules))
    [again] = desk.feed(scored("p2", in_reply_to="x:p1", queue="fans")).current
    assert (again.queue, again.team) == ("fans", "social")


def test_a_closed_case_is_kept_for_as_long_as_its_queue_reopens_it() -> None:
    desk = Desk(with_window(10 * DAY_MS // 1000))
    resolved(desk)
    desk.after(10 * DAY_MS / 1000).tick()
    assert desk.feed(scored("p2", in_reply_to="x:p1")).types[0] == "reopened"


def test_a_restart_reopens_as_before() -> None:
    desk = Desk()
    case_id = resolved(desk, text="first")
    desk.restart()
    again = desk.feed(scored("p2", in_reply_to="x:p1", ms=5))
    assert again.types == ["reopened", "joined", "offered"]
    assert again.events[0].case_id == case_id
    assert [post.post_id for post in again.assignments[0].posts] == ["x:p1", "x:p2"]


def test_a_case_that_goes_on_in_private_is_reopened_where_that_is_worked_on() -> None:
    desk = Desk()
    case_id = resolved(desk)
    private = scored("p2", visibility="direct", queue="fans", skills=("es",))
    [again] = desk.feed(private).current
    assert (again.case_id, again.queue, again.team, again.state) == (case_id, "fans", "social", "waiting")
    [offer] = desk.feed(signed_in("r2", teams=("social",), skills=("es",))).assignments
    assert (offer.rep_id, offer.channel) == ("r2", "direct")


def test_a_restore_that_passes_over_the_end_of_a_case_gives_it_its_new_place() -> None:
    """The changelog may hold how the case waited before its end, and then how it waits again."""
    desk = Desk()
    [queued] = desk.feed(scored("p1")).events
    before = dict(desk.changelog)
    desk.after(1).feed(scored("p2", "bob"), tell(CaseClosedBy, case_id=queued.case_id))
    desk.after(1).feed(scored("p3", in_reply_to="x:p1"))
    after = desk.changelog
    desk.changelog = {}
    desk.restart()
    for name, value in [*before.items(), *after.items()]:
        desk.router.restore(name, value)
    [offer] = desk.feed(signed_in(capacity=1)).assignments
    assert offer.posts[0].post_id == "x:p2", "it has waited for longer"
