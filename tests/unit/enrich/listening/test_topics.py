from collections.abc import Iterator
from random import Random
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.enrich.listening.topics import MAX_PLACES, MAX_TOPICS, TopicMatcher, refusals, topic_matcher
from schemas.policy.policy import ListeningTopic
from schemas.posts.signals import Span, TopicHit
from tests.unit.enrich.listening.topic_traps import CASES, Case, posts

SPELLINGS = st.sampled_from(
    [
        "acme",
        "Acme's",
        "#AcmeDown",
        "@acme",
        "café",
        "cafe\u0301",
        "🔥",
        "火事",
        "환불을",
        "at&amp;t",
        "won't",
        "down",
        "...",
        "\n",
    ]
)


def topic(name: str, *any_of: str, **fields: Any) -> ListeningTopic:
    return ListeningTopic.model_validate({"name": name, "any": any_of, **fields})


def found(query: str, text: str) -> list[str]:
    """What the query finds, as it stands in the text."""
    hits = TopicMatcher([topic("one", query)]).find(None, text)
    return [text[span.start : span.end] for hit in hits for span in hit.at]


@pytest.fixture(scope="module")
def everything() -> TopicMatcher:
    return TopicMatcher([case.topic for case in CASES])


def _names(hits: tuple[TopicHit, ...]) -> set[str]:
    return {hit.topic for hit in hits}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.topic.name)
def test_each_topic_finds_its_pieces_and_falls_into_no_trap(case: Case, everything: TopicMatcher) -> None:
    assert list(refusals([case.topic])) == []
    assert {piece: _names(everything.find(None, piece)) for piece in case.finds} == {
        piece: {case.topic.name} for piece in case.finds
    }
    assert {piece: _names(everything.find(piece, None)) for piece in case.misses} == {
        piece: set() for piece in case.misses
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_precision_and_recall_on_generated_posts_with_traps(seed: int, everything: TopicMatcher) -> None:
    right, told, true = 0, 0, 0
    for post in posts(seed, 2000):
        names = _names(everything.find(None, post.text))
        right += len(names & post.topics)
        told += len(names)
        true += len(post.topics)
    assert true > 1000
    assert right / told >= 0.99
    assert right / true >= 0.99


@pytest.mark.parametrize(
    ("query", "text", "places"),
    [
        ("acme", "Hi ACME's #AcmeDown", ["ACME", "Acme"]),
        ("acme down", "ﬁx: Acme, down! #AcmeDown", ["Acme, down", "AcmeDown"]),
        ("#acmedown", "İİ #AcmeDown", ["#AcmeDown"]),
        ("cafe", "am Cafe\u0301 vorbei", ["Cafe\u0301"]),
        ("at&t", "dear AT&amp;T why", ["AT&amp;T"]),
        ("환불", "빨리 환불을 원해요", ["환불"]),
        ("火事", "家が火事です", ["火事"]),
        ("🤷", "so 🤷🏽‍♀️.", ["🤷🏽‍♀️"]),
        ('"lost luggage"~3', "you lost my luggage, lost it", ["lost my luggage"]),
        ('"a lost luggage"~3', "a lost luggage and luggage a lost", ["a lost luggage", "luggage a lost"]),
        ('"acme 🔥"~2', "🔥 at Acme", ["🔥 at Acme"]),
    ],
)
def test_places_are_characters_of_the_text_that_was_given(query: str, text: str, places: list[str]) -> None:
    assert found(query, text) == places


def test_words_are_near_when_first_and_last_are_at_most_so_many_words_apart() -> None:
    assert found('"b1 c2"~3', "b1 x x c2") == ["b1 x x c2"]
    assert found('"b1 c2"~2', "b1 x x c2") == []
    assert found('"b1 c2"~1', "c2, b1") == ["c2, b1"]
    assert found('"b1 c2 d3"~4', "d3 x b1 x c2") == ["d3 x b1 x c2"]
    assert found('"b1 c2 d3"~3', "d3 x b1 x c2") == []


def test_title_and_text_are_told_apart_and_no_phrase_crosses_them() -> None:
    matcher = TopicMatcher([topic("phrase", "acme down"), topic("both", all=("acme", "down"))])
    (hit,) = matcher.find("so Acme", "Down again")
    assert hit.topic == "both"
    assert hit.at == (Span(field="title", start=3, end=7), Span(field="text", start=0, end=4))


def test_masked_words_stand_between_others() -> None:
    matcher = TopicMatcher([topic("phrase", "acme down")])
    assert matcher.find(None, "acme ······ down") == ()
    assert matcher.find(None, "acme · down")


def test_a_topic_holds_by_any_and_all_and_none() -> None:
    matcher = TopicMatcher([topic("t", "app", "site", all=("acme", "down"), none=("test", "all good"))])
    assert matcher.find(None, "acme app down")
    assert matcher.find("Down", "the site of acme")
    assert not matcher.find(None, "acme down")
    assert not matcher.find(None, "acme app")
    assert not matcher.find("a test", "acme app down")
    assert not matcher.find(None, "acme app down, all good")


def test_hits_come_in_the_order_of_the_policy_with_their_kind() -> None:
    topics = [topic("z", "rail", kind="competitor"), topic("a", "acme", kind="brand"), topic("m", "acme rail")]
    hits = TopicMatcher(topics).find(None, "acme rail")
    assert [(hit.topic, hit.kind) for hit in hits] == [("z", "competitor"), ("a", "brand"), ("m", "topic")]


def test_a_place_inside_another_one_is_not_told() -> None:
    matcher = TopicMatcher([topic("t", "acme", "acme down", "down")])
    (hit,) = matcher.find(None, "acme down, down")
    assert [(span.start, span.end) for span in hit.at] == [(0, 9), (11, 15)]


def test_hits_and_places_are_bounded_as_the_contract_asks() -> None:
    topics = [topic(f"t{number}", "acme") for number in range(MAX_TOPICS + 10)]
    hits = TopicMatcher(topics).find(None, "acme " * 500)
    assert [hit.topic for hit in hits] == [f"t{number}" for number in range(MAX_TOPICS)]
    assert [span.start for span in hits[0].at] == [5 * number for number in range(MAX_PLACES)]


def test_a_text_of_the_greatest_length_is_read_to_its_end() -> None:
    text = "x " * 32_000 + "#AcmeDown 火事"
    hits = TopicMatcher([topic("a", "acme down"), topic("b", "火事")]).find(None, text)
    assert [text[hit.at[0].start : hit.at[0].end] for hit in hits] == ["AcmeDown", "火事"]


def test_nothing_is_found_without_topics_or_words() -> None:
    assert TopicMatcher([]).find("acme", "acme") == ()
    assert TopicMatcher([topic("a", "acme")]).find(None, None) == ()
    assert TopicMatcher([topic("a", "acme")]).find("", "") == ()


def test_a_policy_in_force_with_a_refused_query_stops_nothing() -> None:
    topics = [
        topic("a", "#", "acme"),
        topic("b", "acme", all=("#",)),
        topic("c", "#"),
        topic("d"),
        topic("e", none=("x1",)),
    ]
    assert _names(TopicMatcher(topics).find(None, "acme # x")) == {"a"}


def test_the_matcher_of_a_policy_is_made_once() -> None:
    topics = (topic("a", "acme"),)
    assert topic_matcher(topics) is topic_matcher(topics)
    assert topic_matcher((topic("a", "other"),)) is not topic_matcher(topics)


def test_refusals_name_the_query_and_the_reason() -> None:
    topics = [
        topic("good", "acme", none=("acme road",)),
        topic("lone", "acme", "#", all=("a",), none=("the",)),
        topic("only-none", none=("acme",)),
        topic("nothing"),
    ]
    assert [(location, reason.split(":")[0]) for location, reason in refusals(topics)] == [
        (("topics", 1, "any", 1), "# alone"),
        (("topics", 1, "all", 0), "a single letter or digit stands in nearly every post"),
        (("topics", 1, "none", 0), '"the" stands in nearly every post'),
        (("topics", 2), "only none is given"),
        (("topics", 3), "neither any nor all is given"),
    ]


@settings(max_examples=300)
@given(st.lists(st.one_of(SPELLINGS, st.text(max_size=6)), max_size=12).map(" ".join))
def test_every_place_holds_what_its_topic_asks_for(text: str) -> None:
    topics = [
        topic("a", "acme"),
        topic("b", "#acmedown"),
        topic("c", "café"),
        topic("d", "at&t", "🔥", "환불", "火事"),
    ]
    matcher = TopicMatcher(topics)
    for hit in matcher.find(None, text):
        for span in hit.at:
            assert 0 <= span.start < span.end <= len(text)
            assert hit.topic in _names(matcher.find(None, text[span.start : span.end]))


def test_posts_cost_the_same_with_ten_patterns_and_with_five_thousand() -> None:
    random = Random(1)
    texts = [post.text for post in posts(1, 400)]
    few, many = (TopicMatcher(list(_meaningless(random, count))) for count in (10, 5000))
    # Measured: 1.0 times; a loop over patterns would cost a hundred times as much.
    assert min(_seconds(many, texts) for _ in range(3)) < 5 * min(_seconds(few, texts) for _ in range(3))


def _meaningless(random: Random, count: int) -> Iterator[ListeningTopic]:
    for start in range(0, count, 10):
        words = ["".join(random.choices("abcdefghijklmnop", k=9)) for _ in range(20)]
        yield topic(f"t{start}", *(f"{one} {two}" for one, two in zip(words[::2], words[1::2], strict=True)))


def _seconds(matcher: TopicMatcher, texts: list[str]) -> float:
    start = process_time()
    for text in texts:
        matcher.find(None, text)
    return process_time() - start
