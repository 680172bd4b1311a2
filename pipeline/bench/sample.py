"""Makes the posts of every bench: believable, of mixed length, and without a text twice, so that no cache can
flatter.

It returns posts, or their texts as the model reads them. The time is given by the caller.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tokenizers import Tokenizer

from pipeline.bench.figures import percentile
from pipeline.enrich.reading.reading import readable_text
from pipeline.scenario.generate import generate
from schemas.posts.raw import RawPost

SEED = 1
"""The same seed makes the same posts in each run."""
HOURS = 5.0
"""The posts are spread over this many hours."""
WORKSPACE = "acme"
_FIRST_SHARE = 1.5
"""About three of four generated posts have a text of their own, so half as many again are asked for at first."""


@dataclass(frozen=True)
class Lengths:
    """Says how long texts are in tokens, special tokens included."""

    mean: float
    p50: float
    p95: float


def distinct(posts: Iterable[RawPost]) -> list[RawPost]:
    """Returns the first post of each text, compared as the model reads it, without posts that have no text."""
    first: dict[str, RawPost] = {}
    for post in posts:
        first.setdefault(readable_text(post), post)
    first.pop("", None)
    return list(first.values())


def distinct_posts(count: int, now: datetime) -> list[RawPost]:
    """Returns exactly `count` generated posts of the last hours before `now`, with no normalised text twice."""
    start, requested = now - timedelta(hours=HOURS + 1), int(count * _FIRST_SHARE) + 1
    while len(posts := distinct(generate(SEED, requested, start, HOURS, WORKSPACE))) < count:
        # Texts repeat more often the more are generated, so one try may not be enough.
        requested *= 2
    return posts[:count]


def lengths(texts: list[str], tokenizer: Tokenizer) -> Lengths:
    """Returns mean, median and 95th percentile of the texts' token counts."""
    counts = [float(len(encoding.ids)) for encoding in tokenizer.encode_batch_fast(texts)]
    return Lengths(sum(counts) / len(counts), percentile(counts, 0.5), percentile(counts, 0.95))
