import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.influence.estimate import DEFAULT, influence_of
from schemas.posts.raw import Author
from schemas.posts.scored import Influence

FOLLOWERS = st.integers(min_value=0, max_value=10**12)


def author(followers: int | None, verified: bool | None = None) -> Author:
    return Author(author_id="x:1", followers=followers, verified=verified)


def prior_influence(profile: Author) -> Influence:
    return influence_of(None, profile, 0.0)


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
    assert (found.percentile, found.parts) == (None, None)
    assert 0 <= found.lower_bound <= found.score <= 100


def test_the_formula_of_the_prior() -> None:
    mean = -0.04 + 0.18 * math.log(1 + 10_000) + 0.43
    found = prior_influence(author(10_000, True))
    assert found.score == pytest.approx(20 * mean / math.log(10), abs=0.005)
    assert found.lower_bound == pytest.approx(20 * (mean - 1.28 * math.sqrt(0.6)) / math.log(10), abs=0.005)


def test_unknown_followers_count_as_the_median_author_not_as_none() -> None:
    unknown = prior_influence(author(None))
    assert unknown.score == pytest.approx(20 * DEFAULT.unknown / math.log(10), abs=0.005)
    assert unknown.score > prior_influence(author(0)).score


def test_an_anonymous_author_has_none_whatever_is_known() -> None:
    hidden = Author(author_id="x:1", followers=5_000_000, verified=True, anonymous=True)
    assert prior_influence(hidden) == Influence(score=0, confidence=0, lower_bound=0)
