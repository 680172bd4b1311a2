"""Generates believable traffic of an invented brand. The same seed and arguments give the same posts, byte for
byte.

It takes a seed, a number of posts, a start and a number of hours, and yields raw posts in the order in which they
happen. An edit or a deletion happens later than the `created_at` that it keeps.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from pipeline.scenario.crowd import incident
from pipeline.scenario.crowd.authors import Crowd
from pipeline.scenario.crowd.openings import open_post
from pipeline.scenario.crowd.scene import Scene
from pipeline.scenario.crowd.threads import Threads
from pipeline.scenario.crowd.timeline import moments
from schemas.posts.raw import RawPost

PEOPLE_PER_POST = 0.4
MIN_PEOPLE = 60
FOLLOW_UP_FIRST = 0.8
"""Share of the moments that go to a due follow-up rather than to a fresh post."""


def generate(seed: int, posts: int, start: datetime, hours: float, workspace: str = "acme") -> Iterator[RawPost]:
    """Yields exactly `posts` posts of a brand, with an outage that builds up in the middle part.

    Args:
        seed: any integer; two seeds share hardly a text.
        posts: number of posts, >= 1.
        start: aware time of the earliest moment.
        hours: length of the span, > 0.
        workspace: workspace of every post.
    """
    assert posts >= 1, "at least one post"
    assert hours > 0, "a span has a length"
    # The posts need a source of chance that can be repeated, and hide no secret.
    rng = Random(f"earshot/{seed}")  # noqa: S311
    span = timedelta(hours=hours)
    outage = incident.plan(rng, start, span)
    crowd = Crowd(rng, max(MIN_PEOPLE, int(posts * PEOPLE_PER_POST)), start)
    scene = Scene(rng, seed, workspace, crowd, outage)
    threads = Threads(scene)
    for moment in moments(rng, posts, start, span, outage):
        follow_up = threads.due(moment.at) if rng.random() < FOLLOW_UP_FIRST else None
        if follow_up is not None:
            yield follow_up
            continue
        opening = open_post(scene, moment)
        threads.follow(opening)
        yield opening.post
