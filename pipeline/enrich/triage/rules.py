"""The rules of a policy: which one decides about a post.

In: what is known of a post and a policy. Out: the first rule whose condition holds, with the keyword that it
found. Never here: what follows from it (`triage.py`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from pipeline.enrich.listening.keywords import FoldedText, rule_keywords
from pipeline.enrich.signals import NOTHING_SAID, WordSignals
from pipeline.enrich.text.lexical import LINK
from pipeline.ports.models import UNDETERMINED
from schemas.base import Probability
from schemas.policy.policy import Condition, Policy, TriageRule
from schemas.posts.raw import PostBody
from schemas.posts.scored import Influence, Language, Sentiment
from schemas.posts.signals import Intent

_QUESTION_MARKS = re.compile("[?？؟՞፧⁇⁈⁉]")
"""ASCII, full-width, Arabic, Armenian, Ethiopic, and the doubled ones; links are taken out before."""


@dataclass(frozen=True)
class Facts:
    """What conditions can ask about one post."""

    post: PostBody
    sentiment: Sentiment | None
    influence: Influence
    offence: Probability | None = None
    complaint: Probability | None = None
    language: Language | None = None
    intent: Intent | None = None
    intensity: Probability = 0.0
    signals: WordSignals = NOTHING_SAID

    @cached_property
    def plain(self) -> str:
        """Title and text without what was masked."""
        return self.signals.words

    @cached_property
    def folded(self) -> FoldedText:
        """Title and text prepared for keywords."""
        return FoldedText(self.plain)

    @property
    def spoken(self) -> str | None:
        """The detected language; where it is `und` or absent, the platform's tag without region, if it has one."""
        detected = None if self.language is None else self.language.code
        if detected is None or detected == UNDETERMINED:
            return _primary_language(self.post.lang) or detected
        return detected

    @cached_property
    def asks(self) -> bool:
        """Whether the text asks something: a question mark of any script outside a link."""
        return _QUESTION_MARKS.search(LINK.sub(" ", self.plain)) is not None


class Match(NamedTuple):
    """The rule that decides, and the keyword by which it holds, if by one."""

    rule: TriageRule
    keyword: str | None


def first_match(policy: Policy, facts: Facts) -> Match | None:
    """The first rule of the policy whose condition holds, None when none does."""
    found: Mapping[int, str] | None = None
    for number, rule in enumerate(policy.rules):
        if not _holds(rule.when, facts):
            continue
        if rule.when.any_keyword is None:
            return Match(rule, None)
        # Keywords cost most, so they are asked last, and those of all rules at once.
        if found is None:
            found = rule_keywords(policy.rules).found(facts.folded)
        if number in found:
            return Match(rule, found[number])
    return None


def _holds(when: Condition, facts: Facts) -> bool:
    """Every given part but the keywords."""
    return _circumstances_hold(when, facts.post) and _signals_hold(when, facts)


def _circumstances_hold(when: Condition, post: PostBody) -> bool:
    if when.visibility is not None and post.visibility not in when.visibility:
        return False
    if when.platform is not None and post.platform not in when.platform:
        return False
    if when.repost is not None and when.repost != (post.repost_of is not None):
        return False
    return when.max_rating is None or (post.rating is not None and post.rating <= when.max_rating)


def _signals_hold(when: Condition, facts: Facts) -> bool:
    if when.language is not None and facts.spoken not in when.language:
        return False
    sentiment = facts.sentiment
    if when.sentiment is not None and (sentiment is None or sentiment.label not in when.sentiment):
        return False
    if when.min_probability is not None:
        if sentiment is None:
            return False
        if getattr(sentiment.probabilities, sentiment.label) < when.min_probability:
            return False
    if not (_reaches(facts.complaint, when.min_complaint) and _reaches(facts.offence, when.min_offence)):
        return False
    if not _words_hold(when, facts):
        return False
    if when.min_influence is not None and facts.influence.lower_bound < when.min_influence:
        return False
    return when.question is None or when.question == facts.asks


def _words_hold(when: Condition, facts: Facts) -> bool:
    signals = facts.signals
    if when.topic is not None and not any(hit.topic in when.topic for hit in signals.topics):
        return False
    if when.intent is not None and (facts.intent is None or facts.intent.name not in when.intent):
        return False
    spam = None if signals.spam is None else signals.spam.score
    return (
        _reaches(signals.urgency.score, when.min_urgency)
        and _reaches(facts.intensity, when.min_intensity)
        and _reaches(spam, when.min_spam)
    )


def _reaches(value: Probability | None, least: Probability | None) -> bool:
    # An absent value is not a 0: even a condition of "at least 0" asks for a model that can tell.
    return least is None or (value is not None and value >= least)


def _primary_language(tag: str | None) -> str | None:
    return None if tag is None else tag.partition("-")[0].lower()
