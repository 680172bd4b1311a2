"""A signal stands under one name from the facts to the scored post, and none is left out."""

from pipeline.enrich.facts import Facts, Words
from pipeline.enrich.reading.reading import Reading
from schemas.posts.raw import PostBody
from schemas.posts.scored import ScoredPost
from schemas.posts.signals import Spam
from tests.unit.enrich.posts import facts_of, raw_post, sentiment

OF_THE_RECORD = {"received_at", "backfill", "source", "appended_ms", "triage"}
"""Fields of a scored post that are no facts: how its record came, and what was decided."""


def test_the_facts_name_every_field_of_a_scored_post_but_those_of_its_record() -> None:
    assert facts_of(raw_post()).as_fields().keys() | OF_THE_RECORD == ScoredPost.model_fields.keys()
    assert not facts_of(raw_post()).as_fields().keys() & OF_THE_RECORD


def test_no_two_parts_of_the_facts_have_a_field_of_one_name() -> None:
    parts = [PostBody.model_fields, Words._fields, Reading._fields, ("own", "influence", "intensity")]
    names = [name for part in parts for name in part]
    assert len(names) == len(set(names))


def test_fields_hold_what_words_and_model_said() -> None:
    facts: Facts = facts_of(raw_post(), own=True, words=Words(spam=Spam(score=0.5)), reading=Reading(offence=0.25))
    fields = facts.as_fields()
    assert (fields["own"], fields["spam"], fields["offence"]) == (True, Spam(score=0.5), 0.25)


def test_a_negative_reading_makes_a_heated_text_more_intense_and_a_calm_one_not() -> None:
    def intensity(text: str, probability: float) -> float:
        reading = Reading(sentiment("negative", probability))
        return facts_of(raw_post(text)).with_reading(reading).intensity

    assert intensity("WHY IS NOBODY ANSWERING!!!", 0.9) > intensity("WHY IS NOBODY ANSWERING!!!", 0.4) > 0
    assert intensity("my parcel is late", 0.9) == 0
