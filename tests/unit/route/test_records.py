"""Assembled records hold every field of their model: none forgotten, none unknown."""

import orjson

from schemas.base import Message
from schemas.cases.case import Assignment, CaseCurrent, CaseEvent
from schemas.people.casework import CaseTransferred, ConsultStarted
from schemas.people.supervision import CaseClosedBy, CasesMerged
from schemas.policy.policy import Brand
from schemas.posts.raw import Reply
from schemas.topics import ASSIGNMENTS, CASE_EVENTS, CASES
from tests.builders import accept, ask, at, author, cluster, policy, reply, scored, signed_in, tell, topics
from tests.unit.route.desk_of_one import Answer, Desk

NOT_YET_SAID = {
    ASSIGNMENTS.name: {"ring"},
    CASE_EVENTS.name: {"ring", "deadline"},
    CASES.name: {"waits_for", "ring"},
}  # fmt: skip
"""Fields of the contract that the router leaves out so far."""


def _everything() -> Answer:
    acme = Brand(name="Acme", author_ids=("x:acme",), sender="x:acme")
    desk = Desk(policy(brand=acme, brands=(Brand(name="Other", author_ids=("x:other",)),)))
    [before] = desk.feed(scored("e1", "Ann", topics=topics("parcel"))).events
    desk.feed(tell(CaseClosedBy, case_id=before.case_id, reason="spam"))
    full = author(name="Ann", followers=3, following=2, verified=True)
    below = scored(
        "p1", author=full, url="https://x.example/1", rating=1.5, title="T", text="t" * 2000, in_reply_to="x:p0",
        quote_of_author="x:acme", topics=topics("bill"), cluster=cluster(1),
        reply=Reply(allowed=True, until=at(-1)),
    )  # fmt: skip
    waiting = desk.feed(scored("p0", "bob", queue="fans"), below)
    case_id = waiting.events[1].case_id
    other = desk.feed(scored("p2", "al", ms=-5, topics=topics("bill"))).events[-1]
    desk.feed(tell(CasesMerged, case_id=other.case_id, into=case_id))
    desk.feed(scored("c1", "cid", cluster=cluster(1)), scored("r1", "dee", "none", repost_of="x:p1"))
    done = desk.feed(signed_in(), accept(case_id))
    private = scored("d1", author=full, ms=1, visibility="direct", in_reply_to="x:p1")
    answered = desk.feed(private, reply(case_id))
    desk.feed(signed_in("r2"))
    handed = desk.feed(
        ask(ConsultStarted, case_id, with_rep="r2"), ask(CaseTransferred, case_id, to_rep="r2", warm=True)
    )
    return Answer([*waiting.outputs[1:2], *done.outputs, *answered.outputs, *handed.outputs])


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
    desk = Desk()
    [offer] = desk.feed(signed_in(), scored("p1", title="T")).assignments
    assert offer.posts[0].text == "T\ntext of p1"


def test_the_input_record_is_named_as_cause() -> None:
    answer = _everything()
    assert [event.cause.offset for event in answer.events[:4] if event.cause] == [3, 8, 9, 10]
