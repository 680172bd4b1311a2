"""Joins the policy file with the stage that knows what queries are, and tries topics on posts.

In: a policy file, and posts as JSON lines. Out: the checked policy; which posts concern which topics. Never here:
Kafka, how it is shown.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import model_validator

from pipeline.adapters.policy_file import load_policy
from pipeline.codec import decode
from pipeline.enrich.listening.topics import TopicMatcher, refusals
from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.lines import Line, numbered, unpacked
from schemas.message import Part, ShortText
from schemas.policy import ListeningTopic, Policy
from schemas.post import RawPost, Text
from schemas.signals import Span, TopicHit

SHOWN = 20
"""Bad lines that are named one by one; the rest is counted."""


class JustWords(Part):
    """A post of which only the words are known."""

    text: Text | None = None
    title: ShortText | None = None

    @model_validator(mode="after")
    def _has_words(self) -> "JustWords":
        if self.text is None and self.title is None:
            raise ValueError("text or title is needed")
        return self


class _Named(Part):
    """Tells the two apart."""

    post_id: str | None = None


class Tried(NamedTuple):
    """A post, and what it concerns."""

    line: int
    post_id: str | None
    title: str | None
    text: str | None
    hits: tuple[TopicHit, ...]

    def words_at(self, span: Span) -> str:
        """What stands at a place of it."""
        return ((self.title if span.field == "title" else self.text) or "")[span.start : span.end]


def read_policy(path: Path) -> Policy:
    """Reads and checks a policy and the queries of its topics.

    Raises:
        Misconfigured: as `load_policy`, and for a query that is none or would find nearly every post.
    """
    return load_policy(path, _refusals)


def try_posts(topics: tuple[ListeningTopic, ...], file: str) -> list[Tried]:
    """What the topics find in the posts of a file, in order; blank lines are passed over.

    Args:
        topics: of a policy.
        file: JSON lines, gzip or not: whole RawPosts, or objects with text, title or both; - for standard input.

    Raises:
        Misconfigured: the file cannot be read or holds no post, or lines are bad: each is named as
            file:line: code: field: detail, up to `SHOWN` of them.
    """
    matcher = TopicMatcher(topics)
    tried, bad = [], []
    for line in _lines(file):
        try:
            tried.append(_try(line, matcher))
        except Permanent as error:
            bad.append(f"{file}:{line.number}: {error}")
    if bad:
        more = [f"and {len(bad) - SHOWN:,} more bad lines"] if len(bad) > SHOWN else []
        raise Misconfigured("\n".join(bad[:SHOWN] + more))
    if not tried:
        raise Misconfigured(f"{file}: holds no post")
    return tried


def _refusals(policy: Policy) -> Iterator[tuple[tuple[int | str, ...], str]]:
    yield from refusals(policy.topics)


def _try(line: Line, matcher: TopicMatcher) -> Tried:
    named = decode(_Named, line.raw).post_id
    post = decode(JustWords, line.raw) if named is None else decode(RawPost, line.raw)
    return Tried(line.number, named, post.title, post.text, matcher.find(post.title, post.text))


def _lines(file: str) -> Iterator[Line]:
    try:
        # A reader of our own on the same descriptor: `sys.stdin.buffer` is not always one that can peek.
        with open(sys.stdin.fileno(), "rb", closefd=False) if file == "-" else Path(file).open("rb") as stream:
            for line in numbered(unpacked(stream), file):
                if line.raw.strip():
                    yield line
    except OSError as error:
        raise Misconfigured(f"{file}: cannot read posts: {error.strerror}") from None
