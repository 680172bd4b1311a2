from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.author.spam import WEIGHTS, SpamMeter
from schemas.posts.raw import Author, PostBody
from schemas.posts.signals import Cluster, Spam

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
AUTHOR = Author(author_id="chirp:ann")


def post(number: int, text: str = "hello there", author: Author = AUTHOR, workspace: str = "acme") -> PostBody:
    return PostBody(
        workspace=workspace,
        post_id=f"chirp:{number}",
        platform="chirp",
        author=author,
        text=text,
        created_at=START,
    )


def cluster(number: int) -> Cluster:
    return Cluster(id=f"{number:016x}", kind="copy", size=2, first_seen=START)


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def test_an_ordinary_post_has_no_reason() -> None:
    assert SpamMeter().see(post(1), None, START) == Spam(score=0)


def test_the_fifth_post_of_a_cluster_within_an_hour_is_repetition() -> None:
    meter = SpamMeter()
    found = [meter.see(post(number), cluster(1), after(10 * number)) for number in range(5)]
    assert [spam.reasons for spam in found] == [(), (), (), (), ("repeated_text",)]


def test_five_posts_over_more_than_an_hour_are_no_repetition() -> None:
    meter = SpamMeter()
    assert not any(meter.see(post(number), cluster(1), after(15 * number)).reasons for number in range(9))


def test_the_same_text_of_five_authors_is_no_repetition() -> None:
    meter = SpamMeter()
    authors = [Author(author_id=f"chirp:{number}") for number in range(5)]
    assert not any(
        meter.see(post(number, author=author), cluster(1), START).reasons for number, author in enumerate(authors)
    )


def test_texts_that_are_too_short_for_a_cluster_are_no_repetition() -> None:
    meter = SpamMeter()
    assert not any(meter.see(post(number), None, START).reasons for number in range(30))


def test_the_31st_post_within_an_hour_is_too_many() -> None:
    meter = SpamMeter()
    found = [meter.see(post(number), None, after(number)) for number in range(31)]
    assert [spam.reasons for spam in found] == [()] * 30 + [("posting_rate",)]


def test_thirty_posts_an_hour_for_a_whole_day_are_not_too_many() -> None:
    meter = SpamMeter()
    assert not any(meter.see(post(number), None, after(2 * number)).reasons for number in range(720))


def test_the_rate_falls_when_the_author_rests() -> None:
    meter = SpamMeter()
    for number in range(100):
        meter.see(post(number), None, after(number / 10))
    assert meter.see(post(100), None, after(71)).reasons == ()


@pytest.mark.parametrize("times", [2, 40])
def test_the_same_post_again_counts_once(times: int) -> None:
    meter = SpamMeter()
    for number in range(4):
        meter.see(post(number), cluster(1), START)
    assert all(meter.see(post(3), cluster(1), after(1)).reasons == () for _ in range(times))


def test_an_edited_post_counts_with_the_text_that_it_has_now() -> None:
    meter = SpamMeter()
    for number in range(4):
        meter.see(post(number), cluster(1), START)
    meter.see(post(0), cluster(2), START)
    assert meter.see(post(4), cluster(1), START).reasons == ()


@pytest.mark.parametrize(
    ("age", "text", "new"),
    [
        (timedelta(days=2), "look at https://x.example/1", True),
        (timedelta(days=2), "look at www.x.example", True),
        (timedelta(0), "http://x.example", True),
        (timedelta(days=2), "no link", False),
        (timedelta(days=7), "look at https://x.example/1", False),
        (timedelta(days=-30), "look at https://x.example/1", False),
        (None, "look at https://x.example/1", False),
    ],
)
def test_a_new_account_with_links(age: timedelta | None, text: str, new: bool) -> None:
    author = Author(author_id="chirp:ann", created_at=None if age is None else START - age)
    assert (SpamMeter().see(post(1, text, author), None, START).reasons == ("new_account_with_links",)) == new


@pytest.mark.parametrize(
    ("followers", "following", "many"),
    [
        (49, 1_001, True),
        (0, 5_000, True),
        (0, 1_000, False),
        (51, 1_001, False),
        (None, 5_000, False),
        (0, None, False),
    ],
)
def test_somebody_who_follows_many_and_is_followed_by_few(
    followers: int | None, following: int | None, many: bool
) -> None:
    author = Author(author_id="chirp:ann", followers=followers, following=following)
    assert (SpamMeter().see(post(1, author=author), None, START).reasons == ("follows_many",)) == many


def test_the_same_text_to_three_brands_is_told_at_the_third() -> None:
    meter = SpamMeter()
    texts = ["@acme win now", "@Acme win now", "@northair win now", "@tramline win now"]
    found = [meter.see(post(number, text), cluster(1), START) for number, text in enumerate(texts)]
    assert [spam.reasons for spam in found] == [(), (), (), ("many_brands",)]


def test_different_texts_to_three_brands_are_no_sign() -> None:
    meter = SpamMeter()
    texts = ["@acme one", "@northair two", "@tramline three"]
    assert not any(
        meter.see(post(number, text), cluster(number), START).reasons for number, text in enumerate(texts)
    )


def test_one_answer_to_everybody_in_a_conversation_is_no_sign() -> None:
    assert SpamMeter().see(post(1, "@ann @bob @acme @cleo that is it"), cluster(1), START).reasons == ()


def test_an_e_mail_address_is_no_handle() -> None:
    meter = SpamMeter()
    texts = ["a@acme.example", "a@northair.example", "a@tramline.example"]
    assert not any(meter.see(post(number, text), cluster(1), START).reasons for number, text in enumerate(texts))


def test_one_reason_is_about_even_odds_and_two_say_more() -> None:
    assert all(0.5 <= weight <= 0.6 for weight in WEIGHTS.values())
    twos = [1 - (1 - one) * (1 - other) for one, other in combinations(WEIGHTS.values(), 2)]
    assert all(0.75 <= two <= 0.85 for two in twos)
    author = Author(author_id="chirp:ann", followers=1, following=2_000, created_at=START)
    spam = SpamMeter().see(post(1, "https://x.example", author), None, START)
    assert spam == Spam(score=0.775, reasons=("new_account_with_links", "follows_many"))


def test_two_workspaces_count_apart() -> None:
    meter = SpamMeter()
    for number in range(4):
        meter.see(post(number), cluster(1), START)
    assert meter.see(post(4, workspace="other"), cluster(1), START).reasons == ()


def test_the_memory_is_bounded_and_those_who_were_silent_the_longest_are_forgotten_first() -> None:
    meter = SpamMeter(authors=10)
    for number in range(4):
        meter.see(post(number), cluster(1), START)
    for number in range(4, 13):
        meter.see(post(number, author=Author(author_id=f"chirp:{number}")), cluster(2), START)
    assert meter.see(post(20), cluster(1), START).reasons == ("repeated_text",)
    for number in range(30, 40):
        meter.see(post(number, author=Author(author_id=f"chirp:{number}")), cluster(2), START)
    assert meter.see(post(21), cluster(1), START).reasons == ()
    for number in range(1_000):
        meter.see(post(100 + number, author=Author(author_id=f"chirp:{number % 20}")), cluster(2), START)
        assert len(meter._authors) <= 10
        assert meter._posts == sum(map(len, meter._authors.values())) <= 50


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60), st.integers(0, 200)), max_size=60))
def test_the_score_is_a_probability_and_follows_from_the_reasons(seen: list[tuple[int, int, int]]) -> None:
    meter = SpamMeter(authors=2)
    for author, number, minutes in seen:
        writer = Author(author_id=f"chirp:{author}")
        spam = meter.see(post(number, f"@brand{number}", writer), cluster(number % 3), after(minutes))
        assert 0 <= spam.score < 1
        assert (spam.score == 0) == (not spam.reasons)
        assert list(spam.reasons) == [reason for reason in WEIGHTS if reason in spam.reasons]


@given(st.permutations(range(31)))
def test_the_order_in_which_posts_of_an_hour_arrive_does_not_matter_to_the_last(order: list[int]) -> None:
    meter = SpamMeter()
    for number in order:
        spam = meter.see(post(number), cluster(number % 6), after(number))
    assert spam.reasons == ("repeated_text", "posting_rate")
