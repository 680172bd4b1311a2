"""Generates engagements of many authors, and the rows from which they start."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import mean

from pipeline.codec import encode
from pipeline.influence.history import apply
from pipeline.influence.row import Row
from pipeline.ports.records import Record
from schemas.posts.engagement import Engagement
from schemas.posts.raw import PostMetrics
from schemas.topics import ENGAGEMENTS, INFLUENCE_STATE, post_key

WORKSPACE = "bench"
BEGIN = datetime(2026, 6, 1, tzinfo=UTC)
KINDS = "like", "repost", "reply"
POST_SHARE = 0.3
"""The share of events that say that the author wrote a post. The others are likes, reposts and replies."""


def engagements(count: int, authors: int, seed: int) -> Iterator[Engagement]:
    """Yields engagements of random authors, one a second, about a post of each author's latest hours."""
    random = Random(seed)  # noqa: S311
    at = BEGIN + timedelta(days=1 + seed)
    for number in range(count):
        author = random.randrange(authors)
        at += timedelta(seconds=1)
        known = {"workspace": WORKSPACE, "target_author_id": f"x:{author}", "created_at": at}
        if random.random() < POST_SHARE:
            post = f"x:{author}-{seed}-{number}"
            yield Engagement(
                **known, engagement_id=f"{post}/post", post_id=post, kind="post", followers=author,
                metrics=PostMetrics(likes=random.randrange(50), reposts=random.randrange(5), replies=0),
            )  # fmt: skip
        else:
            actor = f"x:{random.randrange(1000)}"
            yield Engagement(
                **known, engagement_id=f"{seed}-{number}", post_id=f"x:{author}-first", actor_id=actor,
                kind=random.choice(KINDS),
                post_created_at=BEGIN + timedelta(days=seed),
            )  # fmt: skip


def records_of(count: int, authors: int, seed: int) -> Iterator[Record]:
    """Yields the same as records."""
    for engagement in engagements(count, authors, seed):
        key = post_key(WORKSPACE, engagement.target_author_id)
        yield Record(ENGAGEMENTS.name, key, encode(engagement))


def first_rows(first: int, end: int) -> Iterator[Record]:
    """Yields the changelog of the authors from `first` up to `end`, each after one post of the same content."""
    row = _first_row().to_bytes()
    for author in range(first, end):
        yield Record(INFLUENCE_STATE.name, post_key(WORKSPACE, f"x:{author}"), row)


def mean_row_bytes(count: int, authors: int) -> float:
    """Returns the mean size of a row as it is written, over so many events."""
    rows: dict[str, Row] = {}
    sizes = []
    for offset, engagement in enumerate(engagements(count, authors, 0)):
        author = engagement.target_author_id
        rows[author] = apply(rows.get(author) or _first_row(), engagement, offset)
        sizes.append(len(rows[author].to_bytes()))
    return mean(sizes)


def _first_row() -> Row:
    post = Engagement(
        workspace=WORKSPACE, engagement_id="x:first/post", target_author_id="x:0", post_id="x:first", kind="post",
        created_at=BEGIN, followers=100,
    )  # fmt: skip
    # Offset -1 is before every record, so that none of them counts as seen.
    return apply(None, post, -1)
