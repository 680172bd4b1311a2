"""Which words of a post the detector is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.in_memory.language import KeywordLanguages
from pipeline.enrich.reading.language import detect_languages, words_of
from pipeline.enrich.text.bounds import MAX_SIGNAL_CHARS
from tests.unit.enrich.posts import raw_post


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Der Zug ist 40 min zu spät!", "Der Zug ist min zu spät"),
        ("see https://a.b/the/shop?is=open now www.shop.example", "see now"),
        ("@the_shop: it's late, @@user http", "it's late"),
        ("#DerZug ist_da", "DerZug ist da"),
        ("so late 😡👍🏽 ☹️ ❤️", "so late"),
        ("caf&eacute; &amp;uuml;ber &amp;amp; &#228; &#99999999999999999999;", "café über ä"),
        ("नमस्ते दुनिया १२", "नमस्ते दुनिया"),
        ("今日は\n遅い。", "今日は 遅い"),
        ("l’heure d'été", "l’heure d'été"),
        ("12:30 !!! 😀 \x00", ""),
        (None, ""),
    ],
)
def test_words_alone_are_shown(text: str | None, words: str) -> None:
    assert words_of(raw_post(text, rating=1)) == words


def test_the_title_comes_first() -> None:
    assert words_of(raw_post("am Gleis", title="Zug")) == "Zug am Gleis"


@given(st.text(max_size=300))
def test_whatever_is_written_the_words_are_one_line_of_letters(text: str) -> None:
    words = words_of(raw_post(text))
    assert words == words.strip()
    assert not any(character.isdigit() or character in "@#:/\n" for character in words if character.isascii())


def test_of_a_long_text_only_the_beginning_is_looked_at() -> None:
    assert len(words_of(raw_post("ab " * 6_000))) <= MAX_SIGNAL_CHARS


def test_languages_come_in_the_order_of_the_posts() -> None:
    posts = [raw_post("der Zug"), raw_post("40 😀"), raw_post("the shop")]
    assert [one.code for one in detect_languages(posts, KeywordLanguages())] == ["de", "und", "en"]
