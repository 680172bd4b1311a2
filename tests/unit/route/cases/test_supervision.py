"""Merge, split, priority and end by a supervisor, and what was said by phone, mail or chat."""

from datetime import datetime

import pytest

from schemas.people.casework import CustomerAwaited
from schemas.people.supervision import CaseClosedBy, CaseReprioritised, CasesMerged, CaseSplit
from tests.builders import (
    accept,
    ask,
    at,
    contact,
    policy,
    presence,
    reply,
    resolve,
    scored,
    signed_in,
    signed_out,
    tell,
    topics,
)
from tests.unit.route.desk_of_one import Desk


def two(desk: Desk) -> tuple[str, str]:
    """Two cases of two people that wait."""
    first, second = desk.feed(scored("p1", topics=topics("a")), scored("p2", "bob", ms=5, priority=90.0)).current
    return first.case_id, second.case_id


def merge(case_id: str, into: str) -> CasesMerged:
    return tell(CasesMerged, case_id=case_id, into=into)


def test_a_merged_case_goes_on_in_the_other() -> None:
    desk = Desk()
    first, second = two(desk)
    answer = desk.feed(merge(second, first))
    assert answer.steps == [("merged", "by_supervisor"), ("noted", "merged")]
    assert [event.related_case for event in answer.events] == [first, second]
    assert answer.tombstones == [second]
    assert (answer.current[0].priority, answer.current[0].posts_total) == (90.0, 2)
    [offer] = desk.feed(signed_in()).assignments
    assert [post.post_id for post in offer.posts] == ["x:p1", "x:p2"]


def test_what_comes_for_a_merged_case_goes_to_the_other() -> None:
    desk = Desk()
    first, second = two(desk)
    desk.feed(merge(second, first))
    for post in (
        scored("p3", "bob", in_reply_to="x:p2"),
        scored("p4", "bob"),
        scored("p2", "bob", revision=1, text="edited"),
        scored("r1", "fan", "none", repost_of="x:p2"),
    ):
        [event] = desk.feed(post).events
        assert (event.type, event.case_id) == ("joined", first)
    [closed] = desk.feed(tell(CaseClosedBy, case_id=second)).events
    assert (closed.type, closed.case_id) == ("closed", first)


def test_a_request_about_an_offer_of_a_merged_case_says_where_it_went() -> None:
    desk = Desk()
    first, second = two(desk)
    offers = desk.feed(signed_in()).assignments
    answer = desk.feed(merge(second, first))
    assert ("closed", "merged", "r1") in answer.states
    [event] = desk.feed(accept(second, offers[0].attempt)).events
    assert (event.reason, event.related_case) == ("merged", first)


def test_chains_of_merges_are_flat() -> None:
    desk = Desk()
    first, second = two(desk)
    [third] = desk.feed(scored("p9", "cid")).current
    desk.feed(merge(first, second), merge(second, third.case_id))
    for case_id in (first, second):
        closed = desk.router._state.closed("acme", case_id)
        assert closed is not None
        assert closed.into == third.case_id
    assert desk.feed(scored("p10", in_reply_to="x:p1")).events[0].case_id == third.case_id


def test_two_names_of_one_case_cannot_be_merged() -> None:
    desk = Desk()
    first, second = two(desk)
    desk.feed(merge(second, first))
    assert desk.feed(merge(first, second)).steps == [("request_refused", "merged")]
    assert desk.feed(merge(first, "never-was")).steps == [("request_refused", "unknown_case")]


def test_a_rep_hears_that_a_case_was_merged_into_the_own_one() -> None:
    desk = Desk()
    [offer] = desk.feed(scored("p1"), signed_in(capacity=1)).assignments
    desk.feed(accept(offer.case_id))
    [other] = desk.feed(scored("p2", "bob", ms=3)).current
    [update] = desk.feed(merge(other.case_id, offer.case_id)).assignments
    assert (update.state, update.update, update.reason) == ("assigned", 1, "merged")
    assert [post.post_id for post in update.posts] == ["x:p1", "x:p2"]


@pytest.mark.parametrize(
    ("rests", "step", "state"),
    [
        ("awaits", ("resumed", "customer_wrote"), "assigned"),
        ("wraps_up", ("reopened", "merged"), "assigned"),
        ("is_away", ("released", "away"), "waiting"),
    ],
)
def test_an_open_question_wakes_the_case_that_it_is_merged_into(
    rests: str, step: tuple[str, str], state: str
) -> None:
    queues = tuple(queue.model_copy(update={"wrap_up_s": 30}) for queue in policy().queues)
    desk = Desk(policy(away_release="unanswered", queues=queues))
    [offer] = desk.feed(scored("p1"), signed_in()).assignments
    desk.feed(accept(offer.case_id), reply(offer.case_id))
    if rests == "awaits":
        desk.feed(ask(CustomerAwaited, offer.case_id))
    elif rests == "wraps_up":
        desk.feed(resolve(offer.case_id))
    else:
        desk.feed(presence(value="away"))
    [other] = desk.feed(scored("p2", "bob", queue="fans")).current
    answer = desk.feed(merge(other.case_id, offer.case_id))
    assert step in answer.steps
    assert answer.current[0].state == state
    assert desk.after(60).tick().steps == [], "it is not closed over the question"


def split(case_id: str, *posts: str, queue: str | None = None) -> CaseSplit:
    return tell(CaseSplit, case_id=case_id, post_ids=posts, queue=queue)


def test_a_split_takes_posts_to_a_case_of_their_own() -> None:
    desk = Desk()
    [case] = desk.feed(scored("p1"), scored("p2", ms=1), scored("p3", ms=2)).current
    answer = desk.feed(split(case.case_id, "x:p2", queue="billing"))
    assert answer.steps == [("split", "by_supervisor"), ("queued", "split")]
    old, new = answer.current
    assert (old.posts_total, new.posts_total, new.queue, new.root_post_id) == (2, 1, "billing", "x:p2")
    assert [event.related_case for event in answer.events] == [new.case_id, old.case_id]
    offers = {offer.case_id: offer for offer in desk.feed(signed_in()).assignments}
    assert [post.post_id for post in offers[old.case_id].posts] == ["x:p1", "x:p3"]
    assert [post.post_id for post in offers[new.case_id].posts] == ["x:p2"]
    assert desk.feed(scored("p4", in_reply_to="x:p2")).events[0].case_id == new.case_id


def test_a_case_that_was_merged_can_be_split_into_those_of_its_people() -> None:
    desk = Desk()
    first, second = two(desk)
    desk.feed(merge(second, first))
    ann, bob = desk.feed(split(first, "x:p2")).current
    assert (ann.author.author_id, bob.author.author_id) == ("x:ann", "x:bob")
    desk.feed(merge(bob.case_id, first))
    bob, ann = desk.feed(split(first, "x:p1")).current
    assert (ann.author.author_id, bob.author.author_id) == ("x:ann", "x:bob")


def test_a_case_can_be_split_again_and_again() -> None:
    desk = Desk()
    [case] = desk.feed(*(scored(f"p{n}", ms=n) for n in range(4))).current
    new = [desk.feed(split(case.case_id, f"x:p{n}")).current[1].case_id for n in (1, 2)]
    assert len({case.case_id, *new}) == 3


@pytest.mark.parametrize("posts", [["x:p1", "x:p2"], ["x:elsewhere"], ["x:p1", "x:elsewhere"]])
def test_a_split_that_takes_all_or_what_is_not_there_is_refused(posts: list[str]) -> None:
    desk = Desk()
    [case] = desk.feed(scored("p1"), scored("p2", ms=1)).current
    assert desk.feed(split(case.case_id, *posts)).steps == [("request_refused", "unknown_post")]


def test_a_split_into_an_unknown_queue_is_refused() -> None:
    desk = Desk()
    [case] = desk.feed(scored("p1"), scored("p2", ms=1)).current
    refused = desk.feed(split(case.case_id, "x:p2", queue="nowhere"))
    assert refused.steps == [("request_refused", "unknown_queue")]


def test_a_supervisor_sets_the_priority_until_a_post_raises_it() -> None:
    desk = Desk()
    [case] = desk.feed(scored("p1", priority=50.0)).current
    low = desk.feed(tell(CaseReprioritised, case_id=case.case_id, priority=5.0))
    assert (low.steps, low.current[0].priority) == ([("reprioritised", "by_supervisor")], 5.0)
    assert desk.feed(scored("p2", priority=20.0)).current[0].priority == 20.0


def test_a_supervisor_ends_a_case_that_waits_and_one_that_somebody_has() -> None:
    desk = Desk()
    first, second = two(desk)
    waiting = desk.feed(tell(CaseClosedBy, case_id=first, reason="spam"))
    assert (waiting.steps, waiting.assignments) == ([("closed", "spam")], [])
    desk.feed(signed_in())
    assert desk.feed(tell(CaseClosedBy, case_id=second)).states == [("closed", "closed_by_supervisor", "r1")]


def test_a_call_of_the_customer_is_told_to_the_rep_and_ends_the_wait_for_it() -> None:
    desk = Desk()
    [offer] = desk.feed(scored("p1"), signed_in()).assignments
    desk.feed(accept(offer.case_id), reply(offer.case_id))
    answer = desk.feed(contact("in", case_id=offer.case_id))
    assert answer.steps == [("noted", "phone")]
    assert [(said.update, said.reason) for said in answer.assignments] == [(1, "contact_noted")]


def test_an_answer_by_mail_ends_a_case_that_waits() -> None:
    desk = Desk()
    desk.feed(scored("p1"))
    answer = desk.feed(contact("out", "email", author_id="x:ann"))
    assert answer.steps == [("replied", "email"), ("closed", "answered_elsewhere")]


@pytest.mark.parametrize("zone", ["+00:00", "-05:00"])
def test_an_answer_that_was_given_before_the_customer_wrote_again_and_noted_later_ends_nothing(zone: str) -> None:
    desk = Desk()
    called = at(60_000).astimezone(datetime.strptime(zone, "%z").tzinfo)
    desk.feed(scored("p1", created_at=at()), scored("p2", created_at=at(120_000), in_reply_to="x:p1"))
    answer = desk.feed(contact("out", author_id="x:ann", at=called))
    assert answer.steps == [("replied", "phone")]
    assert desk.feed(signed_in()).states == [("offered", "matched", "r1")]


def test_an_answer_by_phone_is_not_the_post_that_follows_it() -> None:
    desk = Desk()
    [offer] = desk.feed(scored("p1"), signed_in()).assignments
    desk.feed(accept(offer.case_id), contact("out", case_id=offer.case_id))
    own = scored("o1", "acme", "none", own=True, in_reply_to="x:p1", ms=5)
    assert ("replied", "own_post") in desk.feed(own).steps


def test_a_call_after_the_end_reopens_the_case() -> None:
    desk = Desk()
    [offer] = desk.feed(scored("p1"), signed_in()).assignments
    desk.feed(accept(offer.case_id), resolve(offer.case_id))
    answer = desk.feed(contact("in", "chat", author_id="x:ann"))
    assert answer.steps[:2] == [("reopened", "chat"), ("noted", "chat")]


def test_a_call_after_the_end_is_for_the_rep_of_before() -> None:
    desk = Desk()
    [offer] = desk.feed(scored("p1"), signed_in()).assignments
    desk.feed(accept(offer.case_id), resolve(offer.case_id), signed_in("r2", capacity=5))
    assert desk.feed(contact("in", case_id=offer.case_id)).states == [("offered", "same_rep", "r1")]


def test_a_call_about_a_merged_case_reopens_the_one_that_went_on() -> None:
    desk = Desk()
    first, second = two(desk)
    desk.feed(merge(second, first), tell(CaseClosedBy, case_id=first))
    [reopened, noted] = desk.feed(contact("in", case_id=second)).events
    assert (reopened.type, noted.type) == ("reopened", "noted")
    assert {reopened.case_id, noted.case_id} == {first}


@pytest.mark.parametrize("about", [{"author_id": "x:nobody"}, {"case_id": "never-was"}])
def test_a_contact_with_somebody_who_has_no_case_is_refused(about: dict[str, str]) -> None:
    assert Desk().feed(contact("in", **about)).steps == [("request_refused", "unknown_case")]


def test_what_is_taken_out_of_a_case_has_not_been_anybody_s_yet() -> None:
    desk = Desk()
    [offer] = desk.feed(signed_in("r1"), scored("p1")).assignments
    desk.feed(accept(offer.case_id), scored("p2", in_reply_to="x:p1"), signed_out("r1", seq=1))
    new = desk.feed(tell(CaseSplit, case_id=offer.case_id, post_ids=("x:p2",))).events[-1]
    assert (new.type, new.reason) == ("queued", "split")
    desk.feed(tell(CaseClosedBy, case_id=new.case_id), signed_in("r1", seq=2))
    answer = desk.feed(scored("p3", in_reply_to="x:p2"))
    assert answer.steps == [("reopened", "reply"), ("joined", "reply"), ("offered", "matched")]
