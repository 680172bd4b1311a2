"""Assembled records hold every field of their model: none forgotten, none unknown."""

import orjson

from schemas.base import Message
from schemas.cases.case import Assignment, CaseCurrent, CaseEvent
from schemas.topics import ASSIGNMENTS, CASE_EVENTS, CASES
from tests.builders import accept, author, reply, scored, signed_in
from tests.unit.route.desk_of_one import Answer, Desk

NOT_YET_SAID = {
    ASSIGNMENTS.name: {
        "case_state", "led_by", "reply", "open_on_platform", "deadlines", "ring", "contact", "earlier",
        "related_case", "consulted", "from_rep", "brand", "reply_as",
    },
    CASE_EVENTS.name: {"state", "ring", "deadline", "related_case"},
    CASES.name: {"waits_for", "deadlines", "ring", "related_case"},
}  # fmt: skip
"""Fields of the contract that the router leaves out so far."""


def _everything() -> Answer:
    desk = Desk()
    full = author(name="Ann", followers=3, following=2, verified=True)
    offered = desk.feed(signed_in(), scored("p1", author=full, url="https://x.example/1", rating=1.5, title="T"))
    done = desk.feed(accept(offered.assignments[0].case_id), reply(offered.assignments[0].case_id))
    return Answer([*offered.outputs, *done.outputs])


def test_records_have_all_fields_of_their_models() -> None:
    answer = _everything()
    for topic, model in (
        (ASSIGNMENTS.name, Assignment),
        (CASE_EVENTS.name, CaseEvent),
        (CASES.name, CaseCurrent),
    ):
        seen: set[str] = set()
        for output in answer.outputs:
            if output.topic == topic and output.value is not None:
                seen |= orjson.loads(output.value).keys()
        assert seen == set(model.model_fields) - NOT_YET_SAID[topic]


def test_records_are_what_their_models_would_have_written() -> None:
    for output in _everything().outputs:
        models: dict[str, type[Message]] = {CASE_EVENTS.name: CaseEvent, CASES.name: CaseCurrent}
        model = models.get(output.topic, Assignment)
        assert output.value is not None
        again = model.model_validate_json(output.value).model_dump_json(exclude_none=True)
        assert orjson.loads(again) == orjson.loads(output.value)


def test_a_title_is_read_before_the_text() -> None:
    assert _everything().assignments[0].posts[0].text == "T\ntext of p1"


def test_the_input_record_is_named_as_cause() -> None:
    answer = _everything()
    assert [event.cause.offset for event in answer.events if event.cause] == [1, 1, 2, 3]
