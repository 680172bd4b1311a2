"""Labelled posts: from JSON lines to token batches.

In: a JSON lines file with `text` and `label`. Out: examples, and batches of like length.
Never here: a model or a gradient.
"""

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.enrich.normalise import normalise
from pipeline.errors import Misconfigured

LABELS = ("negative", "neutral", "positive")
"""Class order of the head, and of `SentimentScores`."""


class Example(NamedTuple):
    """One labelled post: normalised text and the index of its label in `LABELS`."""

    text: str
    label: int


def read_examples(path: Path) -> list[Example]:
    """Reads a whole JSON lines file.

    Raises:
        Misconfigured: the file is missing or empty, or a line is not such an object; names file:line.
    """
    examples = []
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                examples.append(_parse(line, f"{path}:{number}"))
    except OSError as error:
        raise Misconfigured(f"{path}: cannot read labelled posts: {error.strerror}") from error
    if not examples:
        raise Misconfigured(f"{path}: holds no labelled post")
    return examples


def _parse(line: str, place: str) -> Example:
    try:
        record = json.loads(line)
        return Example(normalise(record["text"]), LABELS.index(record["label"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Misconfigured(f'{place}: expected {{"text": ..., "label": one of {", ".join(LABELS)}}}') from error


def limit_classes(examples: list[Example], most: int | None, draw: random.Random) -> list[Example]:
    """At most `most` examples of each label, drawn at random, in their old order; None keeps all."""
    if most is None:
        return examples
    kept: set[int] = set()
    for label in range(len(LABELS)):
        members = [at for at, example in enumerate(examples) if example.label == label]
        kept.update(draw.sample(members, min(most, len(members))))
    return [example for at, example in enumerate(examples) if at in kept]


def bucketed_batches(
    lengths: Sequence[int], batch_size: int, shuffle: random.Random, *, bucket_batches: int = 50
) -> Iterator[list[int]]:
    """Yields each index once, in batches of like length and in random order.

    Args:
        lengths: tokens of each example.
        batch_size: indices a batch; the last one of a bucket may be smaller.
        shuffle: source of the order.
        bucket_batches: batches that are sorted together; more waste less padding and mix less.
    """
    order = list(range(len(lengths)))
    shuffle.shuffle(order)
    span = batch_size * bucket_batches
    batches = []
    for start in range(0, len(order), span):
        bucket = sorted(order[start : start + span], key=lambda index: lengths[index])
        batches += [bucket[at : at + batch_size] for at in range(0, len(bucket), batch_size)]
    shuffle.shuffle(batches)
    yield from batches
