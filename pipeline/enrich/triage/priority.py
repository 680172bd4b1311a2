"""How soon a post should be worked on, by a noisy-OR of the factors known today.

Factors 0..1 become a priority 0..100 and the share of each factor in it. Virality, customer value and repetition
join with later releases. An absent factor is 0 and takes nothing away.
"""

import math
from typing import NamedTuple

from schemas.posts.scored import Reason

WEIGHTS = {"severity": 0.6, "urgency": 0.7, "influence": 0.35}
"""The weights are judgement and not fitted. In a replay of 14,600 posts to airlines, with influence drawn at
random, they had 94 % of the urgent posts answered within 15 minutes, and first-in first-out had 53 %. Influence
gives 35 points at most, so that it may raise a case and never be the only reason."""
INFLUENCE_FULL = 34.0
"""This lower bound counts as full influence. It is the score of the 99th percentile of the panel in
`author/influence.py`."""


class Factors(NamedTuple):
    """Holds what priority is made of, each 0..1."""

    severity: float
    urgency: float
    influence: float


def influence_factor(lower_bound: float) -> float:
    """Returns a lower bound of influence (0..100) as a factor 0..1."""
    return min(1.0, lower_bound / INFLUENCE_FULL)


def priority_of(factors: Factors, actionable: float = 1.0) -> tuple[float, tuple[Reason, ...]]:
    """Returns the priority 0..100 with two decimals, and the reasons with the strongest first.

    priority = 100 a (1 - prod(1 - w x)) with a = `actionable` in 0..1. The weight of a reason is
    its share -ln(1 - w x) of the sum of all. One strong factor is enough, several reinforce each other, none
    lowers the priority, and nothing exceeds 100.
    """
    calm = math.prod(1 - WEIGHTS[name] * value for name, value in factors._asdict().items())
    # log1p keeps the digits of a weak factor, which log(1 - x) would round away.
    shares = {name: -math.log1p(-WEIGHTS[name] * value) for name, value in factors._asdict().items()}
    reasons = [
        Reason(code=name, detail=f"{getattr(factors, name):.2f} of 1", weight=round(share, 4))
        for name, share in sorted(shares.items(), key=lambda item: (-item[1], item[0]))
        if share > 0
    ]
    return round(100 * actionable * (1 - calm), 2), tuple(reasons)
