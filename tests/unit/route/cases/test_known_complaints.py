"""What users of other systems complained about for years, each as a test of the behaviour that they asked for."""

import pytest

from tests.builders import accept, policy, reply, resolve, scored, signed_in, signed_out
from tests.unit.route.desk_of_one import Desk


@pytest.mark.parametrize("action", ["none", "respond"])
def test_a_repost_never_opens_a_case_also_when_it_holds_the_searched_words(action: str) -> None:
    """Zammad 627 and 2571: a search found reposts too, and each became a ticket."""
    desk = Desk()
    repost = scored("r1", "fan", action, repost_of="x:elsewhere")  # type: ignore[arg-type]
    assert desk.feed(repost).steps == [("refused", "repost")]
    assert desk.router.gauges()["waiting"] == 0


def test_reposts_that_come_before_or_after_a_change_of_policy_open_nothing() -> None:
    """Zammad 2556: about 120 tickets came up when the tracking of reposts was turned off."""
    desk = Desk()
    desk.feed(scored("p1"), *(scored(f"r{n}", f"fan{n}", repost_of="x:p1") for n in range(60)))
    desk.take(policy(version=2))
    answer = desk.feed(*(scored(f"s{n}", f"fan{n}", repost_of="x:p1") for n in range(60)))
    assert set(answer.steps) == {("joined", "repost")}
    assert desk.router.gauges()["waiting"] == 1


def test_a_repost_is_no_new_post_of_a_case_and_counts_once() -> None:
    """Zammad 2736: reposts became articles of tickets, although that was turned off."""
    desk = Desk()
    desk.feed(signed_in(), scored("p1"))
    first = desk.feed(scored("r1", "fan", "none", repost_of="x:p1"))
    edited = desk.feed(scored("r1", "fan", "none", repost_of="x:p1", revision=1))
    assert [first.steps, edited.steps] == [[("joined", "repost")], [("refused", "repost")]]
    assert first.current[0].posts_total == 2
    assert first.assignments == []


def test_reposts_of_the_brands_own_answer_count_nothing() -> None:
    desk = Desk()
    [offer] = desk.feed(signed_in(), scored("p1")).assignments
    desk.feed(accept(offer.case_id), scored("o1", "acme", "none", own=True, in_reply_to="x:p1"))
    assert desk.feed(scored("r1", "fan", "none", repost_of="x:o1")).steps == [("refused", "repost")]


def test_the_brands_own_answer_never_becomes_a_case() -> None:
    """Zammad 406: the network delivered each answer as a new post, and it became a ticket."""
    desk = Desk()
    [offer] = desk.feed(signed_in(), scored("p1")).assignments
    desk.feed(accept(offer.case_id), reply(offer.case_id))
    own = scored("o1", "acme", own=True, in_reply_to="x:p1", ms=10)
    assert desk.feed(own).steps == [("joined", "own_reply")], "and it counts once"
    assert desk.feed(scored("o2", "acme", own=True)).steps == [("refused", "own_post")]


def test_a_customer_who_writes_after_the_end_does_not_wait_for_somebody_who_has_gone() -> None:
    """Chatwoot 7204 and 9587: the conversation came back to the rep of before, who had gone home."""
    desk = Desk()
    [offer] = desk.feed(signed_in("r1"), scored("p1")).assignments
    desk.feed(accept(offer.case_id), resolve(offer.case_id), signed_out("r1"), signed_in("r2"))
    [again] = desk.feed(scored("p2", in_reply_to="x:p1")).assignments
    assert (again.state, again.rep_id) == ("offered", "r2")


def test_a_customer_who_writes_after_the_end_waits_in_the_queue_when_nobody_is_there() -> None:
    """Chatwoot 4158: assigned to somebody absent, it stood in nobody's list."""
    desk = Desk()
    [offer] = desk.feed(signed_in("r1"), scored("p1")).assignments
    desk.feed(accept(offer.case_id), resolve(offer.case_id), signed_out("r1"))
    [again] = desk.feed(scored("p2", in_reply_to="x:p1")).current
    assert (again.state, again.rep_id) == ("waiting", None)
    [offered] = desk.feed(signed_in("r2")).assignments
    assert offered.rep_id == "r2"


def test_an_answered_case_of_somebody_who_has_gone_goes_to_the_others_when_the_customer_writes_again() -> None:
    """Chatwoot 4158 and 9587: an open conversation stayed with a rep whose shift was over."""
    desk = Desk()
    [offer] = desk.feed(signed_in("r1"), scored("p1")).assignments
    desk.feed(accept(offer.case_id), reply(offer.case_id))
    assert desk.feed(signed_out("r1")).types == [], "the answer may have been all that it takes"
    answer = desk.feed(scored("p2", action="none", in_reply_to="x:p1"), signed_in("r2"))
    assert answer.types == ["joined", "released", "offered"]
    assert answer.states[-1] == ("offered", "matched", "r2")


def test_a_case_whose_customer_has_asked_again_goes_back_when_its_rep_signs_out() -> None:
    desk = Desk()
    [offer] = desk.feed(signed_in("r1"), scored("p1")).assignments
    desk.feed(accept(offer.case_id), reply(offer.case_id), scored("p2"))
    assert desk.feed(signed_out("r1")).steps == [("released", "signed_out")]
