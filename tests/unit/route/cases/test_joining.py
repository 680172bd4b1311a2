"""Which posts belong to one matter, and which are a case of their own, a copy, or nobody's business."""

from typing import Any

import pytest

from tests.builders import author, cluster, policy, scored, signed_in, topics
from tests.unit.route.desk_of_one import DAY_MS, Answer, Desk


def direct(post_id: str, by: str = "ann", **over: Any) -> Any:
    return scored(post_id, by, "none", visibility="direct", **over)


def cases(*answers: Answer) -> list[str]:
    """The case of each post that was queued or joined, in order."""
    told = [event for answer in answers for event in answer.events]
    return [event.case_id for event in told if event.type in ("queued", "joined")]


def test_a_contact_has_a_case_for_each_matter() -> None:
    answer = Desk().feed(scored("p1", topics=topics("billing")), scored("p2", topics=topics("router")))
    assert answer.steps == [("queued", "opened"), ("queued", "opened")]
    assert len(set(cases(answer))) == 2


def test_a_post_joins_the_newest_case_that_shares_a_topic() -> None:
    desk = Desk()
    first = desk.feed(scored("p1", topics=topics("billing")))
    desk.after(1).feed(scored("p2", topics=topics("router")))
    again = desk.after(1).feed(scored("p3", topics=topics("billing", "shops")))
    assert again.steps == [("joined", "same_author")]
    assert cases(first) == cases(again)


def test_a_post_without_a_topic_joins_the_newest_case() -> None:
    desk = Desk()
    desk.feed(scored("p1", topics=topics("billing")))
    second = desk.after(1).feed(scored("p2", topics=topics("router")))
    number = desk.after(1).feed(direct("p3", text="ok, my number is [phone]"))
    assert number.steps == [("joined", "direct")]
    assert cases(second) == cases(number)


def test_a_case_takes_up_the_topics_of_the_posts_that_join() -> None:
    desk = Desk()
    desk.feed(scored("p1", topics=topics("billing")), scored("p2", topics=topics("billing", "router")))
    assert desk.feed(scored("p3", topics=topics("router"))).steps == [("joined", "same_author")]


@pytest.mark.parametrize(("later_ms", "step"), [(DAY_MS, "joined"), (DAY_MS + 1, "queued")])
def test_after_a_day_of_silence_a_contact_speaks_of_another_matter(later_ms: int, step: str) -> None:
    desk = Desk()
    desk.feed(scored("p1"))
    assert desk.after(later_ms / 1000).feed(scored("p2")).types == [step]


def test_a_link_joins_whatever_the_topic_and_the_age() -> None:
    desk = Desk()
    desk.feed(scored("p1", topics=topics("billing")))
    late = desk.after(2 * DAY_MS / 1000).feed(scored("p2", in_reply_to="x:p1", topics=topics("router")))
    assert late.steps == [("joined", "reply")]


def test_a_public_post_does_not_join_what_was_private_from_the_first_word() -> None:
    desk = Desk()
    desk.feed(scored("p1", visibility="direct"))
    assert desk.feed(scored("p2")).types == ["queued"]
    assert desk.feed(direct("p3")).types == ["joined"]


@pytest.mark.parametrize(
    ("action", "step"), [("respond", ("queued", "opened")), ("none", ("refused", "unrelated"))]
)
@pytest.mark.parametrize("link", [{"in_reply_to": "x:bob-1"}, {"quote_of": "x:bob-1"}])
def test_talk_with_others_joins_nothing(link: dict[str, Any], action: Any, step: tuple[str, str]) -> None:
    desk = Desk()
    desk.feed(scored("p1"))
    assert desk.feed(scored("p2", action=action, **link)).steps == [step]


def test_small_talk_of_others_below_a_complaint_is_not_the_reps_business() -> None:
    desk = Desk()
    desk.feed(scored("p1"))
    assert desk.feed(scored("p2", "bob", "none", in_reply_to="x:p1")).steps == [("refused", "unrelated")]


def test_somebody_elses_request_below_a_complaint_is_a_case_of_its_own_that_names_the_first() -> None:
    desk = Desk()
    [first] = desk.feed(scored("p1")).current
    [queued] = desk.feed(scored("p2", "bob", in_reply_to="x:p1")).events
    assert (queued.type, queued.related_case) == ("queued", first.case_id)
    assert queued.case_id != first.case_id


def test_a_reply_of_the_contact_to_the_brands_answer_joins() -> None:
    desk = Desk()
    desk.feed(scored("p1"), signed_in())
    desk.feed(scored("p2", ms=20))  # so that the answer does not end the case
    desk.feed(scored("o1", "acme", "none", own=True, in_reply_to="x:p1", ms=10))
    assert desk.feed(scored("p3", action="none", in_reply_to="x:o1")).steps == [("joined", "reply")]


def test_copies_by_others_are_one_piece_of_work() -> None:
    desk = Desk()
    [case] = desk.feed(scored("p1", cluster=cluster(7))).current
    answer = desk.feed(*(scored(f"c{n}", f"fan{n}", cluster=cluster(7)) for n in range(150)))
    assert answer.steps == [("joined", "copy")] * 150
    assert answer.current[0].posts_total == 151
    posts = desk.router._state.workspaces["acme"].posts[case.case_id]
    assert len(posts) == 101, "the rest is only counted"
    [offer] = desk.feed(signed_in()).assignments
    assert [post.post_id for post in offer.posts] == ["x:p1"]


def test_an_edit_of_a_copy_counts_nothing() -> None:
    desk = Desk()
    desk.feed(scored("p1", cluster=cluster(7)), scored("c1", "bob", cluster=cluster(7)))
    answer = desk.feed(scored("c1", "bob", cluster=cluster(7), revision=1))
    assert answer.steps == [("joined", "edit")]
    assert answer.current[0].posts_total == 2


def test_who_asks_the_same_in_private_is_a_case_of_its_own() -> None:
    desk = Desk()
    desk.feed(scored("p1", cluster=cluster(7)))
    private = scored("p2", "bob", cluster=cluster(7), visibility="direct")
    assert desk.feed(private).steps == [("queued", "opened")]


def test_what_was_asked_in_private_has_no_copies() -> None:
    desk = Desk()
    desk.feed(scored("p1", cluster=cluster(7), visibility="direct"))
    assert desk.feed(scored("p2", "bob", cluster=cluster(7))).steps == [("queued", "opened")]


def anonymous(post_id: str, **over: Any) -> Any:
    return scored(post_id, author=author("hidden", anonymous=True), **over)


def test_an_anonymous_author_has_a_case_a_thread() -> None:
    desk = Desk()
    first, second = desk.feed(anonymous("p1")), desk.feed(anonymous("p2"))
    assert [first.types, second.types] == [["queued"], ["queued"]]
    more = desk.feed(anonymous("p3", conversation_id="x:p1", action="none", in_reply_to="x:p1"))
    assert more.steps == [("joined", "reply")]
    assert cases(more) == cases(first)


def test_a_named_author_with_the_id_of_the_anonymous_ones_joins_none_of_them() -> None:
    desk = Desk()
    desk.feed(anonymous("p1"))
    assert desk.feed(scored("p2", "hidden")).types == ["queued"]


def test_a_reply_to_any_of_several_brands_is_no_talk_with_others() -> None:
    given = policy()
    desk = Desk(
        given.model_copy(
            update={"brands": (given.brand.model_copy(update={"name": "Zen", "author_ids": ("x:zen",)}),)}
        )
    )
    desk.feed(scored("p1"))
    answer = desk.feed(scored("p2", action="none", in_reply_to="x:zen-1", in_reply_to_author="x:zen"))
    assert answer.steps == [("joined", "same_author")]
