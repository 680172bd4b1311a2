"""What should be done about a post, by whom, how soon, and why.

In: a post with its signals and the policy of its workspace. Out: `Triage` with reasons. Never here: state, I/O,
dropping: a post that nobody should act on gets action `none` and the reason for it.
"""

from pipeline.enrich.priority import Factors, influence_factor, priority_of
from pipeline.enrich.rules import Facts, Match, first_match
from schemas.enrichment import Reason, Triage
from schemas.policy import Policy

DELETED, BACKFILL, REPOST = "deleted", "backfill", "repost"
NO_POLICY, OWN_POST, NO_RULE = "no_policy", "own_post", "no_rule_matched"
WEAK_SENTIMENT = "weak_sentiment"
"""Beside the reasons of a decision by rules, which go by the sentiment: the model was not made for the text."""


def triage(facts: Facts, *, policy: Policy | None, backfill: bool, own: bool) -> Triage:
    """Decides by the first rule that holds, unless the post is no work whatever the rules say.

    Args:
        facts: the post and its signals.
        policy: of the post's workspace; None when none is known.
        backfill: the post was too old when it came in.
        own: one of the brand's accounts wrote it.
    """
    version = 0 if policy is None else policy.version
    excluded = _never_work(facts, backfill=backfill, own=own)
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


def _never_work(facts: Facts, *, backfill: bool, own: bool) -> str | None:
    post = facts.post
    if post.deleted:
        return DELETED
    if backfill:
        return BACKFILL
    if own:
        return OWN_POST
    return REPOST if post.repost_of is not None else None


def _work(facts: Facts, match: Match, version: int) -> Triage:
    sentiment = facts.sentiment
    factors = Factors(
        severity=0.0 if sentiment is None else sentiment.probabilities.negative,
        urgency=match.rule.urgency,
        influence=influence_factor(facts.influence.lower_bound),
    )
    priority, shares = priority_of(factors)
    return Triage(
        action=match.rule.action,
        queue=match.rule.queue,
        skills=match.rule.skills,
        priority=priority,
        reasons=(Reason(code="rule", detail=_because(match, facts)), *shares, *_caution(facts)),
        policy_version=version,
    )


def _because(match: Match, facts: Facts) -> str:
    """The rule and what was found of that which it asks for; the rest is in the post and its other reasons."""
    when = match.rule.when
    found = [] if match.keyword is None else [f'keyword "{match.keyword}"']
    for name, least, value in (
        ("complaint", when.min_complaint, facts.complaint),
        ("offence", when.min_offence, facts.offence),
    ):
        if least is not None and value is not None:
            found.append(f"{name} {value:.2f} of 1")
    return f"{match.rule.name}: {', '.join(found)}" if found else match.rule.name


def _caution(facts: Facts) -> tuple[Reason, ...]:
    if facts.sentiment is None or not facts.sentiment.weak or facts.language is None:
        return ()
    return (Reason(code=WEAK_SENTIMENT, detail=f"the text is in {facts.language.code}"),)


def _nothing(code: str, detail: str, version: int, *more: Reason) -> Triage:
    return Triage(action="none", reasons=(Reason(code=code, detail=detail), *more), policy_version=version)
