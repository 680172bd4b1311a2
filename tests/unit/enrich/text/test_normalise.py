"""The text form that training and serving share."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.enrich.text.normalise import normalise

MARKUP = st.lists(
    st.sampled_from(
        [
            "&", "amp;", "&amp;", "&lt;", "&#38;", "&#x26;", "#38;", "\\", "\\u0026", "\\u2019", "\\ud83d",
            "\\ude00", "u0040", "@", "bob", "http", "://", "www.", "x.y", "\u200b", "\u200d", "\ufe0f", "\x00",
            "\n", "😂", "👍🏽", "\ud800", "“", "…", '\\"', "`", "&nbsp;", "é", "日本",
        ]
    ),
    max_size=30,
).map("".join)  # fmt: skip


PLAIN = st.text(st.sampled_from('@.:/ \x00abhtpw_\n"`'), max_size=40)
LINKED = st.lists(st.sampled_from(["@", "http", "://", "www.", "bob", " ", "\x00", ".", "_", "-"])).map("".join)


@given(st.one_of(st.text(), MARKUP, PLAIN, LINKED))
@example("&" + "amp;" * 300)
@example("&#38;#38;" * 40)
@example("\\u005c" * 12 + "u0041")
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(st.one_of(st.text(), MARKUP))
def test_the_result_is_one_clean_line_of_encodable_text(text: str) -> None:
    result = normalise(text)
    assert result == " ".join(result.split())
    assert result.isprintable() or not result.isascii()
    assert result.encode("utf-8").decode("utf-8") == result


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("a &amp;amp;lt;3 b", "a <3 b"),
        ("it\\u2019s late", "it's late"),
        ("\\ud83d\\ude02 really", "lol really"),
        ('she said \\"no\\"', 'she said "no"'),
        ("thanks @Some_One1!", "thanks @user!"),
        ("write to a@b.example", "write to a@b.example"),
        ("see https://x.example/a?b=c now", "see http now"),
        ("see WWW.x.example/a", "see http"),
        ("so\u200b clean\x00\x07", "so clean"),
        ("two\r\n lines\t here\u00a0", "two lines here"),
        ("don’t “quote” me…", 'don\'t "quote" me...'),
        ("great 👍🏽", "great good"),
        ("❤️", "<3"),
        ("🚂 ride", "steam locomotive ride"),
        ("", ""),
        (" \n\u200b", ""),
    ],
)
def test_each_rule_by_example(given_text: str, expected: str) -> None:
    assert normalise(given_text) == expected


@pytest.mark.parametrize("text", ["Grüße aus Köln", "東京は雨です", "שלום", "naïve café"])
def test_letters_of_every_script_stay(text: str) -> None:
    assert normalise(text) == text


def test_raw_and_json_decoded_escapes_give_the_same_text() -> None:
    raw = "caf\\u00e9 \\ud83d\\ude0a"
    assert normalise(raw) == normalise(json.loads(f'"{raw}"'))


def test_endless_nesting_ends_and_leaves_nothing_to_decode() -> None:
    text = "&" + "#38;AMP;" * 3000
    assert normalise(text) in ("&", "")


@pytest.mark.parametrize("run", ["@", "\\", "\\u005c", "&#", "&amp", "a@", '\\"'])
def test_a_long_run_of_one_sign_ends(run: str) -> None:
    # With a regular expression that tries each sign of a run anew, this takes longer than the test's time-out.
    text = run * (400_000 // len(run))
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize("digits", [20, 4301, 50_000])
def test_a_character_number_beyond_all_characters_is_no_error(digits: int) -> None:
    assert normalise("so &#" + "1" * digits + "; late") == "so \ufffd late"
