"""Shows what a policy makes of posts: for people, a few lines a post; for programs, one JSON line a post."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.app.offline.trial import Tried, Verdict
from pipeline.cli.text.output import emit, emit_json, table_console
from pipeline.enrich.triage.rules import Unmet
from schemas.policy.policy import Policy
from schemas.posts.scored import NO_WORK, Triage

DOUBT, NOTHING = "(doubt)", "(no rule)"
"""Stand in the place of the rule where none decided."""


def emit_trial(policy: Policy, tried: Sequence[Tried]) -> None:
    """Writes each post as a JSON line, then the counts."""
    for post in tried:
        hits = [
            hit.model_dump() | {"words": [post.words_at(span) for span in hit.at]}
            for hit in post.facts.words.topics
        ]
        said = {} if post.verdict is None else _facts(post.verdict)
        emit_json({"line": post.line, "post_id": post.post_id, "topics": hits, **said})
    rules = {"rules": dict(_by_rule(policy, tried))} if tried[0].verdict else {}
    emit_json({"posts": len(tried), "counts": dict(_by_topic(policy, tried)), **rules})


def draw_trial(policy: Policy, tried: Sequence[Tried]) -> None:
    """Writes a few lines about each post, then how often each topic was found and each rule decided."""
    from rich.table import Table

    for post in tried:
        if post.verdict is not None or post.facts.words.topics:
            for line in _lines(post):
                emit(line)
    console = table_console()
    if policy.topics:
        topics = Table("topic", "kind", "posts", box=None, pad_edge=False)
        for topic, (name, count) in zip(policy.topics, _by_topic(policy, tried), strict=True):
            topics.add_row(name, topic.kind, f"{count:,}")
        console.print(topics)
    if tried[0].verdict is not None:
        rules = Table("rule", "action", "queue", "posts", box=None, pad_edge=False)
        known = {rule.name: rule for rule in policy.rules}
        for name, count in _by_rule(policy, tried):
            rule = known.get(name)
            queue = policy.doubt.queue if name == DOUBT and policy.doubt else rule and rule.queue
            rules.add_row(name, (rule and rule.action) or ("adds" if rule else ""), queue or "", f"{count:,}")
        console.print()
        console.print(rules)


def silent(policy: Policy, tried: Sequence[Tried]) -> Iterator[str]:
    """Yields a sentence on the topics that found nothing, and one on the rules that held for no post."""
    topics = [name for name, count in _by_topic(policy, tried) if not count]
    if topics:
        yield f"found nothing: {', '.join(topics)}"
    rules = [name for name, count in _by_rule(policy, tried) if not count] if tried[0].verdict else []
    if rules:
        yield f"held for no post, or stood behind another that decided: {', '.join(rules)}"


def _by_topic(policy: Policy, tried: Sequence[Tried]) -> list[tuple[str, int]]:
    counts = Counter(hit.topic for post in tried for hit in post.facts.words.topics)
    return [(topic.name, counts[topic.name]) for topic in policy.topics]


def _by_rule(policy: Policy, tried: Sequence[Tried]) -> list[tuple[str, int]]:
    counts: Counter[str] = Counter()
    for post in tried:
        if post.verdict is not None:
            counts.update((_decided(post.verdict), *post.verdict.adding))
    rules = [(rule.name, counts[rule.name]) for rule in policy.rules]
    return [*rules, *((name, counts[name]) for name in (DOUBT, NOTHING) if counts[name])]


def _decided(verdict: Verdict) -> str:
    if verdict.rule is not None:
        return verdict.rule
    return NOTHING if verdict.triage.action in NO_WORK else DOUBT


def _facts(verdict: Verdict) -> dict[str, Any]:
    said = verdict.triage.model_dump(exclude={"policy_version", "by", "pull_id"})
    said |= {"rule": verdict.rule, "adding": verdict.adding}
    if verdict.why_not:
        said["why_not"] = {name: [part._asdict() for part in parts] for name, parts in verdict.why_not.items()}
    return said


def _lines(post: Tried) -> Iterator[str]:
    whole = " ".join(" ".join(part for part in (post.facts.post.title, post.facts.post.text) if part).split())
    yield f"{post.line}  {_printable(whole)}"
    if post.verdict is not None:
        yield from (f"   {line}" for line in _decision(post.verdict))
    for hit in post.facts.words.topics:
        words = dict.fromkeys(" ".join(post.words_at(span).split()) for span in hit.at)
        yield f"   topic {hit.topic}: {_printable(', '.join(words))}"
    if post.verdict is not None:
        for name, parts in post.verdict.why_not.items():
            yield f"   {_why_not(name, parts, post)}"


def _decision(verdict: Verdict) -> Iterator[str]:
    triage = verdict.triage
    if triage.queue is None:
        yield triage.action
    else:
        weighed = [f"{reason.code} {reason.weight:.1f}" for reason in triage.reasons if reason.weight]
        parts = f" = {' + '.join(weighed)}" if weighed else ""
        yield f"{triage.action} in {triage.queue}, priority {triage.priority:.1f}{parts}"
    for reason in triage.reasons:
        if not reason.weight:
            yield f"{reason.code} {reason.detail}".rstrip()
    yield from _asked(triage)


def _asked(triage: Triage) -> Iterator[str]:
    needs = {need.name: need for need in triage.needs}
    skills = [
        f"{name} of level {needs[name].level}{', required' if needs[name].required else ''}"
        if name in needs
        else name
        for name in triage.skills
    ]
    if skills:
        yield f"skills {'; '.join(skills)}"
    if triage.tags:
        yield f"tags {', '.join(triage.tags)}"


def _why_not(name: str, parts: tuple[Unmet, ...], post: Tried) -> str:
    verdict = post.verdict
    assert verdict is not None
    if parts:
        return f"not {name}: {'; '.join(_part(part, post) for part in parts)}"
    if name == verdict.rule:
        return f"{name} holds, and decides"
    if name in verdict.adding:
        return f"{name} holds, and adds"
    before = f"{verdict.rule} decides before it" if verdict.rule else "something else decides, as said above"
    return f"{name} holds, but {before}"


def _part(part: Unmet, post: Tried) -> str:
    found = _values(part.found)
    sentiment = post.facts.reading.sentiment
    if part.part == "sentiment" and part.found is None and sentiment is not None and post.verdict is not None:
        found = f"{sentiment.label} beside {post.verdict.against}"
    elif part.part == "any_keyword":
        found = "none of them"
    return f"{part.part} asks {_values(part.asked)}, the post has {found}"


def _values(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_values, value)) or "none"
    if value is None:
        return "no such value"
    return (
        f"{value:.2f}"
        if isinstance(value, float)
        else str(value).lower()
        if value in (True, False)
        else str(value)
    )


def _printable(text: str) -> str:
    """Keeps a post from steering the terminal that shows it."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
