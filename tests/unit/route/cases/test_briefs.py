"""What a rep reads first: the post that led, the newest post of the contact, and what the platform allows."""

from typing import Any

import pytest

from schemas.cases.case import Assignment
from schemas.people.supervision import CaseReprioritised, CasesMerged, CaseSplit
from schemas.posts.raw import Reply
from schemas.posts.signals import Intent
from tests.builders import START_MS, at, author, scored, signed_in, tell
from tests.unit.route.desk_of_one import Desk

OPEN, SHUT = Reply(allowed=True, max_graphemes=280, cost=0.2), Reply(allowed=False, reason="not_summoned")


def offered(*posts: Any) -> Assignment:
    """Returns the offer of the case that the posts make."""
    desk = Desk()
    desk.feed(*posts)
    return desk.feed(signed_in()).assignments[-1]


def led(offer: Assignment) -> tuple[str | None, float | None]:
    return offer.led_by, None if offer.scores is None else offer.scores.priority


def test_the_post_of_the_highest_priority_leads_and_not_the_newest() -> None:
    offer = offered(
        scored("p1", priority=20.0),
        scored("p2", ms=1, priority=70.0, complaint=0.9),
        scored("p3", ms=2, priority=30),
    )
    assert led(offer) == ("x:p2", 70.0)
    assert offer.scores is not None
    assert offer.scores.complaint == 0.9


def test_what_was_read_in_it_stands_beside_it() -> None:
    intent = Intent(name="complaint", confidence=0.8)
    offer = offered(scored("p1", urgency=0.4, pressing=0.3, offence=0.1, complaint=0.7, intent=intent))
    assert offer.scores is not None
    assert offer.scores.model_dump(exclude_none=True) == {
        "priority": 50.0, "urgency": 0.4, "pressing": 0.3, "offence": 0.1, "complaint": 0.7, "intent": "complaint",
    }  # fmt: skip


def test_of_equal_posts_the_first_leads_as_it_was_edited_last() -> None:
    offer = offered(
        scored("p1", complaint=0.1), scored("p2", ms=1), scored("p1", revision=1, complaint=0.6, text="edited")
    )
    assert led(offer) == ("x:p1", 50.0)
    assert offer.scores is not None
    assert offer.scores.complaint == 0.6


def test_a_post_without_text_that_leads_leaves_no_sentiment_of_another() -> None:
    offer = offered(scored("p1"), scored("p2", ms=1, priority=60.0, text=None, sentiment=None))
    assert (offer.led_by, offer.sentiment) == ("x:p2", None)


def test_the_post_that_led_is_listed_however_many_come_after_it() -> None:
    offer = offered(scored("p00", priority=90.0), *(scored(f"p{n:02}", ms=n) for n in range(1, 15)))
    assert [post.post_id for post in offer.posts] == ["x:p00", *(f"x:p{n:02}" for n in range(6, 15))]
    assert offer.posts_total == 15


def test_nothing_led_once_the_post_that_did_is_deleted() -> None:
    posts = scored("p1", priority=60.0), scored("p2", ms=1), scored("p1", revision=1, deleted=True, text=None)
    assert led(offered(*posts)) == (None, None)
    assert led(offered(*posts, scored("p3", ms=2, priority=55.0))) == (None, None)
    assert led(offered(*posts, scored("p3", ms=2, priority=61.0))) == ("x:p3", 61.0)


def test_a_supervisor_who_lowers_the_priority_does_not_let_another_post_lead() -> None:
    desk = Desk()
    [opened] = desk.feed(scored("p1", priority=60.0)).events
    desk.feed(tell(CaseReprioritised, case_id=opened.case_id, priority=5.0), scored("p2", ms=1, priority=10.0))
    assert led(desk.feed(signed_in()).assignments[-1]) == ("x:p1", 60.0)


def test_a_post_that_comes_late_is_not_the_newest() -> None:
    newest = scored("p2", ms=9, author=author("ann", followers=2), reply=OPEN)
    late = scored("p1", ms=5, author=author("ann", followers=1), reply=SHUT)
    offer = offered(newest, late)
    assert (offer.author.followers, offer.reply, offer.open_on_platform) == (2, OPEN, None)


@pytest.mark.parametrize("posts", [
    (scored("p1", reply=SHUT),),
    (scored("p1", reply=OPEN), scored("p2", ms=1, reply=SHUT)),
    (scored("p1", reply=OPEN), scored("p1", revision=1, reply=SHUT)),
    (scored("p1", reply=SHUT), scored("o1", "acme", "none", ms=2, own=True, in_reply_to_author="x:zoe")),
])  # fmt: skip
def test_an_offer_that_may_not_be_answered_says_so(posts: tuple[Any, ...]) -> None:
    offer = offered(*posts)
    assert (offer.reply, offer.open_on_platform) == (SHUT, True)
    assert offer.deadlines is None


def test_what_was_never_known_or_is_open_says_nothing() -> None:
    assert offered(scored("p1")).open_on_platform is None
    offer = offered(scored("p1", reply=SHUT), scored("p2", ms=1, reply=OPEN))
    assert (offer.reply, offer.open_on_platform) == (OPEN, None)
    assert offered(scored("p1", reply=SHUT), scored("p2", ms=1)).reply is None


def test_the_end_of_the_window_is_a_deadline_and_then_no_reply_can_be_sent() -> None:
    desk = Desk()
    desk.feed(scored("p1", reply=Reply(allowed=True, until=at(60_000))))
    [offer] = desk.feed(signed_in()).assignments
    assert [(one.kind, one.due_at) for one in offer.deadlines or ()] == [("reply_window", at(60_000))]
    assert offer.open_on_platform is None
    desk.now_ms = START_MS + 60_000
    [later] = desk.feed(scored("o1", "acme", "none", own=True, in_reply_to="x:p1", ms=60_000)).assignments[:1]
    assert later.open_on_platform is True


def test_a_deleted_post_takes_what_the_platform_allowed_with_it() -> None:
    gone = scored("p2", ms=1, revision=1, deleted=True, text=None)
    offer = offered(scored("p1"), scored("p2", ms=1, reply=SHUT), gone)
    assert (offer.reply, offer.open_on_platform) == (None, None)


def two_cases(desk: Desk) -> tuple[str, str]:
    one, two = desk.feed(
        scored("p1", "ann", reply=OPEN, priority=40.0), scored("q1", "bob", ms=5, reply=SHUT, priority=80.0)
    ).events
    return one.case_id, two.case_id


def test_of_merged_cases_the_newer_post_says_whom_to_answer_and_the_more_urgent_one_leads() -> None:
    desk = Desk()
    one, two = two_cases(desk)
    desk.feed(tell(CasesMerged, case_id=two, into=one))
    [offer] = desk.feed(signed_in()).assignments
    assert (offer.case_id, offer.author.author_id, offer.contact) == (one, "x:bob", ("x:ann",))
    assert (offer.reply, offer.open_on_platform, led(offer)) == (SHUT, True, ("x:q1", 80.0))


def test_of_merged_cases_whoever_still_has_a_post_is_answered_once_the_newer_one_is_deleted() -> None:
    desk = Desk()
    one, two = two_cases(desk)
    gone = scored("q1", "bob", revision=1, deleted=True)
    desk.feed(tell(CasesMerged, case_id=two, into=one), gone)
    [offer] = desk.feed(signed_in()).assignments
    assert [post.author.author_id for post in offer.posts] == ["x:ann"]
    assert (offer.author.author_id, offer.contact) == ("x:ann", ("x:bob",))


def test_of_a_split_case_each_part_keeps_what_its_own_posts_said() -> None:
    desk = Desk()
    one, two = two_cases(desk)
    desk.feed(tell(CasesMerged, case_id=two, into=one), tell(CaseSplit, case_id=one, post_ids=("x:q1",)))
    rest, taken = sorted(desk.feed(signed_in()).assignments, key=lambda offer: offer.case_id != one)
    assert (rest.reply, rest.open_on_platform, led(rest)) == (None, None, (None, None))
    assert (taken.reply, taken.open_on_platform, led(taken)) == (SHUT, True, ("x:q1", 80.0))
