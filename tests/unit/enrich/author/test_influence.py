import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.author.influence import MU_UNKNOWN, prior_influence
from schemas.posts.raw import Author

FOLLOWERS = st.integers(min_value=0, max_value=10**12)


def author(followers: int | None, verified: bool | None = None) -> Author:
    return Author(author_id="x:1", followers=followers, verified=verified)


@given(FOLLOWERS, FOLLOWERS, st.booleans())
def test_more_followers_never_lower_influence(first: int, second: int, verified: bool) -> None:
    few, many = sorted((first, second))
    less, more = prior_influence(author(few, verified)), prior_influence(author(many, verified))
    assert less.score <= more.score
    assert less.lower_bound <= more.lower_bound


@given(st.one_of(st.none(), FOLLOWERS))
def test_verification_never_lowers_influence(followers: int | None) -> None:
    assert prior_influence(author(followers)).score <= prior_influence(author(followers, True)).score


@given(st.one_of(st.none(), FOLLOWERS), st.one_of(st.none(), st.booleans()))
def test_without_history_confidence_is_0_and_there_is_no_percentile(
    followers: int | None, verified: bool | None
) -> None:
    found = prior_influence(author(followers, verified))
    assert found.confidence == 0
    assert found.percentile is None
    assert 0 <= found.lower_bound <= found.score <= 100


def test_the_formula_of_the_prior() -> None:
    mean = -0.04 + 0.18 * math.log(1 + 10_000) + 0.43
    found = prior_influence(author(10_000, True))
    assert found.score == pytest.approx(20 * mean / math.log(10), abs=0.005)
    assert found.lower_bound == pytest.approx(20 * (mean - 1.28 * math.sqrt(0.6)) / math.log(10), abs=0.005)


def test_unknown_followers_count_as_the_median_author_not_as_none() -> None:
    unknown = prior_influence(author(None))
    assert unknown.score == pytest.approx(20 * MU_UNKNOWN / math.log(10), abs=0.005)
    assert unknown.score > prior_influence(author(0)).score
