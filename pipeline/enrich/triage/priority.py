"""How soon a post should be worked on, by a noisy-OR of the factors known today.

Factors 0..1 become a priority 0..100 and the share of each factor in it. Virality and repetition join with later
releases. An absent factor is 0 and takes nothing away. The priority of a post follows from the
post and the policy alone and never from the other posts, so that the same post has the same priority on every
worker and every day. `deploy/decisions/0013-priority.md` says how the formula was measured.
"""

import math
from typing import NamedTuple

from schemas.base import Probability
from schemas.people.customer import Customer
from schemas.posts.scored import Reason

WEIGHTS = {"severity": 0.3, "urgency": 0.9, "influence": 0.35, "customer": 0.35, "rules": 1.0}
"""Urgency orders, and severity parts posts that are equally urgent. Safety alone reaches 90. Influence and the
value of the customer give 35 points each at most, so that either may raise a case and neither be the only reason.
What rules add counts as they say."""
INFLUENCE_FULL = 34.0
"""This lower bound counts as full influence. It is the score of the 99th percentile of the panel in
`deploy/decisions/0015-influence.md`."""
URGENT_SHARE = 0.13
"""This share of the posts of real support streams is urgent, counted in 1,487 of them. A rule that states a higher
share for its posts raises them, and a lower one changes nothing."""
COMPLAINT_SHARE = 0.4
"""A negative post keeps so much less of its severity when it is surely no complaint."""


class Factors(NamedTuple):
    """Holds what priority is made of, each 0..1."""

    severity: float
    urgency: float
    influence: float
    customer: float = 0.0
    rules: float = 0.0
    """What rules add that do not decide."""


def severity_factor(negative: Probability, complaint: Probability | None) -> float:
    """Returns P(negative) (.6 + .4 P(complaint)), where an unknown complaint counts as a sure one."""
    certain = 1.0 if complaint is None else complaint
    return negative * (1 - COMPLAINT_SHARE * (1 - certain))


def urgency_factor(stated: Probability, words: Probability, pressing: Probability | None) -> float:
    """Returns the urgency of a post: the grade of its words, or what rule and text say together if that is more.

    A rule states which share of its posts is urgent, and the text says how likely it is among all posts. Together
    they are the probability among the posts of the rule, by Bayes' rule for another prior: the odds of the text
    times the odds of the stated share over those of `URGENT_SHARE` (Saerens, Latinne and Decaestecker 2002).

    Args:
        stated: the urgency of the rule.
        words: the grade of the gravest words.
        pressing: the probability by the text; without it the rule's own share stands for it.
    """
    if pressing is None:
        return max(words, stated)
    if stated <= URGENT_SHARE:
        return max(words, pressing)
    if stated >= 1:
        return 1.0
    odds = stated / (1 - stated) * (1 - URGENT_SHARE) / URGENT_SHARE
    return max(words, odds * pressing / (1 - pressing + odds * pressing))


def influence_factor(lower_bound: float) -> float:
    """Returns a lower bound of influence (0..100) as a factor 0..1."""
    return min(1.0, lower_bound / INFLUENCE_FULL)


def expected_value(customer: Customer | None) -> Probability | None:
    """Returns the value of a customer times the confidence of the link; None where no value is known.

    It is what the author is worth on average, because whoever is linked wrongly is worth nothing that we know of.
    """
    return None if customer is None or customer.value is None else customer.value * customer.confidence


def priority_of(factors: Factors, actionable: float = 1.0) -> tuple[float, tuple[Reason, ...]]:
    """Returns the priority 0..100 with two decimals, and the reasons with the strongest first.

    priority = 100 a (1 - prod(1 - w x)) with a = `actionable` in 0..1. The weight of a reason is how many points
    of the priority it gave, which are shared out by the shares -ln(1 - w x) of the factors. One strong factor is
    enough, several reinforce each other, none lowers the priority, and nothing exceeds 100.
    """
    weighed = {name: min(WEIGHTS[name] * value, MOST) for name, value in factors._asdict().items()}
    calm = math.prod(1 - part for part in weighed.values())
    # log1p keeps the digits of a weak factor, which log(1 - x) would round away.
    shares = {name: -math.log1p(-part) for name, part in weighed.items()}
    priority, whole = 100 * actionable * (1 - calm), sum(shares.values())
    reasons = [
        Reason(code=name, detail=f"{getattr(factors, name):.2f} of 1", weight=round(priority * share / whole, 2))
        for name, share in sorted(shares.items(), key=lambda item: (-item[1], item[0]))
        if share > 0
    ]
    return round(priority, 2), tuple(reasons)


MOST = 1 - 1e-6
"""No factor is quite certain, because the logarithm of 0 is no share."""
