"""The window in which a platform takes an answer: its end is told before it comes, and when it has come."""

from schemas.people.casework import CustomerAwaited
from schemas.policy.queues import Queue
from schemas.policy.sla import Sla
from schemas.posts.raw import Reply
from tests.builders import accept, ask, at, contact, policy, reply, resolve, scored, signed_in
from tests.unit.route.desk_of_one import Desk

DAY_S = 86_400
DAY = Reply(allowed=True, until=at(1000 * DAY_S))


def held(desk: Desk) -> str:
    """Lets a rep accept the case of a post that can be answered for a day."""
    desk.feed(signed_in())
    [offer] = desk.feed(scored("p1", reply=DAY)).assignments
    desk.feed(accept(offer.case_id))
    return offer.case_id


def test_the_end_of_the_window_is_told_an_hour_before_and_when_it_has_come_each_once() -> None:
    desk = Desk()
    desk.feed(scored("p1", reply=DAY))
    assert desk.after(DAY_S - 3600.001).tick().types == []
    [soon] = desk.after(0.001).tick().events
    assert (soon.type, soon.reason, soon.state) == ("due_soon", "reply_window", "waiting")
    assert soon.deadline is not None
    assert (soon.deadline.kind, soon.deadline.due_at) == ("reply_window", DAY.until)
    desk.restart()
    assert desk.after(3599.999).tick().types == []
    [over] = desk.after(0.001).tick().events
    assert (over.type, over.reason) == ("reply_window_ended", "platform")
    assert over.deadline == soon.deadline
    desk.restart()
    assert desk.after(9 * DAY_S).tick().types == []


def test_whoever_has_the_case_hears_that_it_can_no_longer_be_answered_there() -> None:
    desk = Desk()
    held(desk)
    desk.after(DAY_S - 3600).tick()
    answer = desk.after(3600).tick()
    assert answer.steps == [("reply_window_ended", "platform")]
    assert answer.states == [("assigned", "reply_window_ended", "r1")]
    assert (answer.assignments[0].update, answer.assignments[0].open_on_platform) == (1, True)


def test_an_offer_after_the_end_says_that_it_can_no_longer_be_answered_there() -> None:
    desk = Desk()
    desk.feed(scored("p1", reply=DAY))
    desk.after(DAY_S).tick()
    [offer] = desk.feed(signed_in()).assignments
    assert offer.open_on_platform is True


def test_only_the_end_matters_once_all_is_answered() -> None:
    desk = Desk()
    case_id = held(desk)
    desk.feed(reply(case_id), ask(CustomerAwaited, case_id))
    assert desk.after(DAY_S - 0.001).tick().types == []
    assert desk.after(0.001).tick().types == ["reply_window_ended"]


def test_a_new_post_opens_the_window_anew() -> None:
    desk = Desk()
    held(desk)
    desk.after(DAY_S - 3600).tick()
    until = at(1000 * (2 * DAY_S))
    desk.feed(
        scored("p2", in_reply_to="x:p1", ms=1000 * DAY_S - 3_600_000, reply=Reply(allowed=True, until=until))
    )
    assert desk.after(DAY_S - 0.001).tick().types == []
    [soon] = desk.after(0.001).tick().events
    assert soon.deadline is not None
    assert (soon.reason, soon.deadline.due_at) == ("reply_window", until)


def test_what_ends_within_the_hour_is_told_at_once_and_what_has_ended_only_as_ended() -> None:
    desk = Desk()
    window = Reply(allowed=True, until=at(60_000))
    assert desk.feed(scored("p1", reply=window)).steps == [("queued", "opened"), ("due_soon", "reply_window")]
    answer = desk.after(61).feed(scored("p2", "bob", reply=window))
    assert answer.steps == [
        ("reply_window_ended", "platform"),
        ("queued", "opened"),
        ("reply_window_ended", "platform"),
    ]


def test_a_case_that_is_opened_again_by_phone_does_not_tell_it_again() -> None:
    desk = Desk()
    case_id = held(desk)
    desk.feed(reply(case_id))
    desk.after(DAY_S).tick()
    desk.feed(resolve(case_id))
    assert desk.feed(contact("in", case_id=case_id)).types[0] == "reopened"
    assert "reply_window_ended" not in desk.after(60).tick().types


def test_a_window_that_ended_after_the_case_does_not_count_when_a_post_opens_it_again() -> None:
    """Its end is of no matter then, and the clocks go on with what the customer wrote."""
    sla = Sla.model_validate({"name": "care", "targets": [{"resolution_s": 600}]})
    desk = Desk(policy(queues=(Queue(name="care", team="care", sla="care"),), slas=(sla,)))
    desk.feed(scored("p1", reply=Reply(allowed=True, until=at(60_000))))
    desk.feed(contact("out", author_id="x:ann"))
    answer = desk.after(100).feed(scored("p2", in_reply_to="x:p1", ms=70_000))
    assert answer.steps == [("reopened", "reply"), ("joined", "reply")]
    assert desk.after(569.999).tick().types == []
    assert desk.after(0.001).tick().steps == [("breached", "resolution")]


def test_a_platform_that_takes_no_answer_at_all_has_no_window() -> None:
    desk = Desk()
    desk.feed(scored("p1", reply=Reply(allowed=False)))
    assert desk.after(9 * DAY_S).tick().types == []


def test_a_deletion_that_brings_an_earlier_window_back_does_not_tell_its_end_again() -> None:
    desk = Desk()
    desk.feed(scored("p1", reply=DAY))
    later = Reply(allowed=True, until=at(1000 * (2 * DAY_S)))
    newer = scored("p2", ms=3_600_000, in_reply_to="x:p1", reply=later)
    desk.after(3600).feed(newer)
    desk.after(2 * DAY_S - 2 * 3600).tick()
    assert desk.after(3600).tick().types == ["reply_window_ended"]
    deletion = newer.model_copy(update={"revision": 1, "deleted": True})
    again = desk.feed(deletion, scored("p1", revision=1, reply=DAY))
    assert "reply_window_ended" not in again.types + desk.tick().types
