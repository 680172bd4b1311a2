"""What a character counts as: one example a row."""

import pytest

from pipeline.enrich.listening.characters import INNER_APOSTROPHE, MASKED_CHARACTER, Kind, folded_letters, kind_of
from pipeline.enrich.listening.words import Words

KINDS = [
    ("a", Kind.LETTER), ("É", Kind.LETTER), ("ß", Kind.LETTER), ("7", Kind.LETTER), ("½", Kind.LETTER),
    ("_", Kind.LETTER), ("ж", Kind.LETTER), ("क", Kind.LETTER),
    (INNER_APOSTROPHE, Kind.LETTER), (MASKED_CHARACTER, Kind.LETTER),
    ("가", Kind.HANGUL), ("\u1100", Kind.HANGUL),
    ("火", Kind.UNSPACED), ("カ", Kind.UNSPACED), ("ｶ", Kind.UNSPACED), ("ก", Kind.UNSPACED),
    ("\u0e31", Kind.VOWEL_SIGN), ("\u17b6", Kind.VOWEL_SIGN),
    ("\u0301", Kind.DIACRITIC), ("\u05b0", Kind.DIACRITIC), ("\u064b", Kind.DIACRITIC), ("\u20e3", Kind.DIACRITIC),
    ("\u00ad", Kind.INVISIBLE), ("\u200b", Kind.INVISIBLE), ("\ufe0f", Kind.INVISIBLE), ("🏽", Kind.INVISIBLE),
    ("\u200d", Kind.ZERO_WIDTH_JOINER),
    ("🇩", Kind.FLAG_LETTER),
    ("🔥", Kind.SIGN), ("+", Kind.SIGN), ("€", Kind.SIGN), ("&", Kind.SIGN), ("％", Kind.SIGN),
    ("#", Kind.HASH), ("＃", Kind.HASH), ("@", Kind.AT), ("＠", Kind.AT),
    (" ", Kind.BLANK), ("\n", Kind.BLANK), (",", Kind.BLANK), ("'", Kind.BLANK), ("ʼ", Kind.BLANK),
    ("´", Kind.BLANK), ("·", Kind.BLANK), ("\x00", Kind.BLANK),
]  # fmt: skip


@pytest.mark.parametrize(("character", "kind"), KINDS)
def test_what_a_character_counts_as(character: str, kind: Kind) -> None:
    assert kind_of(character) is kind


def test_every_kind_has_an_example() -> None:
    assert {kind for _, kind in KINDS} == set(Kind)


def test_a_text_has_the_kind_of_each_of_its_characters() -> None:
    assert Words("é 가!").kinds == Kind.LETTER + Kind.BLANK + Kind.HANGUL + Kind.BLANK


@pytest.mark.parametrize(
    ("character", "letters"),
    [
        ("A", "a"),
        ("É", "é"),
        ("ﬁ", "fi"),
        ("İ", "i"),
        ("ı", "i"),
        ("½", "12"),
        ("Ａ", "a"),
        ("!", ""),
        ("ｶ", "カ"),
    ],
)
def test_the_letters_by_which_a_character_is_compared(character: str, letters: str) -> None:
    assert folded_letters(character) == letters
