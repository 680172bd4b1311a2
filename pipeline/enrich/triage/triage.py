"""What should be done about a post, by whom, how soon, and why.

In: a post with its signals and the policy of its workspace. Out: `Triage` with reasons. Never here: state, I/O,
dropping: a post that nobody should act on gets action `none` and the reason for it.
"""

from pipeline.enrich.facts import Facts
from pipeline.enrich.triage.priority import Factors, influence_factor, priority_of
from pipeline.enrich.triage.rules import Match, first_match
from schemas.policy.policy import Policy
from schemas.posts.scored import Reason, Triage

DELETED, BACKFILL, REPOST = "deleted", "backfill", "repost"
NO_POLICY, OWN_POST, NO_RULE = "no_policy", "own_post", "no_rule_matched"
WEAK_SENTIMENT = "weak_sentiment"
"""Beside the reasons of a decision by rules, which go by the sentiment: the model was not made for the text."""
SPAM, COPY = "spam", "copy"
"""Why the priority is but a small part of what it would be; weight 0. Nothing is dropped for them."""
SHOWN_TOPICS = 3
MAX_DETAIL_CHARS = 300
"""Limit of `Reason.detail`."""
SPAM_FROM = 0.7
"""Two reasons of the heuristic: one alone is too weak to push a person's case to the end of the queue."""
SPAM_ACTIONABLE, COPY_ACTIONABLE = 0.05, 0.2
"""science.md 3.2 gives copies and spam .05 of their priority. A copy keeps .2 here: the hundredth customer with
the same sentence may still be one, so the case waits behind the others instead of at the very end."""
URGENT = 0.8
"""From here on nothing is a mere copy: five people who smell smoke may well use the same words."""
CAMPAIGN = 5
"""Copies from which on a text is a campaign: fewer are people who say the same."""


def triage(facts: Facts, *, policy: Policy | None, backfill: bool) -> Triage:
    """Decides by the first rule that holds, unless the post is no work whatever the rules say.

    Args:
        facts: the post and its signals.
        policy: of the post's workspace; None when none is known.
        backfill: the post was too old when it came in.
    """
    version = 0 if policy is None else policy.version
    excluded = _never_work(facts, backfill=backfill)
    if excluded is not None:
        return _nothing(excluded, "", version)
    if policy is None:
        return _nothing(NO_POLICY, f"no policy of {facts.post.workspace} is known", version)
    match = first_match(policy, facts)
    if match is None:
        return _nothing(NO_RULE, "", version, *_caution(facts))
    if match.rule.action == "none":
        return _nothing("rule", _because(match, facts), version, *_caution(facts))
    return _work(facts, match, version)


def _never_work(facts: Facts, *, backfill: bool) -> str | None:
    post = facts.post
    if post.deleted:
        return DELETED
    if backfill:
        return BACKFILL
    if facts.own:
        return OWN_POST
    return REPOST if post.repost_of is not None else None


def _work(facts: Facts, match: Match, version: int) -> Triage:
    sentiment = facts.reading.sentiment
    factors = Factors(
        severity=0.0 if sentiment is None else sentiment.probabilities.negative,
        urgency=max(match.rule.urgency, facts.words.urgency),
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
            Reason(code="rule", detail=_because(match, facts)),
            *(_with_words(share, facts) for share in shares),
            *why_less,
            *_caution(facts),
        ),
        policy_version=version,
    )


def _because(match: Match, facts: Facts) -> str:
    """The rule and what was found of that which it asks for; the rest is in the post and its other reasons."""
    when = match.rule.when
    found = [] if match.keyword is None else [f'keyword "{match.keyword}"']
    if when.topic is not None:
        hits = [hit.topic for hit in facts.words.topics if hit.topic in when.topic]
        found.append(f"topic {', '.join(hits[:SHOWN_TOPICS])}")
    intent = facts.reading.intent
    if when.intent is not None and intent is not None:
        found.append(f"intent {intent.name} {intent.confidence:.2f} of 1")
    for name, least, value in (
        ("complaint", when.min_complaint, facts.reading.complaint),
        ("offence", when.min_offence, facts.reading.offence),
    ):
        if least is not None and value is not None:
            found.append(f"{name} {value:.2f} of 1")
    because = f"{match.rule.name}: {', '.join(found)}" if found else match.rule.name
    return because[:MAX_DETAIL_CHARS]


def _actionable(facts: Facts, urgency: float) -> tuple[float, tuple[Reason, ...]]:
    """The share of its priority that a post keeps, and why not all of it."""
    spam, cluster = facts.words.spam, facts.words.cluster
    if spam is not None and spam.score >= SPAM_FROM:
        return SPAM_ACTIONABLE, (Reason(code=SPAM, detail=f"{', '.join(spam.reasons)}: {spam.score:.2f} of 1"),)
    campaign = cluster is not None and cluster.kind != "original" and cluster.size >= CAMPAIGN
    if cluster is not None and campaign and urgency < URGENT:
        return COPY_ACTIONABLE, (Reason(code=COPY, detail=f"{cluster.kind} number {cluster.size} of its text"),)
    return 1.0, ()


def _with_words(share: Reason, facts: Facts) -> Reason:
    """The reason of urgency says which words made it, where they did."""
    kinds = facts.words.urgency_kinds
    if share.code != "urgency" or not kinds:
        return share
    return share.model_copy(update={"detail": f"{share.detail}, words of {', '.join(kinds)}"})


def _caution(facts: Facts) -> tuple[Reason, ...]:
    sentiment, language = facts.reading.sentiment, facts.reading.language
    if sentiment is None or not sentiment.weak or language is None:
        return ()
    return (Reason(code=WEAK_SENTIMENT, detail=f"the text is in {language.code}"),)


def _nothing(code: str, detail: str, version: int, *more: Reason) -> Triage:
    return Triage(action="none", reasons=(Reason(code=code, detail=detail), *more), policy_version=version)
