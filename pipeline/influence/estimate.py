"""The influence of an author at a time, from the author's row and profile.

The score is the engagement that a post of the author is expected to get, on a logarithmic scale. What is averaged
is ln(1 + engagement) of each post, where older posts count less. The prior by followers and verification counts as
`prior_posts` posts more. Followers and past local influence predict best how far posts spread (Bakshy et al. 2011,
"Everyone's an influencer"). `deploy/decisions/0015-influence.md` has the measurements.
"""

import math

from pipeline.influence.row import UNKNOWN, Row, Seen
from schemas.policy.influence import InfluenceModel
from schemas.posts.raw import Author
from schemas.posts.scored import Influence, InfluenceParts

DEFAULT = InfluenceModel()
POINTS_PER_LOG = 20 / math.log(10)
"""One unit of log engagement is so many points, which makes 20 points ten times the engagement."""
Z_ONE_SIDED_90 = 1.28
DAY_S = 86_400
MATURE_S = DAY_S
"""A post counts whole when it is this old. By then it has nearly all of its engagement."""
HALF = 0.5
"""A younger post counts so much, and one of which only single reactions were seen. Whole would let a burst of
fresh posts look like failure, and nothing would ignore what is known."""
THOUSAND = 1000


def influence_of(row: Row | None, author: Author, now_s: float, model: InfluenceModel = DEFAULT) -> Influence:
    """Returns the influence of an author, each number but the confidence in points 0..100 with two decimals.

    m = (Q + k mu) / (W + k) with the prior mean mu and k = `prior_posts`. The score is 20 m / ln 10, the
    confidence is W / (W + k), and the lower bound is m - 1.28 sqrt(variance / (W + k)) in points, not below 0.

    Args:
        row: None for an author of whom nothing was seen.
        author: the profile; where it states no followers, those of the row count.
        now_s: in seconds since the epoch.
        model: the constants.
    """
    if author.anonymous:
        # The id may stand for several people, so that nothing is known of the one who writes.
        return Influence(score=0.0, confidence=0.0, lower_bound=0.0)
    followers, verified = author.followers, author.verified
    if row is not None:
        followers = row.followers if followers is None else followers
        verified = row.verified if verified is None else verified
    prior = prior_mean(followers, verified, model)
    total, weight = (0.0, 0.0) if row is None else sums(row, now_s, prior, model)
    known = weight + model.prior_posts
    mean = (total + model.prior_posts * prior) / known
    parts = None
    if weight > 0:
        parts = InfluenceParts(
            from_profile=points(prior), posts=round(weight, 2), engagement=round(math.expm1(total / weight), 2)
        )
    return Influence(
        score=points(mean),
        confidence=round(weight / known, 4),
        lower_bound=points(mean - Z_ONE_SIDED_90 * math.sqrt(model.variance / known)),
        parts=parts,
    )


def prior_mean(followers: int | None, verified: bool | None, model: InfluenceModel) -> float:
    """Returns the mean of ln(1 + engagement) that the profile makes likely. Unknown followers count as the median
    author's, and more followers never lower it."""
    bonus = model.verified if verified else 0.0
    if followers is None:
        return model.unknown + bonus
    # The fit is slightly below 0 for authors without followers, and engagement is not.
    return max(0.0, model.constant + model.per_log_follower * math.log1p(followers) + bonus)


def points(log_engagement: float) -> float:
    """Returns log engagement in points 0..100 with two decimals."""
    return round(min(100.0, max(0.0, POINTS_PER_LOG * log_engagement)), 2)


def sums(row: Row, now_s: float, prior: float, model: InfluenceModel) -> tuple[float, float]:
    """Returns Q and W of all posts of the row at a time."""
    decay = faded(now_s - row.settled_ms / 1000, model)
    total, weight = row.total * decay, row.weight * decay
    for post in row.posts:
        age_s = now_s - post.at
        value, share = observed(post, age_s, prior, model, reported=row.reported)
        decay = faded(age_s, model)
        total += value * decay * share
        weight += decay * share
    return total, weight


def observed(
    post: Seen, age_s: float, prior: float, model: InfluenceModel, *, reported: bool
) -> tuple[float, float]:
    """Returns ln(1 + engagement) of a post, and how much of a post it counts as, 0..1.

    Args:
        post: of the author's row.
        age_s: its age in seconds.
        prior: the prior mean of the author.
        model: the constants.
        reported: whether a source counts the author's engagement.
    """
    value = log_engagement_of(post, model)
    stated = min(post.likes, post.reposts, post.quotes, post.replies) != UNKNOWN
    if age_s >= MATURE_S and (stated or reported):
        return value, 1.0
    if stated:
        return value, HALF
    # Of the others only a part was seen. It may lift an author above the profile, and never press them below it.
    return (max(value, prior), HALF) if value > 0 else (0.0, 0.0)


def log_engagement_of(post: Seen, model: InfluenceModel) -> float:
    """Returns ln(1 + engagement) of a post. Of counters and single events of one kind the higher sum counts,
    because both may report the same people."""
    likes = max(_known(post.likes), post.liked / THOUSAND)
    shares = max(_known(post.reposts) + _known(post.quotes), post.shared / THOUSAND)
    talk = max(_known(post.replies), post.talked / THOUSAND)
    return math.log1p(model.like * likes + model.repost * shares + model.reply * talk)


def faded(age_s: float, model: InfluenceModel) -> float:
    """Returns how much is left of the weight of a post of that age, 1 for one from the future."""
    return 1.0 if age_s <= 0 else 0.5 ** (age_s / (DAY_S * model.half_life_days))


def _known(counter: int) -> int:
    return 0 if counter == UNKNOWN else counter
