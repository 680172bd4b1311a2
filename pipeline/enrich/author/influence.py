"""How far an author's voice carries, from the profile alone: the prior of science.md 1.3.

In: an author as the platform described it. Out: `Influence` with confidence 0, since no engagement was seen yet.
Never here: state; history joins in a later release. No percentile: it needs the spread over all active authors.
"""

import math

from schemas.posts.raw import Author
from schemas.posts.scored import Influence

TH_CONSTANT, TH_FOLLOWERS, TH_VERIFIED = -0.04, 0.18, 0.43
"""Prior mean of log engagement a post, fitted on 13,476 posts (science.md 1.3)."""
MU_UNKNOWN = 1.04
"""Prior mean when the platform states no followers: the panel's median author, score 9 (science.md 1.3)."""
POINTS_PER_LOG = 20 / math.log(10)
"""20 points are ten times the engagement."""
Z_ONE_SIDED_90 = 1.28
RESIDUAL_VARIANCE = 0.6
PRIOR_POSTS = 1.0
"""Strength k of the prior, in posts."""


def prior_influence(author: Author) -> Influence:
    """The influence of an author without history; 0..100, two decimals.

    score = min(100, 20 m / ln 10) with m the prior mean; lower bound m - 1.28 sqrt(0.6 / (W + k)), W = 0,
    in the same points and not below 0 (science.md 1.3). More followers never lower either.
    """
    mean = _prior_mean(author)
    lower = mean - Z_ONE_SIDED_90 * math.sqrt(RESIDUAL_VARIANCE / PRIOR_POSTS)
    return Influence(score=_points(mean), confidence=0.0, lower_bound=_points(lower))


def _prior_mean(author: Author) -> float:
    bonus = TH_VERIFIED if author.verified else 0.0
    if author.followers is None:
        return MU_UNKNOWN + bonus
    return max(0.0, TH_CONSTANT + TH_FOLLOWERS * math.log1p(author.followers) + bonus)


def _points(log_engagement: float) -> float:
    return round(min(100.0, max(0.0, POINTS_PER_LOG * log_engagement)), 2)
