"""Finds the constants of influence that fit a panel of posts.

The prior is a least-squares fit of ln(1 + engagement) to followers and verification. The half-life and the weight
of the prior are those with which the posts of the later half were predicted best, each before it was seen
(prequential squared error, Dawid 1984), by a prior that was fitted on the earlier half. The weights of likes,
reposts and replies define what is predicted, so no panel can fit them.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.influence.estimate import DAY_S, prior_mean
from schemas.policy.influence import InfluenceModel

Floats = NDArray[np.float64]
HALF_LIVES_DAYS = (1.0, 3.0, 7.0, 14.0, 30.0, 60.0, 90.0, 180.0)
PRIOR_POSTS = (0.25, 0.5, 0.7, 1.0, 1.5, 2.0, 4.0)
EARLIER = 0.5
"""The prior is fitted on this share of the posts while the rest is predicted."""
ENOUGH = 1.01
"""The default is kept where its error is at most so many times the least, because panels differ more than that."""
DIGITS = 4


class Outcome(NamedTuple):
    """Holds one post of a panel."""

    author: str
    at_s: float
    followers: int | None
    verified: bool | None
    engagement: float
    """Weighted, >= 0."""


class Fit(NamedTuple):
    """Holds what was found."""

    model: InfluenceModel
    errors: dict[tuple[float, float], float]
    """Half-life in days and prior posts to the mean squared error of ln(1 + engagement)."""


def fit(posts: Sequence[Outcome], start: InfluenceModel) -> Fit:
    """Returns the constants that fit the posts, with the weights of the actions as in `start`.

    Args:
        posts: at least two, in time order.
        start: whose half-life and prior posts are kept where others are hardly better.
    """
    half = int(len(posts) * EARLIER)
    learnt = _with_prior(posts[:half], start)
    errors = {
        (days, known): _error(
            posts, half, learnt.model_copy(update={"half_life_days": days, "prior_posts": known})
        )
        for days in sorted({*HALF_LIVES_DAYS, start.half_life_days})
        for known in sorted({*PRIOR_POSTS, start.prior_posts})
    }
    best = min(errors, key=lambda pair: (errors[pair], pair))
    usual = (start.half_life_days, start.prior_posts)
    days, known = usual if errors[usual] <= ENOUGH * errors[best] else best
    model = _with_prior(posts, start).model_copy(
        update={"half_life_days": days, "prior_posts": known, "variance": _variance(posts) or start.variance}
    )
    return Fit(model, errors)


def _with_prior(posts: Sequence[Outcome], start: InfluenceModel) -> InfluenceModel:
    """Returns the model with the prior that fits the posts. A coefficient that would be negative is 0, because
    followers and verification never lower a prior."""
    stated = [post for post in posts if post.followers is not None]
    if not stated:
        return start.model_copy(
            update={"unknown": round(float(np.mean([_value(post) for post in posts])), DIGITS)}
        )
    columns = {
        "constant": np.ones(len(stated)),
        "per_log_follower": np.array([math.log1p(post.followers or 0) for post in stated]),
        "verified": np.array([float(bool(post.verified)) for post in stated]),
    }
    values = np.array([_value(post) for post in stated])
    found = _least_squares(columns, values)
    for name in ("per_log_follower", "verified"):
        if found[name] < 0:
            columns.pop(name)
            found = {**_least_squares(columns, values), name: 0.0}
    model = start.model_copy(update={name: round(value, DIGITS) for name, value in found.items()})
    # The median author and not the median post, because busy authors are not typical.
    latest = {post.author: prior_mean(post.followers, post.verified, model) for post in stated}
    return model.model_copy(update={"unknown": round(float(np.median(list(latest.values()))), DIGITS)})


def _least_squares(columns: dict[str, Floats], values: Floats) -> dict[str, float]:
    found = np.linalg.lstsq(np.column_stack(list(columns.values())), values, rcond=None)[0]
    return {"verified": 0.0, "per_log_follower": 0.0} | dict(zip(columns, map(float, found), strict=True))


def _error(posts: Sequence[Outcome], begin: int, model: InfluenceModel) -> float:
    sums: dict[str, tuple[float, float, float]] = {}
    squares = 0.0
    for number, post in enumerate(posts):
        total, weight, at_s = sums.get(post.author, (0.0, 0.0, post.at_s))
        faded = 0.5 ** ((post.at_s - at_s) / (DAY_S * model.half_life_days))
        total, weight = total * faded, weight * faded
        value = _value(post)
        if number >= begin:
            prior = prior_mean(post.followers, post.verified, model)
            squares += (value - (total + model.prior_posts * prior) / (weight + model.prior_posts)) ** 2
        sums[post.author] = (total + value, weight + 1, post.at_s)
    return squares / (len(posts) - begin)


def _variance(posts: Sequence[Outcome]) -> float | None:
    """Returns the variance of ln(1 + engagement) within authors; None where there is none."""
    by_author: dict[str, list[float]] = {}
    for post in posts:
        by_author.setdefault(post.author, []).append(_value(post))
    freedom = sum(len(values) - 1 for values in by_author.values())
    squares = sum(float(np.var(values)) * len(values) for values in by_author.values())
    return round(squares / freedom, DIGITS) if freedom and squares > 0 else None


def _value(post: Outcome) -> float:
    return math.log1p(post.engagement)
