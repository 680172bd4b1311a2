"""What every `LanguageModel` promises, shown on fastText's and on its twin."""

from collections.abc import Callable

import pytest

from pipeline.adapters.in_memory.language import KeywordLanguages
from pipeline.adapters.models.fasttext import FastTextLanguages
from pipeline.ports.models import UNDETERMINED, DetectedLanguage, LanguageModel

ENGLISH = "the train is late again and the shop opens at nine"
GERMAN = "der Zug ist schon wieder zu spät und ich bin nicht zufrieden"
SPANISH = "el tren llega tarde otra vez y la tienda no abre"
HOSTILE = [
    "\ud800",
    "\x00",
    "\n\r\u2028",
    "a" * 100_000,
    "@" * 50_000,
    "the\ud800 shop\x00 is late",
    "\u202e#&amp;",
]


@pytest.fixture(scope="module", params=[FastTextLanguages, KeywordLanguages])
def model(request: pytest.FixtureRequest) -> LanguageModel:
    make: Callable[[], LanguageModel] = request.param
    return make()


def test_each_text_gets_its_language_in_order(model: LanguageModel) -> None:
    found = model.detect([GERMAN, ENGLISH, SPANISH, ENGLISH])
    assert [one.code for one in found] == ["de", "en", "es", "en"]
    for one in found:
        assert isinstance(one, DetectedLanguage)
        assert 0.5 < one.confidence <= 1


def test_case_and_lines_make_no_difference(model: LanguageModel) -> None:
    shouted, broken, plain = model.detect([GERMAN.upper(), GERMAN.replace(" ", "\n"), GERMAN])
    assert shouted == broken == plain


@pytest.mark.parametrize("text", ["", "  \n", "40 12:30", "😀👍", "?!# ..."])
def test_without_letters_nobody_can_tell(model: LanguageModel, text: str) -> None:
    assert model.detect([text]) == [(UNDETERMINED, 0.0)]


def test_letters_of_no_language_are_undetermined_with_little_confidence(model: LanguageModel) -> None:
    (found,) = model.detect(["xq zzrk"])
    assert found.code == UNDETERMINED
    assert found.confidence < 0.5


def test_no_text_is_too_hostile(model: LanguageModel) -> None:
    found = model.detect([*HOSTILE, GERMAN])
    assert len(found) == len(HOSTILE) + 1
    assert all(0 <= one.confidence <= 1 for one in found)
    assert found[-1].code == "de"


def test_no_texts_give_no_languages(model: LanguageModel) -> None:
    assert model.detect([]) == []
