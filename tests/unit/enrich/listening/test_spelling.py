"""The forms in which words are compared."""

from hypothesis import given

from pipeline.enrich.listening.spelling import exact, prepare
from tests.unit.enrich.listening.odd_texts import ODD


@given(ODD)
def test_preparing_keeps_the_length(text: str) -> None:
    assert len(prepare(text)) == len(text)


def test_the_exact_form_keeps_diacritics_but_not_case_and_vowel_points() -> None:
    assert exact("CAFE\u0301 Ärger أَحْمَد İstanbul") == "café ärger أحمد istanbul"
