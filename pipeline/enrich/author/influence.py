"""How far an author's voice carries, judged by the profile alone.

Followers and past local influence predict best how far posts spread (Bakshy et al. 2011, "Everyone's
an influencer"). The profile tells the followers, so they make the prior.

The result is an `Influence` with confidence 0, since no engagement was seen yet. History joins in a later release.
There is no percentile, because it needs the spread over all active authors.
"""

import math

from schemas.posts.raw import Author
from schemas.posts.scored import Influence

TH_CONSTANT, TH_FOLLOWERS, TH_VERIFIED = -0.04, 0.18, 0.43
"""These make the prior mean of log engagement a post, where engagement is likes + 2 reposts. They were fitted on
the earlier half of a panel of 13,476 posts about vaccines by 8,554 authors."""
MU_UNKNOWN = 1.04
"""The prior mean when the platform states no followers is that of the panel's median author, score 9."""
POINTS_PER_LOG = 20 / math.log(10)
"""One unit of log engagement is so many points, which makes 20 points ten times the engagement."""
Z_ONE_SIDED_90 = 1.28
RESIDUAL_VARIANCE = 0.6
PRIOR_POSTS = 1.0
"""The prior counts as much as so many posts (k)."""


def prior_influence(author: Author) -> Influence:
    """Returns the influence of an author without history, 0..100 with two decimals.

    The score is min(100, 20 m / ln 10), where m is the prior mean. The lower bound is m - 1.28 sqrt(0.6 / (W + k))
    with W = 0, in the same points and not below 0. More followers never lower either of them.
    """
    mean = _prior_mean(author)
    lower = mean - Z_ONE_SIDED_90 * math.sqrt(RESIDUAL_VARIANCE / PRIOR_POSTS)
    return Influence(score=_points(mean), confidence=0.0, lower_bound=_points(lower))


def _prior_mean(author: Author) -> float:
    bonus = TH_VERIFIED if author.verified else 0.0
    if author.followers is None:
        return MU_UNKNOWN + bonus
    # The fit is slightly below 0 for authors without followers, and engagement is not.
    return max(0.0, TH_CONSTANT + TH_FOLLOWERS * math.log1p(author.followers) + bonus)


def _points(log_engagement: float) -> float:
    return round(min(100.0, max(0.0, POINTS_PER_LOG * log_engagement)), 2)
