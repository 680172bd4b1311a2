"""A person's desk against the real router core: what is typed becomes true, and what is shown suffices for it."""

from typing import Any

import pytest

from pipeline.clock import from_ms
from pipeline.errors import Misconfigured
from pipeline.scenario.desk.by_hand import CASE_COMMANDS, DeskByHand, Person
from tests.builders import policy, scored
from tests.unit.route.desk_of_one import Answer, Desk

QUEUES = [{"name": "care", "team": "care", "wrap_up_s": 60}, {"name": "billing", "team": "care"}]


class Played:
    """A rep who is played, and the router that answers."""

    def __init__(self) -> None:
        self.router = Desk(policy(queues=QUEUES))
        self.desk = DeskByHand(
            Person("acme", "nina", ("care",), {"accounts": 3}, 5), "by-hand", lambda: from_ms(self.router.now_ms)
        )
        self.shown: list[str] = []
        self.take(self.router.feed(self.desk.sign_in()))

    def take(self, answer: Answer) -> Answer:
        self.shown = [line for made in answer.assignments for line in self.desk.take(made)]
        self.shown += [line for event in answer.events for line in self.desk.hear(event)]
        return answer

    def post(self, name: str, **over: Any) -> Answer:
        return self.take(self.router.feed(scored(name, by=name, queue="care", **over)))

    def type(self, line: str) -> Answer:
        event = self.desk.do(line)
        assert event is not None, "no case fits"
        return self.take(self.router.after(1).feed(event))


def test_a_case_goes_from_offer_to_the_end_of_its_paperwork_by_typed_words() -> None:
    played = Played()
    played.post("p1", text="charged twice")
    assert played.shown[0].startswith("#1 offered (matched) in care, priority ")
    assert any("charged twice" in line for line in played.shown)
    assert any(line.startswith("   why: route.") for line in played.shown)
    assert played.type("accept").types == ["assigned"]
    assert played.type("reply").types == ["replied"]
    assert played.type("resolve refunded").steps == [("wrapping", "refunded")]
    assert played.type("wrapped").types == ["wrapped_up", "resolved"]
    assert played.desk.cases() == ["you have no case"]


def test_a_command_waits_until_the_one_before_is_answered() -> None:
    played = Played()
    played.post("p1")
    played.post("p2")
    accepting = played.desk.do("accept")
    assert accepting is not None
    assert [played.desk.do("reject"), played.desk.do("accept 1")] == [None, None]
    played.take(played.router.feed(accepting))
    assert played.type("reply").events[0].case_id == played.type("resolve").events[0].case_id
    assert played.type("accept").types == ["assigned"]


def test_without_a_number_the_newest_case_that_fits_is_meant_and_with_one_that_case() -> None:
    played = Played()
    first, second = played.post("p1"), played.post("p2")
    assert played.type("accept 1").events[0].case_id == first.assignments[0].case_id
    assert played.type("accept").events[0].case_id == second.assignments[0].case_id
    assert played.type("reply #1 direct").events[0].channel == "direct"
    assert played.type("transfer 2 billing").events[0].queue == "billing"


def test_a_command_without_a_case_that_it_fits_says_so_and_an_impossible_one_is_refused_by_the_router() -> None:
    played = Played()
    assert played.desk.do("accept") is None
    played.post("p1")
    assert played.desk.do("reply") is None
    played.type("reply 1")
    assert played.shown == ["refused: not_assigned"]


def test_each_command_makes_an_event_that_the_router_takes() -> None:
    words = {"transfer": "transfer 1 billing", "reject": "reject 1 too_hard"}
    for verb, command in CASE_COMMANDS.items():
        played = Played()
        played.post("p1")
        if command.on == "assigned":
            played.type("accept")
        if verb == "resume":
            played.type("hold")
        if verb == "wrapped":
            played.type("resolve")
        assert "request_refused" not in played.type(words.get(verb, verb)).types, verb


def test_a_rep_who_is_away_gets_no_offer_until_back() -> None:
    played = Played()
    played.type("away")
    assert played.post("p1").assignments == []
    assert [made.state for made in played.type("back").assignments] == ["offered"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("acept", "did you mean accept"),
        ("reply 1 loudly", "public|direct"),
        ("reply 7", "no case #7"),
        ("transfer 1", "QUEUE"),
        ("accept 1 now", "take the offer"),
    ],
)
def test_a_slip_of_the_fingers_is_told_and_sends_nothing(line: str, told: str) -> None:
    played = Played()
    played.post("p1")
    with pytest.raises(Misconfigured) as refused:
        played.desk.do(line)
    assert told in str(refused.value)


def test_what_concerns_another_rep_or_is_told_again_is_not_shown() -> None:
    played = Played()
    [offer] = played.post("p1").assignments
    assert played.desk.take(offer) == []
    assert played.desk.take(offer.model_copy(update={"rep_id": "omar", "attempt": 2})) == []
