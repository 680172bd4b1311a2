"""What an offer says beside its posts: who answers for which brand, earlier cases, how many copies there are."""

import pytest

from schemas.cases.case import Assignment
from schemas.people.supervision import CaseClosedBy, CasesMerged
from schemas.policy.policy import Brand
from schemas.posts.scored import ScoredPost
from schemas.topics import ASSIGNMENTS
from tests.builders import accept, at, author, cluster, policy, resolve, scored, signed_in, tell, topics
from tests.unit.route.desk_of_one import Desk

ACME = Brand(name="Acme", author_ids=("x:acme", "y:acme"), sender="x:acme")
OTHER = Brand(name="Other", author_ids=("x:other",), sender="x:other")


def said(offer: Assignment) -> tuple[str | None, str | None]:
    return offer.brand, offer.reply_as


def offered(desk: Desk, *posts: ScoredPost) -> Assignment:
    desk.feed(*posts)
    return desk.feed(signed_in()).assignments[-1]


def test_the_only_brand_answers_by_its_sender() -> None:
    assert said(offered(Desk(policy(brand=ACME)), scored("p1"))) == (None, "x:acme")
    assert said(offered(Desk(), scored("p1"))) == (None, None)


def test_no_account_answers_on_another_platform_than_its_own() -> None:
    there = scored(post_id="p1").model_copy(
        update={"post_id": "y:p1", "platform": "y", "author": author("ann", author_id="y:ann")}
    )
    assert said(offered(Desk(policy(brand=ACME)), there)) == (None, None)


@pytest.mark.parametrize("post", [
    scored("p1", in_reply_to_author="x:other"),
    scored("p1", quote_of_author="x:other"),
])  # fmt: skip
def test_of_several_brands_the_one_that_was_addressed_answers(post: ScoredPost) -> None:
    desk = Desk(policy(brand=ACME, brands=(OTHER,)))
    assert said(offered(desk, post)) == ("Other", "x:other")


def test_of_several_brands_none_answers_where_no_post_says_which() -> None:
    desk = Desk(policy(brand=ACME, brands=(OTHER,)))
    assert said(offered(desk, scored("p1", in_reply_to_author="x:bob"))) == (None, None)


def test_the_brand_that_has_answered_goes_on() -> None:
    desk = Desk(policy(brand=ACME, brands=(OTHER,)))
    desk.feed(signed_in(), scored("p1"))
    [seen] = desk.feed(scored("o1", "other", "none", own=True, in_reply_to="x:p1", ms=1)).assignments[:1]
    assert said(seen) == ("Other", "x:other")


def closed(desk: Desk, name: str, topic: str, reason: str) -> str:
    [opened] = desk.feed(scored(name, topics=topics(topic))).events
    desk.feed(tell(CaseClosedBy, case_id=opened.case_id, reason=reason))
    return opened.case_id


def test_earlier_cases_of_the_contact_are_named_with_how_they_ended_the_last_one_first() -> None:
    desk = Desk()
    first = closed(desk, "e1", "parcel", "spam")
    [offer] = desk.after(60).feed(signed_in(), scored("e2", topics=topics("shop"))).assignments
    desk.feed(accept(offer.case_id), resolve(offer.case_id))
    desk.feed(scored("b1", "bob"))
    now = desk.after(60).feed(scored("p1", topics=topics("bill"))).assignments[-1]
    assert [(one.case_id, one.outcome, one.at, one.queue) for one in now.earlier or ()] == [
        (offer.case_id, "resolved", at(60_000), "care"), (first, "spam", at(), "care"),
    ]  # fmt: skip


def test_no_more_than_five_earlier_cases_are_named() -> None:
    desk = Desk()
    ids = [closed(desk.after(1), f"e{n}", f"matter-{n}", "spam") for n in range(7)]
    offer = offered(desk, scored("p1", topics=topics("bill")))
    assert [one.case_id for one in offer.earlier or ()] == ids[:1:-1]


def test_earlier_cases_of_others_and_of_anonymous_strangers_are_not_named() -> None:
    desk = Desk()
    guest = author("guest", anonymous=True)
    [opened] = desk.feed(scored("e1", topics=topics("parcel"), author=guest)).events
    desk.feed(tell(CaseClosedBy, case_id=opened.case_id, reason="spam"))
    assert offered(desk, scored("p1", topics=topics("bill"), author=guest)).earlier is None


def test_copies_and_reposts_are_counted_apart_and_listed_nowhere() -> None:
    desk = Desk()
    copies = [scored(f"c{n}", f"by{n}", cluster=cluster(1)) for n in range(2)]
    reposts = [scored(f"r{n}", f"fan{n}", "none", repost_of="x:p1") for n in range(3)]
    offer = offered(desk, scored("p1", cluster=cluster(1)), *copies, *reposts)
    assert (offer.posts_total, offer.copies, offer.reposts, len(offer.posts)) == (6, 2, 3, 1)
    plain = offered(Desk(), scored("p1"))
    assert (plain.copies, plain.reposts, plain.topics) == (None, None, None)


def test_accounts_that_came_with_merged_cases_are_named_and_threads_are_none() -> None:
    desk = Desk()
    bob, guest, ann = desk.feed(
        scored("p2", "bob"), scored("p3", author=author("guest", anonymous=True)), scored("p1", ms=1)
    ).events
    desk.feed(*(tell(CasesMerged, case_id=event.case_id, into=ann.case_id) for event in (bob, guest)))
    [offer] = desk.feed(signed_in()).assignments
    assert (offer.author.author_id, offer.contact) == ("x:ann", ("x:bob",))


def test_the_largest_offer_stays_far_below_what_a_topic_takes() -> None:
    desk = Desk()
    # Each of these characters takes six bytes in JSON, which is the most.
    ann = author("ann").model_copy(update={"name": "\x01" * 500})
    text, url = "\x01" * 65_536, f"https://x.example/{'u' * 1900}"
    desk.feed(*(scored(f"p{n}", ms=n, author=ann, text=text, url=url) for n in range(40)))
    values = [output.value for output in desk.feed(signed_in()).outputs if output.topic == ASSIGNMENTS.name]
    assert 100_000 < max(len(value or b"") for value in values) < 250_000
