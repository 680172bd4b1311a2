"""Tries a policy on posts of a file: what they concern, what triage would do with each, and by which rules.

The signals are those of the enrich stage, and so is the decision. Nothing is sent anywhere.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import orjson
from pydantic import model_validator

from pipeline.clock import to_ms
from pipeline.codec import decode
from pipeline.enrich.facts import Facts
from pipeline.enrich.preparation import Preparation
from pipeline.enrich.received import ReceivedPost
from pipeline.enrich.score import Scorer
from pipeline.enrich.triage.doubt import contradiction
from pipeline.enrich.triage.rules import Unmet, unmet
from pipeline.enrich.triage.triage import DOUBT, triage
from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.lines import Line, numbered
from pipeline.ingest.look.container import contents
from pipeline.input_mistakes import did_you_mean
from schemas.base import Part, PlatformName, ShortText, SourcePosition
from schemas.policy.policy import Policy
from schemas.posts.raw import RawPost, Text
from schemas.posts.scored import Triage
from schemas.posts.signals import Span

SHOWN = 20
"""Most bad lines that are named one by one. The rest is counted."""
BATCH = 64
"""Posts that the models read at once."""


class JustWords(Part):
    """A post of which at least the words are known, and no id."""

    text: Text | None = None
    title: ShortText | None = None
    platform: PlatformName = "sample"

    @model_validator(mode="after")
    def _has_words(self) -> "JustWords":
        if self.text is None and self.title is None:
            raise ValueError("text or title is needed")
        return self


class _Named(Part):
    """Tells whole posts and bare words apart."""

    post_id: str | None = None


class Verdict(NamedTuple):
    """What triage would do with a post."""

    triage: Triage
    rule: str | None
    """The rule that decided; None when none did."""
    adding: tuple[str, ...]
    """The rules before it that added something."""
    why_not: dict[str, tuple[Unmet, ...]]
    """By name of a rule that was asked about, the parts of its condition that do not hold; none when all hold."""
    against: str | None
    """What contradicts a positive label, so that no rule may believe it; None when nothing does."""


class Tried(NamedTuple):
    """A post with what was found out about it."""

    line: int
    post_id: str | None
    facts: Facts
    verdict: Verdict | None
    """None when only its topics were asked for."""

    def words_at(self, span: Span) -> str:
        """Returns the masked text at one of its places."""
        post = self.facts.post
        return ((post.title if span.field == "title" else post.text) or "")[span.start : span.end]


def try_posts(
    policy: Policy, file: str, open_scorer: Callable[[], Scorer] | None, why_not: Sequence[str] = ()
) -> list[Tried]:
    """Returns what a policy makes of the posts of a file, in order. Blank lines are passed over.

    Each post counts as one of the policy's workspace that has just been received.

    Args:
        policy: that is tried.
        file: JSON lines, gzip or not: RawPosts, or objects with text, title or both and any other field of one; -
            for standard input.
        open_scorer: is called once the file is read; None to find the topics alone, without the models.
        why_not: rules about which each post shall say what speaks against them.

    Raises:
        Misconfigured: a rule of `why_not` is none; the file cannot be read or holds no post; or lines are bad:
            each is named as file:line: code: field: detail, up to `SHOWN` of them.
        Transient: an engine does not work at all.
    """
    rules = {rule.name: number for number, rule in enumerate(policy.rules)}
    for name in why_not:
        if name not in rules:
            raise Misconfigured(f"the policy has no rule {name}{did_you_mean(name, rules)}")
    asked = {name: rules[name] for name in why_not}
    posts = _posts(policy, file)
    scorer, preparation = (None, Preparation()) if open_scorer is None else (open_scorer(), None)
    policies, tried, bad = {policy.workspace: policy}, [], []
    for first in range(0, len(posts), BATCH):
        batch = posts[first : first + BATCH]
        received = [post for _, _, post in batch]
        if scorer is not None:
            results = scorer.read(received, policies)
        else:
            assert preparation is not None
            results = preparation.prepare(received, policies, "event")
        for (line, post_id, _), facts in zip(batch, results, strict=True):
            if isinstance(facts, Permanent):
                bad.append(f"{file}:{line}: {facts}")
            else:
                verdict = None if scorer is None else _verdict(policy, facts, asked)
                tried.append(Tried(line, post_id, facts, verdict))
    _refuse(bad)
    return tried


def _verdict(policy: Policy, facts: Facts, asked: dict[str, int]) -> Verdict:
    decided = triage(facts, policy=policy, backfill=False)
    against = contradiction(facts, policy)
    doubted = any(reason.code == DOUBT for reason in decided.reasons)
    rules = [(reason.code, reason.rule) for reason in decided.reasons if reason.rule is not None]
    return Verdict(
        decided,
        None if doubted else next((name for code, name in rules if code == "rule"), None),
        tuple(name for code, name in rules if code != "rule"),
        {name: unmet(policy, at, facts, contradicted=against is not None) for name, at in asked.items()},
        against,
    )


def _posts(policy: Policy, file: str) -> list[tuple[int, str | None, ReceivedPost]]:
    now = datetime.now(UTC)
    posts, bad = [], []
    for line in _lines(file):
        try:
            named = decode(_Named, line.raw).post_id
            post = _post(line, now, policy.workspace, named=named is not None)
        except Permanent as error:
            bad.append(f"{file}:{line.number}: {error}")
        else:
            place = SourcePosition(topic="posts", partition=0, offset=line.number - 1)
            posts.append((line.number, named, ReceivedPost(post, place, to_ms(post.created_at))))
    _refuse(bad)
    if not posts:
        raise Misconfigured(f"{file}: holds no post")
    return posts


def _post(line: Line, now: datetime, workspace: str, *, named: bool) -> RawPost:
    given: dict[str, object] = {}
    if not named:
        platform = decode(JustWords, line.raw).platform
        name = f"{platform}:{line.number}"
        given = {"post_id": name, "platform": platform, "created_at": now.isoformat()}
        given |= {"author": {"author_id": name}}
    try:
        said = orjson.loads(line.raw)
        if not named and isinstance(said.get("author"), dict):
            said["author"] = {"author_id": name} | said["author"]
        whole = orjson.dumps(given | said | {"workspace": workspace})
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        # The decoder of the contract explains what is wrong with the line.
        whole = line.raw
    return decode(RawPost, whole)


def _refuse(bad: list[str]) -> None:
    if bad:
        more = [f"and {len(bad) - SHOWN:,} more bad lines"] if len(bad) > SHOWN else []
        raise Misconfigured("\n".join(bad[:SHOWN] + more))


def _lines(file: str) -> Iterator[Line]:
    try:
        # This opens a reader of our own on the same descriptor, because `sys.stdin.buffer` is not always one that
        # can peek.
        with open(sys.stdin.fileno(), "rb", closefd=False) if file == "-" else Path(file).open("rb") as stream:
            for line in numbered(contents(stream, file), file):
                if line.raw.strip():
                    yield line
    except OSError as error:
        raise Misconfigured(f"{file}: cannot read posts: {error.strerror}") from None
