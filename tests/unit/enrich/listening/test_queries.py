import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.listening.queries import parse_query, query_problem


@pytest.mark.parametrize(
    ("query", "kind", "words"),
    [
        ("Acme", "words", ("acme",)),
        ("  Acme,  DOWN ", "words", ("acme", "down")),
        ('"acme down"', "words", ("acme", "down")),
        ("“acme down”", "words", ("acme", "down")),
        ("Yahoo!", "words", ("yahoo",)),
        ("can't pay", "words", ("can\x06t", "pay")),
        ("#AcmeDown", "signed", ("#acmedown",)),
        ("＠Acme_Care", "signed", ("@acme_care",)),
        ("@acme.care", "signed", ("@acme.care",)),
        ("at&t", "marks", ("at", "&", "t")),
        ("c++", "marks", ("c", "+", "+")),
        ("👍🏽", "marks", ("👍",)),
        ("thanks @acme", "marks", ("thanks", "@acme")),
        ("火", "words", ("火",)),
        ("앱", "words", ("앱",)),
        ("the who", "words", ("the", "who")),
        ("DO NOT PAY", "words", ("do", "not", "pay")),
    ],
)
def test_a_query_is_a_word_a_phrase_a_name_or_marks(query: str, kind: str, words: tuple[str, ...]) -> None:
    (term,) = parse_query(query).terms
    assert (term.kind, term.words) == (kind, words)


def test_only_a_query_with_diacritics_asks_for_its_spelling() -> None:
    assert parse_query("Café").terms[0].spelling == "café"
    assert parse_query("cafe").terms[0].spelling is None


def test_words_near_each_other_are_terms_of_one_query() -> None:
    query = parse_query('"acme #down c++"~5')
    assert (query.within, [term.kind for term in query.terms]) == (5, ["words", "signed", "marks"])
    assert parse_query('"a acme"~50').within == 50


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("#", "# alone: a name must follow it"),
        ("@", "@ alone"),
        ("＃", "# alone"),
        ("#!", "# alone"),
        ("@@", "only punctuation and signs"),
        ("", "nothing is left"),
        ("\u200b\u200d", "nothing is left"),
        ("!?…", "nothing is left"),
        ("🏽", "nothing is left"),
        ("€", "only punctuation and signs"),
        ("+", "only punctuation and signs"),
        ("a", "a single letter or digit"),
        ("7", "a single letter or digit"),
        ("é!", "a single letter or digit"),
        ("क", "a single letter or digit"),
        ("の", '"の" stands in nearly every post'),
        ("的", '"的" stands in nearly every post'),
        ("The", '"the" stands in nearly every post'),
        ("não", '"nao" stands in nearly every post'),
        ('"acme down"~0', "1 to 50, not 0"),
        ('"acme down"~51', "1 to 50, not 51"),
        ('"acme down"~99999999999999999999', "1 to 50"),
        ('"acme down"~', "1 to 50, not nothing"),
        ('"acme down"~-1', "1 to 50, not -1"),
        ('"acme down"~x', "1 to 50, not x"),
        ('"acme down"~²', "1 to 50, not ²"),
        ('"acme"~3', "two or more different words"),
        ('"acme ACME"~3', "two or more different words"),
        ('"a the"~3', "only letters and words"),
        ('"acme #"~3', "# alone"),
        ('"acme', "expected"),
        ('"acme" down', "expected"),
        ("acme down~5", "in quotation marks"),
        ("acm*", "no wildcards"),
        ("acme AND down", "AND is no operator"),
        ("acme -stock", "-s is no operator"),
    ],
)
def test_what_is_no_query_or_finds_nearly_every_post_is_refused_with_the_reason(query: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        parse_query(query)
    assert reason in str(refused.value)
    assert query_problem(query) == str(refused.value)


@given(st.text(max_size=60))
def test_any_text_is_a_query_or_refused(text: str) -> None:
    if query_problem(text) is None:
        query = parse_query(text)
        assert query.terms
        assert all(word for term in query.terms for word in term.words)
