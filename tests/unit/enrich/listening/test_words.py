import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.enrich.listening.hashtags import tag_parts
from pipeline.enrich.listening.spelling import exact, prepare
from pipeline.enrich.listening.words import Words

ODD = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "aZé_#@·&;'’nt \n\u0301\u200d\u200b\u00ad\ufe0f🔥🏽🇺🇸ﬁßİıǅ½²ﷺ가\u1100\u1161ㅋカｶﾞ\u3099火ั้กकी्ёй\u0306أَـ"
        ),
    ),
    max_size=40,
)


@settings(max_examples=1500)
@given(ODD)
def test_each_word_has_a_place_of_its_own_in_the_text_that_was_given(text: str) -> None:
    words = Words(text)
    assert len(words.places) == len(words.bare.split())
    ends = [0, *(end for _, end in words.places)]
    assert all(before <= start < end for before, (start, end) in zip(ends, words.places, strict=False))
    assert ends[-1] <= len(text)


@settings(max_examples=1500)
@given(ODD)
def test_what_stands_at_a_place_is_the_word(text: str) -> None:
    words = Words(text)
    for word, (start, end) in zip(words.bare.split(), words.places, strict=True):
        alone = "".join(Words(text[start:end]).bare.split())
        # Alone, an apostrophe or underscore at its end joins nothing any more.
        assert alone.strip("_\x06") == word.strip("_\x06") or "\x06" in word


@given(ODD)
def test_preparing_keeps_the_length(text: str) -> None:
    assert len(prepare(text)) == len(text)


@given(ODD)
def test_tags_and_marks_stand_in_the_text(text: str) -> None:
    words = Words(text)
    for tag in (*words.tags, *words.marks):
        assert 0 <= tag.place.start < tag.place.end <= len(text)
        assert tag.name
        assert " " not in tag.name


@given(ODD)
def test_parts_of_a_hashtag_stand_in_it(text: str) -> None:
    for part in tag_parts(text):
        assert 0 <= part.place.start < part.place.end <= len(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I won't, can’t; CAN'T", "i won\x06t can\x06t can\x06t"),
        ("don&#39;t", "don\x06t"),
        ("Acme's", "acme s"),
        ("_so_ snake_case __init__", "so snake_case init"),
        ("AT&amp;T", "at t"),
        ("Acme가 AI技術", "acme 가 ai 技 術"),
        ("น้ำ", "น้ํา"),
        ("ｶﾞｽ", "ガ ス"),
        ("Ünïcödé Łódź œuvre Straße", "unicode lodz oeuvre strasse"),
        ("й ї ё", "й ї е"),
        ("هُـــم أحمد", "هم احمد"),
        ("1️⃣ ½ ①", "1 12 1"),
        ("pay ······· now", "pay \x02\x02\x02\x02\x02\x02\x02 now"),
        ("col·lega", "col lega"),
        ("a\x06b\x02c", "a b c"),
        ("…", ""),
    ],
)
def test_words_are_told_apart(text: str, words: str) -> None:
    assert Words(text).bare == words


def test_the_exact_form_keeps_diacritics_but_not_case_and_vowel_points() -> None:
    assert exact("CAFE\u0301 Ärger أَحْمَد İstanbul") == "café ärger أحمد istanbul"


def test_a_hashtag_is_cut_where_case_or_kind_changes() -> None:
    def parts(name: str) -> set[str]:
        return {part.name for part in tag_parts(name)}

    assert parts("YouTubeDown") == {"youtubedown", "you", "youtube", "tube", "tubedown", "down"}
    assert parts("NHSDown") == {"nhsdown", "nhs", "down"}
    assert parts("iPhone15") == {"iphone15", "iphone", "15"}
    assert parts("acme_down") == {"acmedown", "acme", "down"}
    assert parts("Acme最高") == {"acme最高", "acme", "最高"}
    assert parts("acme") == {"acme"}


def test_hashtags_and_mentions_are_no_part_of_a_word() -> None:
    names = [tag.name for tag in Words("#a_b#C C#d me@x.example ＠Z.y. @m@social.example ###q #").tags]
    assert names == ["#a_b", "#c", "#q", "@z", "@z.y", "@m", "@m@social.example"]
