"""The posts of every bench: believable, of mixed length, and no text twice, so that no cache can flatter.

In: how many. Out: posts, or their texts as the model reads them. Never here: a clock that is not given, a model.
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
HOURS = 5.0
WORKSPACE = "acme"
_FIRST_SHARE = 1.5
"""About three of four generated posts have a text of their own."""


@dataclass(frozen=True)
class Lengths:
    """How long texts are, in tokens, special ones included."""

    mean: float
    p50: float
    p95: float


def distinct(posts: Iterable[RawPost]) -> list[RawPost]:
    """The first post of each text, compared as the model reads it; posts without a text are left out."""
    first: dict[str, RawPost] = {}
    for post in posts:
        first.setdefault(readable_text(post), post)
    first.pop("", None)
    return list(first.values())


def distinct_posts(count: int, now: datetime) -> list[RawPost]:
    """Exactly `count` generated posts of the last hours before `now`, no normalised text twice."""
    start, asked = now - timedelta(hours=HOURS + 1), int(count * _FIRST_SHARE) + 1
    while len(found := distinct(generate(SEED, asked, start, HOURS, WORKSPACE))) < count:
        asked *= 2
    return found[:count]


def lengths(texts: list[str], tokenizer: Tokenizer) -> Lengths:
    """Mean, median and 95th percentile of the texts' token counts."""
    counts = [float(len(encoding.ids)) for encoding in tokenizer.encode_batch_fast(texts)]
    return Lengths(sum(counts) / len(counts), percentile(counts, 0.5), percentile(counts, 0.95))
