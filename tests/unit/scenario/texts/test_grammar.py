"""The grammars: complete in every language, and expanded without leftovers."""

import re
from random import Random

import pytest

from pipeline.scenario.crowd.personal import details, full_name
from pipeline.scenario.texts.grammar import NUMBERS, expand, tidy
from pipeline.scenario.texts.library import LANGUAGES, texts_of

LATER = {"who", "initials", "full_name", "phone", "email", "card", "iban", "address"}
"""Symbols that the stage fills in."""
ENGLISH_ONLY = {"spam"}
WANTED = {
    "complaint", "leaving", "outage", "question", "praise", "loyal", "chatter", "direct", "identity", "follow_up",
    "thanks", "restored", "quote", "edit_note", "review_bad", "review_ok", "review_good", "title_bad", "title_ok",
    "title_good", "brand_reply", "brand_thanks", "brand_direct", "brand_news", "brand_status", "tag", "happy_tag",
}  # fmt: skip


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_symbol_that_a_language_uses_is_defined(language: str) -> None:
    grammar = texts_of(language).grammar
    used = {name for texts in grammar.values() for text in texts for name in re.findall(r"{([a-z_]+)\??}", text)}
    assert used - set(grammar) - set(NUMBERS) == LATER
    assert set(grammar) >= WANTED
    assert len(grammar["place"]) >= 8, "the outage picks one of eight places"


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_no_braces_and_no_double_spaces_are_left(language: str) -> None:
    rng = Random(5)
    slots = details(rng, language, full_name(rng, language)) | {"who": "@ann", "initials": "KM"}
    grammar = {**texts_of(language).grammar, **{name: (value,) for name, value in slots.items()}}
    for symbol in sorted(WANTED):
        for _ in range(30):
            text = expand(rng, grammar, symbol)
            assert text
            assert not re.search(r"[{}]|  |^ | $| [.,](\s|$)", text), (symbol, text)


def test_an_optional_symbol_is_left_out_about_half_the_time() -> None:
    rng = Random(1)
    found = [expand(rng, {"text": ("a {more?} b",), "more": ("c",)}, "text") for _ in range(400)]
    assert set(found) == {"a b", "a c b"}
    assert 140 < found.count("a b") < 260


def test_spaces_are_tidied_but_times_and_decimals_stay() -> None:
    assert tidy("  down  since 8:05 , only 3.5 left !  ") == "down since 8:05, only 3.5 left!"
    assert tidy("see #acme :)") == "see #acme :)"
