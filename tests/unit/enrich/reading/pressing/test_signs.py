import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.reading.pressing.signs import PRESSING_SIGNS, pressing_signs


def found(text: str) -> set[str]:
    return {name for name, sign in zip(PRESSING_SIGNS, pressing_signs(text), strict=True) if sign}


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("My parcel has not arrived, where is it?", {"delivery", "not come", "question", "question mark"}),
        ("we have NO INTERNET since 7:30", {"service", "cut off", "still", "time of day"}),
        ("Flight 1704 is delayed", {"journey", "held up", "number of a journey"}),
        ("somebody hacked my account", {"fraud", "account", "locked out"}),
        ("what a lovely morning", {"question", "today"}),
        ("", set()),
    ],
)
def test_words_and_pairs_of_words_are_signs(text: str, signs: set[str]) -> None:
    assert found(text) == signs


def test_a_word_within_a_word_is_no_sign() -> None:
    assert not found("internetworking trainers")


@given(st.text())
def test_any_text_has_as_many_signs_as_there_are_names(text: str) -> None:
    signs = pressing_signs(text)
    assert len(signs) == len(PRESSING_SIGNS)
    assert set(signs) <= {0.0, 1.0}
