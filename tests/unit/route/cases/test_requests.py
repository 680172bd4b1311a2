"""Accept, reject, reply, resolve: a request is only true once the router has said so."""

from typing import get_args

import pytest

from pipeline.route.cases import requests
from pipeline.route.messages import Request
from schemas.cases.case import Assignment
from schemas.people import rep
from tests.builders import accept, presence, reject, reply, resolve, scored, signed_in
from tests.unit.route.desk_of_one import Desk


def _offered(desk: Desk) -> Assignment:
    [offer] = desk.feed(signed_in("r1"), scored("p1")).assignments
    return offer


def test_an_accepted_offer_is_assigned() -> None:
    desk = Desk()
    offer = _offered(desk)
    answer = desk.after(20).feed(accept(offer.case_id))
    assert answer.steps == [("assigned", "accepted")]
    [assigned] = answer.assignments
    assert (assigned.state, assigned.attempt, assigned.rep_id) == ("assigned", 1, "r1")
    assert assigned.expires_at is None
    assert assigned.assignment_id != offer.assignment_id
    assert assigned.posts == offer.posts
    assert assigned.reasons == offer.reasons


def test_an_accept_in_the_last_millisecond_counts_and_stops_the_timer() -> None:
    desk = Desk()
    offer = _offered(desk)
    assert desk.after(120).feed(accept(offer.case_id)).types == ["assigned"]
    assert desk.tick().types == []


def test_an_accept_after_the_last_millisecond_is_stale() -> None:
    desk = Desk()
    offer = _offered(desk)
    answer = desk.after(120.001).feed(accept(offer.case_id))
    # The late click also shows that the rep is there again: the case comes back as a new attempt.
    assert answer.steps == [
        ("timed_out", "not_answered"),
        ("request_refused", "stale_accept"),
        ("offered", "matched"),
    ]
    assert answer.events[-1].attempt == 2


@pytest.mark.parametrize(
    ("attempt", "rep_id", "reason"), [(2, "r1", "not_offered"), (1, "r2", "wrong_rep"), (1, "r1", None)]
)
def test_an_accept_must_name_the_offer(attempt: int, rep_id: str, reason: str | None) -> None:
    desk = Desk()
    offer = _offered(desk)
    expected = desk.feed(accept(offer.case_id, attempt, rep_id)).steps
    assert expected == [("assigned", "accepted") if reason is None else ("request_refused", reason)]


def test_accepting_an_earlier_attempt_is_stale() -> None:
    desk = Desk()
    offer = _offered(desk)
    desk.feed(reject(offer.case_id))
    assert desk.feed(accept(offer.case_id, 1)).steps == [("request_refused", "stale_accept")]


def test_accepting_twice_is_refused_the_second_time() -> None:
    desk = Desk()
    offer = _offered(desk)
    assert desk.feed(accept(offer.case_id), accept(offer.case_id)).steps == [
        ("assigned", "accepted"),
        ("request_refused", "not_offered"),
    ]


def test_accepting_an_unknown_case_is_refused_under_an_id_of_the_request() -> None:
    desk = Desk()
    [one, two] = desk.feed(accept("no-such-case", event_id="e1"), accept("no-such-case", event_id="e2")).events
    assert (one.type, one.reason, one.case_id, one.rep_id) == (
        "request_refused", "unknown_case", "no-such-case", "r1"
    )  # fmt: skip
    assert one.event_id != two.event_id


def test_a_refused_request_moves_the_sequence_of_an_open_case() -> None:
    desk = Desk()
    offer = _offered(desk)
    answer = desk.feed(accept(offer.case_id, rep_id="r9"))
    assert answer.events[0].seq == 2
    assert answer.current[0].event_seq == 2


def test_a_rejected_offer_gives_the_reps_own_reason() -> None:
    desk = Desk()
    offer = _offered(desk)
    event = reject(offer.case_id).model_copy(update={"reason": "on_break"})
    assert desk.feed(event).steps[0] == ("rejected", "on_break")


def test_an_assigned_case_cannot_be_rejected() -> None:
    desk = Desk()
    offer = _offered(desk)
    answer = desk.feed(accept(offer.case_id), reject(offer.case_id))
    assert answer.steps[-1] == ("request_refused", "not_offered")


def test_the_first_reply_is_told_apart_from_later_ones() -> None:
    desk = Desk()
    offer = _offered(desk)
    desk.feed(accept(offer.case_id))
    [first] = desk.after(60).feed(reply(offer.case_id)).current
    answer = desk.after(60).feed(reply(offer.case_id))
    assert answer.steps == [("replied", "later_reply")]
    assert answer.current[0].replied_at == first.replied_at


def test_a_reply_before_the_accept_is_refused() -> None:
    desk = Desk()
    offer = _offered(desk)
    assert desk.feed(reply(offer.case_id)).steps == [("request_refused", "not_assigned")]


def test_a_resolved_case_is_closed_and_gone() -> None:
    desk = Desk()
    offer = _offered(desk)
    desk.feed(accept(offer.case_id))
    answer = desk.feed(resolve(offer.case_id))
    assert answer.steps == [("resolved", "resolved")]
    assert answer.states == [("closed", "resolved", "r1")]
    assert answer.tombstones == [offer.case_id]
    assert answer.current == []
    assert desk.feed(resolve(offer.case_id)).steps == [("request_refused", "unknown_case")]


def test_a_case_of_another_workspace_is_unknown() -> None:
    desk = Desk()
    offer = _offered(desk)
    foreign = accept(offer.case_id).model_copy(update={"workspace": "other"})
    assert desk.feed(foreign).steps == [("request_refused", "unknown_case")]


def test_any_accept_shows_that_a_rep_responds_again() -> None:
    desk = Desk()
    offer = _offered(desk)
    assert desk.after(121).tick().types == ["timed_out"]
    assert desk.feed(accept(offer.case_id)).types == ["request_refused", "offered"]
    assert desk.feed(presence(seq=5)).types == []


def test_every_request_of_a_rep_has_a_rule() -> None:
    contract = {getattr(rep, request.__name__) for request in get_args(Request)}
    assert set(requests._RULES) == {model.model_fields["type"].default for model in contract}
