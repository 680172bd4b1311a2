"""An answer of the brand counts once, whichever tool it came from, and ends what nobody needs to answer more."""

from typing import Any

import pytest

from tests.builders import accept, cluster, reply, resolve, scored, signed_in
from tests.unit.route.desk_of_one import Desk


def own(post_id: str = "o1", **over: Any) -> Any:
    fields: dict[str, Any] = {"own": True, "in_reply_to": "x:p1", "ms": 1000} | over
    return scored(post_id, "acme", "none", **fields)


def assigned(desk: Desk) -> str:
    [offer] = desk.feed(scored("p1"), signed_in()).assignments
    desk.feed(accept(offer.case_id))
    return offer.case_id


def test_an_answer_with_another_tool_ends_a_case_that_waits() -> None:
    desk = Desk()
    [case] = desk.feed(scored("p1")).current
    answer = desk.feed(own())
    assert answer.steps == [
        ("joined", "own_reply"), ("replied", "own_post"), ("closed", "answered_elsewhere"),
    ]  # fmt: skip
    assert answer.tombstones == [case.case_id]
    assert desk.feed(signed_in()).assignments == []


def test_an_answer_with_another_tool_takes_back_an_offer() -> None:
    desk = Desk()
    [offer] = desk.feed(scored("p1"), signed_in()).assignments
    answer = desk.feed(own())
    assert answer.states[-1] == ("closed", "answered_elsewhere", "r1")
    assert (answer.events[-1].reason, answer.events[-1].rep_id) == ("answered_elsewhere", "r1")
    assert desk.feed(accept(offer.case_id)).steps == [("request_refused", "unknown_case")]


def test_an_answer_that_the_customer_has_gone_past_ends_nothing() -> None:
    desk = Desk()
    desk.feed(scored("p1"), scored("p2", ms=2000))
    answer = desk.feed(own(ms=1000))
    assert answer.types == ["joined", "replied"]
    assert answer.current[0].replied_at is not None


def test_an_answer_with_another_tool_leaves_an_accepted_case_to_its_rep() -> None:
    desk = Desk()
    assigned(desk)
    answer = desk.feed(own())
    assert answer.types == ["joined", "replied"]
    assert answer.current[0].state == "assigned"
    assert answer.current[0].replied_at is not None


def test_an_answer_with_another_tool_leaves_a_case_to_its_rep_who_has_missed_an_offer() -> None:
    desk = Desk()
    assigned(desk)
    desk.feed(scored("p2", by="bob"))
    assert desk.after(120).tick().steps == [("timed_out", "not_answered")]
    answer = desk.feed(own(ms=121_000))
    assert answer.steps == [("joined", "own_reply"), ("replied", "own_post")]
    assert (answer.current[0].state, answer.current[0].rep_id) == ("assigned", "r1")


@pytest.mark.parametrize("seen_first", [False, True])
def test_an_answer_that_is_reported_and_seen_counts_once(seen_first: bool) -> None:
    desk = Desk()
    case_id = assigned(desk)
    first, second = (own(), reply(case_id)) if seen_first else (reply(case_id), own())
    counted = [step for step in desk.feed(first).steps if step[0] == "replied"]
    later = desk.after(599).feed(second)
    assert counted == [("replied", "own_post" if seen_first else "first_reply")]
    assert [step for step in later.steps if step[0] == "replied"] == (
        [("replied", "same_reply")] if seen_first else []
    )


def test_an_answer_after_ten_minutes_is_another_one() -> None:
    desk = Desk()
    case_id = assigned(desk)
    desk.feed(reply(case_id))
    assert ("replied", "own_post") in desk.after(601).feed(own()).steps


def test_an_answer_in_private_is_not_the_one_that_was_reported_as_public() -> None:
    desk = Desk()
    case_id = assigned(desk)
    desk.feed(reply(case_id))
    assert ("replied", "own_post") in desk.after(5).feed(own(visibility="direct")).steps


def test_a_second_post_after_one_that_was_reported_is_a_second_answer() -> None:
    desk = Desk()
    case_id = assigned(desk)
    desk.feed(reply(case_id), own("o1"))
    assert ("replied", "own_post") in desk.after(5).feed(own("o2", in_reply_to="x:o1")).steps


@pytest.mark.parametrize(
    "link",
    [
        {"in_reply_to": None, "quote_of": "x:p1"},
        {"in_reply_to": "x:unknown", "in_reply_to_author": "x:ann"},
        {"in_reply_to": None, "conversation_id": "x:p1", "visibility": "direct"},
    ],
)
def test_every_way_in_which_a_brand_answers_is_seen(link: dict[str, Any]) -> None:
    desk = Desk()
    desk.feed(scored("p1"))
    assert desk.feed(own(**link)).types == ["joined", "replied", "closed"]


def test_an_answer_to_a_contact_with_several_cases_answers_none_of_them() -> None:
    desk = Desk()
    desk.feed(scored("p1"), scored("p2", in_reply_to="x:other"))
    link = {"in_reply_to": "x:unknown", "in_reply_to_author": "x:ann"}
    assert desk.feed(own(**link)).steps == [("refused", "own_post")]


def test_an_answer_to_somebody_else_in_the_thread_answers_nothing() -> None:
    desk = Desk()
    desk.feed(scored("p1"))
    assert desk.feed(own(in_reply_to="x:bob-1", conversation_id="x:p1")).steps == [("refused", "own_post")]


def test_an_answer_to_a_copy_is_shown_and_does_not_answer_the_contact() -> None:
    desk = Desk()
    desk.feed(scored("p1", cluster=cluster(1)), scored("c1", "bob", cluster=cluster(1)))
    assert desk.feed(own(in_reply_to="x:c1")).steps == [("joined", "own_reply")]


def test_a_late_answer_to_a_closed_case_is_nobodys_work() -> None:
    desk = Desk()
    desk.feed(resolve(assigned(desk)))
    assert desk.feed(own()).steps == [("refused", "own_post")]


def replied(desk: Desk, *fed: Any) -> list[tuple[str | None, bool | None]]:
    events = [event for event in desk.feed(*fed).events if event.type == "replied"]
    return [(event.channel, event.answers_private) for event in events]


@pytest.mark.parametrize(
    ("first", "then", "exposes"),
    [
        ({"visibility": "direct"}, {}, True),
        ({}, {"visibility": "direct"}, True),
        ({"visibility": "direct"}, {"visibility": "public"}, None),
        ({"action": "respond_privately"}, {}, None),
        ({}, {}, None),
    ],
    ids=["a direct message", "it went on in private", "it went on in public", "an invitation", "all is public"],
)
def test_an_event_says_that_a_private_message_was_answered_in_public(
    first: dict[str, Any], then: dict[str, Any], exposes: bool | None
) -> None:
    desk = Desk()
    [offer] = desk.feed(scored("p1", **first), signed_in()).assignments
    desk.feed(accept(offer.case_id))
    if then:
        desk.feed(scored("p2", ms=500, in_reply_to="x:p1", **then))
    assert replied(desk, reply(offer.case_id)) == [("public", exposes)]
    assert desk.router.counters().get("answered_in_public", 0) == (exposes is True)


def test_what_another_tool_answers_in_public_is_seen_too_and_counts_once() -> None:
    desk = Desk()
    [offer] = desk.feed(scored("p1", visibility="direct"), signed_in()).assignments
    desk.feed(accept(offer.case_id))
    assert replied(desk, own(visibility="public")) == [("public", True)]
    assert replied(desk, reply(offer.case_id)) == [("public", None)]
    assert desk.router.counters()["answered_in_public"] == 1


def test_an_answer_in_private_exposes_nothing() -> None:
    desk = Desk()
    desk.feed(scored("p1", visibility="direct"))
    assert replied(desk, own(visibility="direct")) == [("direct", None)]
