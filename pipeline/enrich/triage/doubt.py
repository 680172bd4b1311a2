"""How doubtful the readings of a post are, and whether a person should sort it.

A contradiction stands in the text itself: somebody thanks for the third outage. A margin stands in a reading: the
model is hardly surer of one answer than of another. Each gives a doubt from 0 to 1, and the greatest one counts.
"""

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from pipeline.enrich.facts import Facts
from pipeline.enrich.listening.cache_key import ByIdentity
from pipeline.enrich.triage.rules import Match
from schemas.policy.doubt import Doubt, DoubtBounds
from schemas.policy.policy import ListeningTopic, Policy

LIKELY = 0.5
"""From this probability on, a complaint or a pressing matter contradicts a positive label."""
LEAST_DOUBT: Mapping[float, float] = {0.05: 0.95, 0.1: 0.81, 0.15: 0.67}
"""Share of the work to the least doubt that it takes, measured with the usual bounds and the example policy on
2,778 posts to brands, where doubts of .95 and .81 leave 5 and 10 % of the work. In the traffic of the demo they
leave 2 and 5 %. The share that is reached is thus an estimate, but no decision depends on the posts before."""
READINGS = ("sentiment", "min_probability", "min_complaint", "min_offence", "min_pressing", "intent")
"""A rule that asks for one of these, and for nothing else that is certain, rests on what a model reads."""


class Doubtful(NamedTuple):
    """Says how doubtful a post is, from 0 to 1, and why."""

    score: float
    why: str


def contradiction(facts: Facts, policy: Policy) -> str | None:
    """Returns what speaks against a positive label, None when nothing does or the label is another one."""
    sentiment, words, reading = facts.reading.sentiment, facts.words, facts.reading
    if sentiment is None or sentiment.label != "positive":
        return None
    if words.urgency_kinds:
        return f"words of {', '.join(words.urgency_kinds)}"
    if words.topics and (
        named := _problems(ByIdentity(policy.topics)).intersection(hit.topic for hit in words.topics)
    ):
        return f"topic {', '.join(sorted(named)[:3])}"
    if reading.complaint is not None and reading.complaint >= LIKELY:
        return f"complaint {reading.complaint:.2f} of 1"
    if reading.pressing is not None and reading.pressing >= LIKELY:
        return f"pressing {reading.pressing:.2f} of 1"
    return None


def doubt_about(facts: Facts, against: str | None, bounds: DoubtBounds) -> Doubtful:
    """Returns the greatest doubt of all bounds; 0 without any.

    A margin m below its bound b gives a doubt of 1 - m / b.

    Args:
        facts: the post and its signals.
        against: what contradicts its label.
        bounds: of the policy.
    """
    reading, found = facts.reading, [Doubtful(0.0, "")]
    if against is not None and bounds.contradiction:
        found.append(Doubtful(1.0, f"positive beside {against}"))
    if reading.sentiment is not None:
        values = reading.sentiment.probabilities
        first, second, _ = sorted((values.negative, values.neutral, values.positive), reverse=True)
        found.append(_near(first - second, bounds.sentiment_margin, f"sentiment by {first - second:.2f}"))
    if reading.complaint is not None:
        said = f"complaint {reading.complaint:.2f}"
        found.append(_near(abs(reading.complaint - 0.5), bounds.complaint_margin, said))
    if reading.language is not None:
        sure = reading.language.confidence
        found.append(_near(sure, bounds.language_confidence, f"language {sure:.2f}"))
    return max(found, key=lambda doubt: doubt.score)


def enough(doubtful: Doubtful, doubt: Doubt) -> bool:
    """Returns whether a post is doubtful enough for the share that the policy allows."""
    return 0 < doubtful.score >= _least_doubt(doubt.max_share)


def rests_on_readings(match: Match | None) -> bool:
    """Returns whether a decision could be another one if a model had read the post otherwise.

    A rule that asks for topics, words of urgency or the visibility is sure enough, whatever it asks besides.
    """
    if match is None:
        return True
    asked = {name for name in type(match.rule.when).model_fields if getattr(match.rule.when, name) is not None}
    return not asked - set(READINGS)


def _near(margin: float, bound: float, why: str) -> Doubtful:
    return Doubtful(0.0, "") if margin >= bound else Doubtful(1 - margin / bound, why)


def _least_doubt(share: float) -> float:
    """Returns the least doubt for a share, in a straight line between those of `LEAST_DOUBT`."""
    for (below, most), (above, least) in pairwise(LEAST_DOUBT.items()):
        if share <= above:
            return most - (most - least) * (share - below) / (above - below)
    return min(LEAST_DOUBT.values())


@lru_cache(maxsize=256)
def _problems(topics: ByIdentity[tuple[ListeningTopic, ...]]) -> frozenset[str]:
    return frozenset(topic.name for topic in topics.value if topic.problem)
