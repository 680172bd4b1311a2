"""How soon a post should be worked on: the noisy-OR of science.md 3.2 over the factors known today.

In: factors 0..1. Out: priority 0..100 and what each factor gave. Never here: rules, posts. Virality, customer
value and repetition join with later releases; an absent factor is 0 and takes nothing away.
"""

import math
from typing import NamedTuple

from schemas.posts.scored import Reason

WEIGHTS = {"severity": 0.6, "urgency": 0.7, "influence": 0.35}
"""science.md 3.2. Influence is capped at 35 points: it may raise a case, never be the only reason."""
INFLUENCE_FULL = 34.0
"""Lower bound that counts as full influence: the score of the panel's 99th percentile (science.md 1.3)."""


class Factors(NamedTuple):
    """What priority is made of, each 0..1."""

    severity: float
    urgency: float
    influence: float


def influence_factor(lower_bound: float) -> float:
    """A lower bound of influence (0..100) as a factor 0..1."""
    return min(1.0, lower_bound / INFLUENCE_FULL)


def priority_of(factors: Factors, actionable: float = 1.0) -> tuple[float, tuple[Reason, ...]]:
    """Priority 0..100 with two decimals, and the reasons, strongest first.

    priority = 100 a (1 - prod(1 - w x)), a = `actionable` in 0..1 (science.md 3.2); a reason's weight is its share
    -ln(1 - w x) of the sum of all. One strong factor is enough, several reinforce, none lowers, and nothing
    exceeds 100.
    """
    calm = math.prod(1 - WEIGHTS[name] * value for name, value in factors._asdict().items())
    shares = {name: -math.log1p(-WEIGHTS[name] * value) for name, value in factors._asdict().items()}
    reasons = [
        Reason(code=name, detail=f"{getattr(factors, name):.2f} of 1", weight=round(share, 4))
        for name, share in sorted(shares.items(), key=lambda item: (-item[1], item[0]))
        if share > 0
    ]
    return round(100 * actionable * (1 - calm), 2), tuple(reasons)
