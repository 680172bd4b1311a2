"""Generated traffic is valid, is the same for the same seed, and differs from that of another seed."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.codec import decode, encode
from pipeline.scenario.generate import generate
from schemas.posts.raw import RawPost

START = datetime(2026, 11, 1, 12, tzinfo=UTC)


def texts(posts: list[RawPost]) -> list[str]:
    return [post.text for post in posts if post.text and post.revision == 0]


@pytest.fixture(scope="module")
def posts() -> list[RawPost]:
    return list(generate(1, 3000, START, 24))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**40), count=st.integers(1, 120), hours=st.floats(0.02, 200))
def test_every_generated_post_survives_the_wire(seed: int, count: int, hours: float) -> None:
    made = list(generate(seed, count, START, hours))
    assert len(made) == count
    assert [decode(RawPost, encode(post)) for post in made] == made


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**40))
def test_the_same_seed_gives_the_same_bytes(seed: int) -> None:
    first, second = ([encode(post) for post in generate(seed, 200, START, 5)] for _ in range(2))
    assert first == second


def test_posts_come_in_the_order_in_which_they_are_created(posts: list[RawPost]) -> None:
    fresh = [post.created_at for post in posts if post.revision == 0]
    assert fresh == sorted(fresh)


def test_no_post_is_there_twice_and_every_reference_has_come_before(posts: list[RawPost]) -> None:
    seen: dict[str, RawPost] = {}
    for post in posts:
        if post.revision:
            before = seen[post.post_id]
            assert post.revision == before.revision + 1
            assert (post.created_at, post.author) == (before.created_at, before.author)
        else:
            assert post.post_id not in seen
        for reference in (post.in_reply_to, post.repost_of, post.quote_of, post.conversation_id):
            assert reference is None or reference in seen
        seen[post.post_id] = post


def test_few_texts_repeat(posts: list[RawPost]) -> None:
    found = texts(posts)
    assert len(found) > 1500
    assert 1 - len(set(found)) / len(found) < 0.10


def test_two_seeds_share_hardly_a_text_and_no_id(posts: list[RawPost]) -> None:
    other = list(generate(2, 3000, START, 24))
    mine, theirs = set(texts(posts)), set(texts(other))
    assert len(mine & theirs) / len(mine) < 0.05
    assert not {post.post_id for post in posts} & {post.post_id for post in other}


def test_every_kind_of_traffic_is_there(posts: list[RawPost]) -> None:
    share = {
        "direct": sum(post.visibility == "direct" for post in posts),
        "repost": sum(post.repost_of is not None for post in posts),
        "quote": sum(post.quote_of is not None for post in posts),
        "reply": sum(post.in_reply_to is not None for post in posts),
        "own": sum(post.author.handle in ("acmetelecom", "acmecare") for post in posts),
        "edit": sum(post.revision > 0 and not post.deleted for post in posts),
        "deletion": sum(post.deleted for post in posts),
        "review": sum(post.rating is not None for post in posts),
        "verified": sum(bool(post.author.verified) for post in posts),
        "mail": sum("@example." in (post.text or "") for post in posts),
    }
    assert all(count >= 8 for count in share.values()), share
    assert share["repost"] < 0.3 * len(posts)
    assert {post.platform for post in posts} == {"chirp", "mastodon", "bluesky", "reviews"}
    assert {post.lang for post in posts} == {"en", "es", "de", "fr", "pt", None}


def test_only_direct_messages_carry_contact_details(posts: list[RawPost]) -> None:
    for post in posts:
        if "@example." in (post.text or ""):
            assert post.visibility == "direct"
        if post.visibility == "direct":
            assert post.url is None
