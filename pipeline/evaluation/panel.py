"""Reads a panel: posts of many authors over time, each with the profile of its author and the engagement that it
got.

It is a CSV file with a header, gzip or not, in time order. The columns are author_id, ts, followers, verified,
likes, reposts or retweets, and replies; others are passed over. An empty field is unknown and not zero.
"""

import csv
import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Annotated

import orjson
from pydantic import AliasChoices, Field, StringConstraints

from pipeline.codec import decode
from pipeline.errors import Misconfigured, Permanent
from pipeline.influence.fit import Outcome
from schemas.base import Count, Part, UtcDatetime
from schemas.policy.influence import InfluenceModel
from schemas.posts.engagement import Engagement
from schemas.posts.raw import Author, PostMetrics

SHOWN = 20
"""So many bad lines are named one by one, and the rest is counted."""


class Measured(Part):
    """One line of a panel."""

    author_id: Annotated[str, StringConstraints(pattern=r"^\S{1,190}$")]
    ts: UtcDatetime
    followers: Count | None = None
    verified: bool | None = None
    likes: Count | None = None
    reposts: Count | None = Field(default=None, validation_alias=AliasChoices("reposts", "retweets"))
    replies: Count | None = None

    @property
    def author(self) -> Author:
        """Returns the profile at that moment."""
        return Author(author_id=f"panel:{self.author_id}", followers=self.followers, verified=self.verified)

    def engagement(self, number: int) -> Engagement:
        """Returns the record of the post with its counters; `number` tells it from the others."""
        return Engagement(
            workspace="panel",
            engagement_id=f"panel:{number}/post",
            target_author_id=f"panel:{self.author_id}",
            post_id=f"panel:{number}",
            kind="post",
            created_at=self.ts,
            post_created_at=self.ts,
            metrics=PostMetrics(likes=self.likes, reposts=self.reposts, replies=self.replies),
            followers=self.followers,
            verified=self.verified,
        )


def read_panel(path: Path) -> list[Measured]:
    """Returns all lines of a panel.

    Raises:
        Misconfigured: the file cannot be read, holds fewer than two posts, is not in time order, or lines are bad.
            Up to `SHOWN` bad lines are named as file:line: field.
    """
    bad: list[str] = []
    posts: list[Measured] = []
    try:
        with _open(path) as lines:
            for line, row in _rows(lines):
                try:
                    post = decode(Measured, orjson.dumps(row))
                except Permanent as reason:
                    bad.append(f"{path}:{line}: {reason}")
                    continue
                if posts and post.ts < posts[-1].ts:
                    bad.append(
                        f"{path}:{line}: ts: is earlier than the line before, so a later post would be known"
                    )
                posts.append(post)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise Misconfigured(f"{path}: cannot be read as CSV: {error}") from error
    if bad:
        more = [f"and {len(bad) - SHOWN:,} more bad lines"] if len(bad) > SHOWN else []
        raise Misconfigured("\n".join(bad[:SHOWN] + more))
    if len(posts) < 2:
        raise Misconfigured(f"{path}: a panel has at least two posts, one to learn from and one to predict")
    return posts


def outcomes(panel: Sequence[Measured], model: InfluenceModel) -> list[Outcome]:
    """Returns the posts with their engagement, weighted by the model. An unknown counter adds nothing."""
    return [
        Outcome(post.author_id, post.ts.timestamp(), post.followers, post.verified, engagement_of(post, model))
        for post in panel
    ]


def engagement_of(post: Measured, model: InfluenceModel) -> float:
    """Returns the weighted engagement of a post, where an unknown counter adds nothing."""
    return model.like * (post.likes or 0) + model.repost * (post.reposts or 0) + model.reply * (post.replies or 0)


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _rows(lines: IO[str]) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(lines)
    for row in reader:
        # Surplus fields come under None, and missing ones have the value None.
        yield reader.line_num, {name: value for name, value in row.items() if name and value}
