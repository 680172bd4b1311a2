"""Which answers are due, and which input may be committed."""

from pipeline.scenario.desk.due_answers import DueAnswers
from schemas.people.rep import AnyRepEvent
from tests.builders import accept, at, reply


def test_answers_are_given_in_order_of_time_once_due() -> None:
    due = DueAnswers()
    late = accept("a", event_id="late").model_copy(update={"occurred_at": at(2000)})
    soon = accept("b", event_id="soon").model_copy(update={"occurred_at": at(1000)})
    due.add(0, 0, [late])
    due.add(0, 1, [soon])
    assert due.next_due() == at(1000)
    assert due.take_due(at(999)) == []
    assert due.take_due(at(1000)) == [soon]
    assert due.take_due(None) == [late]
    assert (len(due), due.next_due()) == (0, None)


def test_an_offset_is_done_once_it_and_all_before_it_are_answered() -> None:
    due = DueAnswers()
    first: list[AnyRepEvent] = [
        accept("a", event_id="1"),
        reply("a", event_id="2").model_copy(update={"occurred_at": at(5000)}),
    ]
    due.add(0, 10, first)
    due.add(0, 11, [])
    due.add(1, 7, [])
    due.reached_end(1, 9)
    assert due.done() == {0: 10, 1: 9}
    due.take_due(at(0))
    assert due.done()[0] == 10, "its second answer is still to be given"
    due.take_due(at(5000))
    assert due.done()[0] == 12


def test_a_partition_that_was_taken_away_is_forgotten() -> None:
    due = DueAnswers()
    due.add(0, 1, [accept("a")])
    due.add(1, 1, [accept("b")])
    due.drop(0)
    assert [event.event_id for event in due.take_due(None)] != []
    assert due.done() == {1: 2}
