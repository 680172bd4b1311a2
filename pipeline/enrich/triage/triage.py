"""Decides what should be done about a post, by whom, how soon, and why.

The facts of a post and the policy of its workspace give a `Triage` with reasons. Nothing is dropped here. A post
that nobody should act on gets action `none` and the reason for it.
"""

from pipeline.enrich.facts import Facts
from pipeline.enrich.triage.priority import (
    Factors,
    influence_factor,
    priority_of,
    severity_factor,
    urgency_factor,
)
from pipeline.enrich.triage.rules import Match, first_match
from schemas.policy.policy import Policy
from schemas.posts.scored import Reason, Triage

DELETED, BACKFILL, REPOST = "deleted", "backfill", "repost"
NO_POLICY, OWN_POST, NO_RULE = "no_policy", "own_post", "no_rule_matched"
WEAK_SENTIMENT = "weak_sentiment"
"""This reason stands beside a decision by rules, which use the sentiment, when the model was not made for the
text."""
SPAM, COPY = "spam", "copy"
"""These reasons say why the priority is a small part of what it would be. Their weight is 0, and nothing is
dropped."""
SHOWN_TOPICS = 3
MAX_DETAIL_CHARS = 300
"""`Reason.detail` holds at most so many characters."""
SPAM_FROM = 0.7
"""The score of two signs. One alone is too weak to push a person's case to the end of the queue."""
SPAM_ACTIONABLE, COPY_ACTIONABLE = 0.05, 0.2
"""Spam keeps .05 of its priority. A copy keeps .2, because the hundredth customer with the same sentence may still
be a customer. The case waits behind the others and not at the very end."""
URGENT = 0.8
"""From this urgency on nothing is a mere copy, because five people who smell smoke may well use the same words."""
CAMPAIGN = 5
"""A text with so many copies is a campaign. Fewer copies are people who say the same."""


def triage(facts: Facts, *, policy: Policy | None, backfill: bool) -> Triage:
    """Decides by the first rule that holds, unless the post is no work whatever the rules say.

    Args:
        facts: the post and its signals.
        policy: the policy of the post's workspace; None when none is known.
        backfill: whether the post was too old when it was received.
    """
    version = 0 if policy is None else policy.version
    excluded = _never_work(facts, backfill=backfill)
    if excluded is not None:
        return _no_action(excluded, "", version)
    if policy is None:
        return _no_action(NO_POLICY, f"no policy of {facts.post.workspace} is known", version)
    match = first_match(policy, facts)
    if match is None:
        return _no_action(NO_RULE, "", version, *_weakness_reasons(facts))
    if match.rule.action == "none":
        return _no_action("rule", _rule_reason(match, facts), version, *_weakness_reasons(facts))
    return _action(facts, match, version)


def _never_work(facts: Facts, *, backfill: bool) -> str | None:
    post = facts.post
    # The first that holds is the reason, so a deleted repost is told as deleted, whoever wrote it and when.
    if post.deleted:
        return DELETED
    if backfill:
        return BACKFILL
    if facts.own:
        return OWN_POST
    return REPOST if post.repost_of is not None else None


def _action(facts: Facts, match: Match, version: int) -> Triage:
    sentiment, complaint = facts.reading.sentiment, facts.reading.complaint
    factors = Factors(
        severity=0.0 if sentiment is None else severity_factor(sentiment.probabilities.negative, complaint),
        urgency=urgency_factor(match.rule.urgency, facts.words.urgency, facts.reading.pressing),
        influence=influence_factor(facts.influence.lower_bound),
    )
    actionable, why_less = _actionable(facts, factors.urgency)
    priority, shares = priority_of(factors, actionable)
    return Triage(
        action=match.rule.action,
        queue=match.rule.queue,
        skills=match.rule.skills,
        priority=priority,
        reasons=(
            Reason(code="rule", detail=_rule_reason(match, facts)),
            *(_with_urgent_words(share, facts) for share in shares),
            *why_less,
            *_weakness_reasons(facts),
        ),
        policy_version=version,
    )


def _rule_reason(match: Match, facts: Facts) -> str:
    """Returns the rule and which of the things that it asks for the post has; other reasons say the rest."""
    when = match.rule.when
    parts = [] if match.keyword is None else [f'keyword "{match.keyword}"']
    if when.topic is not None:
        hits = [hit.topic for hit in facts.words.topics if hit.topic in when.topic]
        parts.append(f"topic {', '.join(hits[:SHOWN_TOPICS])}")
    intent = facts.reading.intent
    if when.intent is not None and intent is not None:
        parts.append(f"intent {intent.name} {intent.confidence:.2f} of 1")
    for name, least, value in (
        ("complaint", when.min_complaint, facts.reading.complaint),
        ("offence", when.min_offence, facts.reading.offence),
    ):
        if least is not None and value is not None:
            parts.append(f"{name} {value:.2f} of 1")
    because = f"{match.rule.name}: {', '.join(parts)}" if parts else match.rule.name
    return because[:MAX_DETAIL_CHARS]


def _actionable(facts: Facts, urgency: float) -> tuple[float, tuple[Reason, ...]]:
    """Returns the share of its priority that a post keeps, and the reason when it is not all of it."""
    spam, cluster = facts.words.spam, facts.words.cluster
    # Spam is asked first, because spammers copy and should lose more than customers who use the same words.
    if spam is not None and spam.score >= SPAM_FROM:
        return SPAM_ACTIONABLE, (Reason(code=SPAM, detail=f"{', '.join(spam.reasons)}: {spam.score:.2f} of 1"),)
    # A standard sentence in private is no campaign, because each of these writers waits for an answer alone.
    public = facts.post.visibility != "direct"
    campaign = public and cluster is not None and cluster.kind != "original" and cluster.size >= CAMPAIGN
    if cluster is not None and campaign and urgency < URGENT:
        return COPY_ACTIONABLE, (Reason(code=COPY, detail=f"{cluster.kind} number {cluster.size} of its text"),)
    return 1.0, ()


def _with_urgent_words(share: Reason, facts: Facts) -> Reason:
    """Adds to the reason of urgency which words made it, where words did."""
    kinds = facts.words.urgency_kinds
    if share.code != "urgency" or not kinds:
        return share
    return share.model_copy(update={"detail": f"{share.detail}, words of {', '.join(kinds)}"})


def _weakness_reasons(facts: Facts) -> tuple[Reason, ...]:
    sentiment, language = facts.reading.sentiment, facts.reading.language
    if sentiment is None or not sentiment.weak or language is None:
        return ()
    return (Reason(code=WEAK_SENTIMENT, detail=f"the text is in {language.code}"),)


def _no_action(code: str, detail: str, version: int, *more: Reason) -> Triage:
    return Triage(action="none", reasons=(Reason(code=code, detail=detail), *more), policy_version=version)
