"""Decides what should be done about a post, by whom, how soon, and why.

The facts of a post and the policy of its workspace give a `Triage` with reasons. Nothing is dropped here. A post
that nobody should act on gets action `none` and the reason for it.
"""

import math
from collections.abc import Sequence

from pipeline.enrich.facts import Facts
from pipeline.enrich.triage.doubt import Doubtful, contradiction, doubt_about, enough, rests_on_readings
from pipeline.enrich.triage.priority import (
    Factors,
    expected_value,
    influence_factor,
    priority_of,
    severity_factor,
    urgency_factor,
)
from pipeline.enrich.triage.rules import Match, Matches, matches
from schemas.people.customer import Customer
from schemas.policy.policy import Policy
from schemas.policy.rules import TriageRule
from schemas.posts.scored import NO_WORK, Reason, SkillNeed, Triage

DELETED, BACKFILL, REPOST = "deleted", "backfill", "repost"
NO_POLICY, OWN_POST, NO_RULE = "no_policy", "own_post", "no_rule_matched"
WEAK_SENTIMENT = "weak_sentiment"
"""This reason stands beside a decision by rules, which use the sentiment, when the model was not made for the
text."""
SPAM, COPY = "spam", "copy"
"""These reasons say why the priority is a small part of what it would be. Their weight is 0, and nothing is
dropped."""
ADDS, DOUBT = "adds", "doubt"
"""These reasons name a rule that added something, and what is doubted about a post that a person should sort."""
SHOWN_TOPICS, SHOWN_ADDING = 3, 8
MAX_ADDED = 20
"""Triage holds at most so many skills and tags; those of the first rules stay."""
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
    """Decides by the first rule with an action that holds, with what rules before it add.

    Some posts are no work whatever the rules say. A post whose decision rests on a doubtful reading goes to the
    queue of doubt, if the policy has one and the post is doubtful enough.

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
    against = contradiction(facts, policy)
    held = matches(policy, facts, contradicted=against is not None)
    doubtful = _doubtful_enough(facts, held.deciding, against, policy)
    if doubtful is not None and policy.doubt is not None:
        return _work(facts, held, version, queue=policy.doubt.queue, doubtful=doubtful)
    match = held.deciding
    if match is not None and match.rule.action not in NO_WORK:
        return _work(facts, held, version, queue=match.rule.queue)
    found = _no_action(
        NO_RULE if match is None else "rule",
        "" if match is None else _rule_reason(match, facts),
        version,
        *_adding_reasons(held, facts),
        *_weakness_reasons(facts),
    )
    action = "none" if match is None or match.rule.action is None else match.rule.action
    return found.model_copy(update={"action": action, "tags": _tags(held)})


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


def _doubtful_enough(facts: Facts, match: Match | None, against: str | None, policy: Policy) -> Doubtful | None:
    spam = facts.words.spam
    if policy.doubt is None or not rests_on_readings(match) or (spam is not None and spam.score >= SPAM_FROM):
        return None
    doubtful = doubt_about(facts, against, policy.doubt.bounds)
    return doubtful if enough(doubtful, policy.doubt) else None


def _work(
    facts: Facts, held: Matches, version: int, *, queue: str | None, doubtful: Doubtful | None = None
) -> Triage:
    match = held.deciding
    deciding = () if match is None else (match,)
    rules = [rule for rule, _ in (*held.adding, *deciding)]
    sentiment, complaint = facts.reading.sentiment, facts.reading.complaint
    factors = Factors(
        severity=0.0 if sentiment is None else severity_factor(sentiment.probabilities.negative, complaint),
        urgency=urgency_factor(
            max((rule.urgency for rule in rules), default=0.0), facts.words.urgency, facts.reading.pressing
        ),
        influence=influence_factor(facts.influence.lower_bound),
        customer=expected_value(facts.customer) or 0.0,
        rules=1 - math.prod(1 - rule.priority for rule in rules),
    )
    actionable, why_less = _actionable(facts, factors.urgency)
    priority, shares = priority_of(factors, actionable)
    decided = "respond" if match is None or doubtful is not None else match.rule.action
    # Whoever sorts need not have the skills for the answer.
    needs = () if doubtful is not None else _needs(rules)
    return Triage(
        # What a person sorts needs an answer until the person says otherwise.
        action="respond" if decided is None else decided,
        queue=queue,
        skills=tuple(need.name for need in needs),
        needs=tuple(need for need in needs if need.level > 1 or need.required),
        tags=_tags(held),
        priority=priority,
        reasons=(
            *(
                ()
                if doubtful is None
                else (Reason(code=DOUBT, detail=f"{doubtful.why}: {doubtful.score:.2f} of 1"),)
            ),
            *(Reason(code="rule", detail=_rule_reason(one, facts)) for one in deciding),
            *_adding_reasons(held, facts),
            *(_in_words(share, facts) for share in shares),
            *why_less,
            *_weakness_reasons(facts),
        ),
        policy_version=version,
    )


def _needs(rules: Sequence[TriageRule]) -> tuple[SkillNeed, ...]:
    """Returns each skill once, with the highest level that a rule asks, and required if one rule requires it."""
    needs: dict[str, SkillNeed] = {}
    for need in (need for rule in rules for need in rule.skills):
        before = needs.get(need.name, need)
        level, required = max(before.level, need.level), before.required or need.required
        needs[need.name] = SkillNeed(name=need.name, level=level, required=required)
    return tuple(needs.values())[:MAX_ADDED]


def _tags(held: Matches) -> tuple[str, ...]:
    deciding = () if held.deciding is None else (held.deciding,)
    return tuple(dict.fromkeys(tag for rule, _ in (*held.adding, *deciding) for tag in rule.tags))[:MAX_ADDED]


def _adding_reasons(held: Matches, facts: Facts) -> tuple[Reason, ...]:
    return tuple(Reason(code=ADDS, detail=_rule_reason(match, facts)) for match in held.adding[:SHOWN_ADDING])


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


def _in_words(share: Reason, facts: Facts) -> Reason:
    """Adds to the reasons of urgency and customer which words made the one, and who the other is."""
    more = ""
    if share.code == "urgency" and facts.words.urgency_kinds:
        more = f"words of {', '.join(facts.words.urgency_kinds)}"
    elif share.code == "customer" and facts.customer is not None:
        more = _who(facts.customer)
    return share.model_copy(update={"detail": f"{share.detail}, {more}"[:MAX_DETAIL_CHARS]}) if more else share


def _who(customer: Customer) -> str:
    tier = "" if customer.tier is None else f" of tier {customer.tier}"
    doubt = (
        "" if customer.confidence == 1 else f", linked with {customer.confidence:.2f} of 1 by {customer.source}"
    )
    return f"{customer.kind}{tier}{doubt}"


def _weakness_reasons(facts: Facts) -> tuple[Reason, ...]:
    sentiment, language = facts.reading.sentiment, facts.reading.language
    if sentiment is None or not sentiment.weak or language is None:
        return ()
    return (Reason(code=WEAK_SENTIMENT, detail=f"the text is in {language.code}"),)


def _no_action(code: str, detail: str, version: int, *more: Reason) -> Triage:
    return Triage(action="none", reasons=(Reason(code=code, detail=detail), *more), policy_version=version)
