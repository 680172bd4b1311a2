"""Neither bought followers nor a ring of bots makes a loud voice."""

import math
import random

import pytest

from pipeline.influence.estimate import influence_of
from pipeline.influence.history import apply
from pipeline.influence.row import Row
from schemas.posts.engagement import Engagement
from schemas.posts.raw import Author, PostMetrics
from tests.builders import START_MS, at

DAY_MS = 86_400_000
NOW_S = START_MS / 1000 + 40 * 86_400
SMALL = 300
MEDIAN, TOP_5 = 8.85, 21.81
"""Scores before the posts of the panel of `deploy/decisions/0015-influence.md`, at the 50th and the 95th
percentile."""


def written(author: str, post: int, day: float, likes: int | None, followers: int) -> Engagement:
    when = at(round(day * DAY_MS))
    return Engagement(
        workspace="acme", engagement_id=f"{author}-{post}/post", target_author_id=author, kind="post",
        post_id=f"{author}-{post}", created_at=when, post_created_at=when, followers=followers,
        metrics=None if likes is None else PostMetrics(likes=max(0, likes)),
    )  # fmt: skip


def small_authors() -> list[tuple[Author, Row | None]]:
    """Authors with fewer than 1,000 followers, two of three without history, and engagement as in the panel:
    residual deviations of ln(1 + engagement) of .83 between authors and .75 between posts."""
    draw, made = random.Random(7), []
    for number in range(SMALL):
        name, followers = f"x:{number}", draw.randrange(1000)
        level = -0.04 + 0.18 * math.log1p(followers) + draw.gauss(0, 0.83)
        row: Row | None = None
        for post in range(draw.choice((0, 0, 0, 0, 1, 4))):
            likes = round(math.expm1(max(0.0, draw.gauss(level, 0.75))))
            row = apply(row, written(name, post, draw.uniform(0, 38), likes, followers), post)
        made.append((Author(author_id=name, followers=followers), row))
    return made


def test_of_300_small_authors_with_bought_followers_hardly_any_enters_the_top_5_percent() -> None:
    entered, gains = 0, []
    for author, row in small_authors():
        rich = author.model_copy(update={"followers": 200_000})
        before, after = influence_of(row, author, NOW_S).score, influence_of(row, rich, NOW_S).score
        entered += before <= TOP_5 < after
        gains.append(after - before)
    assert entered <= 0.02 * SMALL
    assert min(gains) > 0, "followers count for something"


@pytest.mark.parametrize("every_days", [0.1, 1, 7])
@pytest.mark.parametrize("kinds", [("repost",), ("repost", "like", "reply")])
def test_a_ring_of_five_bots_ends_below_the_median(every_days: float, kinds: tuple[str, ...]) -> None:
    row: Row | None = None
    alone: Row | None = None
    offset = 0
    for post in range(30):
        day = 40 - every_days * (30 - post)
        praise = [reaction(kind, bot, post, day) for bot in range(1, 5) for kind in kinds]
        for record in (written("x:bot", post, day, None, 50), *praise):
            row = apply(row, record, offset)
            alone = apply(alone, record.model_copy(update={"actor_id": None}), offset)
            offset += 1
    author = Author(author_id="x:bot", followers=50)
    assert influence_of(row, author, NOW_S).score < MEDIAN
    assert influence_of(alone, author, NOW_S).score > MEDIAN, "the same praise by ever new people counts"


def reaction(kind: str, bot: int, post: int, day: float) -> Engagement:
    return Engagement.model_validate({
        "workspace": "acme", "engagement_id": f"{bot}-on-{post}/{kind}", "target_author_id": "x:bot",
        "post_id": f"x:bot-{post}", "kind": kind, "actor_id": f"x:fan{bot}",
        "created_at": at(round(day * DAY_MS) + 60_000),
    })  # fmt: skip
