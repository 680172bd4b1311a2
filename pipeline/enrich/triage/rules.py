"""Finds the rules of a policy that hold for a post: those that add, and the one that decides.

The rules are asked in order up to the first with an action whose condition holds for the facts of the post.
`triage` says what follows from them.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from pipeline.enrich.facts import Facts, Words
from pipeline.enrich.listening.keywords import FoldedText, rule_keywords
from pipeline.enrich.reading.reading import Reading
from pipeline.enrich.text.lexical import LINK
from pipeline.ports.models import UNDETERMINED
from schemas.base import Probability
from schemas.policy.policy import Policy
from schemas.policy.rules import Condition, TriageRule
from schemas.posts.raw import PostBody

_QUESTION_MARKS = re.compile("[?？؟՞፧⁇⁈⁉]")
"""Question marks are ASCII, full-width, Arabic, Armenian, Ethiopic or doubled. Links are taken out before."""


class Match(NamedTuple):
    """Holds a rule that holds, and the keyword by which it does, if it asks for one."""

    rule: TriageRule
    keyword: str | None


class Matches(NamedTuple):
    """Holds the rules that hold for a post."""

    adding: tuple[Match, ...]
    """Rules without an action before the one that decides, in order."""
    deciding: Match | None
    """The first rule with an action, or None when none holds."""


def matches(policy: Policy, facts: Facts, *, contradicted: bool = False) -> Matches:
    """Returns the rules of the policy that hold.

    Args:
        policy: of the post's workspace.
        facts: the post and its signals.
        contradicted: whether its sentiment is not to be believed; then it has none of the labels.
    """
    keywords: Mapping[int, str] | None = None
    adding: list[Match] = []
    for number, rule in enumerate(policy.rules):
        when = rule.when
        if not _holds(when, facts) or (contradicted and when.sentiment is not None):
            continue
        # Keywords cost most, so they are asked last, and those of all rules at once.
        if when.any_keyword is not None and keywords is None:
            keywords = rule_keywords(policy.rules).hits(FoldedText(facts.text))
        keyword = None if keywords is None or when.any_keyword is None else keywords.get(number)
        if when.any_keyword is not None and keyword is None:
            continue
        if rule.action is not None:
            return Matches(tuple(adding), Match(rule, keyword))
        adding.append(Match(rule, keyword))
    return Matches(tuple(adding), None)


def _holds(when: Condition, facts: Facts) -> bool:
    """Returns whether every given part of a condition holds, apart from the keywords."""
    if when.min_customer_value is not None:
        return False  # the value of a customer is not known yet
    return _circumstances_hold(when, facts.post) and _signals_hold(when, facts)


def _circumstances_hold(when: Condition, post: PostBody) -> bool:
    if when.visibility is not None and post.visibility not in when.visibility:
        return False
    if when.platform is not None and post.platform not in when.platform:
        return False
    if when.repost is not None and when.repost != (post.repost_of is not None):
        return False
    # A platform of which nothing is known neither allows nor forbids.
    if when.reply_allowed is not None and (post.reply is None or post.reply.allowed != when.reply_allowed):
        return False
    return when.max_rating is None or (post.rating is not None and post.rating <= when.max_rating)


def _signals_hold(when: Condition, facts: Facts) -> bool:
    if when.language is not None and _language_of(facts) not in when.language:
        return False
    if not (_reading_holds(when, facts.reading) and _words_hold(when, facts.words)):
        return False
    if not _reaches(facts.intensity, when.min_intensity):
        return False
    if when.min_influence is not None and facts.influence.lower_bound < when.min_influence:
        return False
    return when.question is None or when.question == _asks(facts.text)


def _reading_holds(when: Condition, reading: Reading) -> bool:
    sentiment, intent = reading.sentiment, reading.intent
    if when.sentiment is not None and (sentiment is None or sentiment.label not in when.sentiment):
        return False
    label_probability = None if sentiment is None else getattr(sentiment.probabilities, sentiment.label)
    if when.intent is not None and (intent is None or intent.name not in when.intent):
        return False
    return (
        _reaches(label_probability, when.min_probability)
        and _reaches(reading.pressing, when.min_pressing)
        and _reaches(
            None if reading.language is None else reading.language.confidence, when.min_language_confidence
        )
        and _reaches(reading.complaint, when.min_complaint)
        and _reaches(reading.offence, when.min_offence)
    )


def _words_hold(when: Condition, words: Words) -> bool:
    if when.topic is not None and not any(hit.topic in when.topic for hit in words.topics):
        return False
    if when.urgency_kind is not None and not any(kind in when.urgency_kind for kind in words.urgency_kinds):
        return False
    if when.copies is not None and (words.cluster is None or words.cluster.kind not in when.copies):
        return False
    if when.min_copies is not None and (words.cluster is None or words.cluster.size < when.min_copies):
        return False
    spam = None if words.spam is None else words.spam.score
    return _reaches(words.urgency, when.min_urgency) and _reaches(spam, when.min_spam)


def _reaches(value: Probability | None, least: Probability | None) -> bool:
    # An absent value is not a 0: even a condition of "at least 0" asks for a model that can tell.
    return least is None or (value is not None and value >= least)


def _language_of(facts: Facts) -> str | None:
    """Returns the detected language, or the platform's tag without its region where it is `und` or absent."""
    language = facts.reading.language
    detected = None if language is None else language.code
    if detected is None or detected == UNDETERMINED:
        return _primary_language(facts.post.lang) or detected
    return detected


def _asks(text: str) -> bool:
    """Returns whether the text asks something, by a question mark of any script outside a link."""
    # The query of a link begins with a question mark too.
    return _QUESTION_MARKS.search(LINK.sub(" ", text)) is not None


def _primary_language(tag: str | None) -> str | None:
    return None if tag is None else tag.partition("-")[0].lower()
