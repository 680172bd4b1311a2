"""How influence is computed from engagement. `earshot influence fit` finds the values for a workspace."""

from typing import Annotated

from pydantic import Field

from schemas.base import Part, PlatformName

Weight = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Coefficient = Annotated[float, Field(ge=-20, le=20, allow_inf_nan=False)]


class InfluenceModel(Part):
    """The constants of influence. The defaults were fitted on the earlier half of a panel of 13,476 posts by 8,554
    authors (`deploy/decisions/0015-influence.md`).

    The prior mean of ln(1 + engagement) of a post is constant + per_log_follower ln(1 + followers) + verified,
    and at least 0.
    """

    half_life_days: float = Field(
        default=60, ge=0.1, le=3650, description="age at which a post counts half as much as a new one, in days"
    )
    prior_posts: float = Field(
        default=1, gt=0, le=100, description="posts that the profile counts as, beside those that were observed"
    )
    like: Weight = Field(default=1, description="weight of a like")
    repost: Weight = Field(default=2, description="weight of a repost or a quote")
    reply: Weight = Field(default=1.5, description="weight of a reply or a mention")
    constant: Coefficient = Field(default=-0.04, description="prior mean of an author whom nobody follows")
    per_log_follower: Annotated[float, Field(ge=0, le=20)] = Field(
        default=0.18, description="what a unit of ln(1 + followers) adds to the prior mean; never below 0"
    )
    verified: Annotated[float, Field(ge=0, le=20)] = Field(
        default=0.43, description="what a verified account adds to the prior mean; never below 0"
    )
    unknown: Annotated[float, Field(ge=0, le=20)] = Field(
        default=1.04, description="prior mean where the platform states no followers"
    )
    complete: tuple[PlatformName, ...] = Field(
        default=(),
        max_length=50,
        description="networks whose sources report every reaction, so that a post of which nothing is heard got "
        "none; elsewhere such a post says nothing",
    )
    variance: Annotated[float, Field(gt=0, le=100)] = Field(
        default=0.6, description="variance of ln(1 + engagement) within the posts of an author"
    )
