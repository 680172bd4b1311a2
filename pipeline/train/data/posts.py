"""Reads the posts of a run from its files, splits them into trained and held back, and deals them into folds.

A `TrainConfig` becomes `Posts`, which are arrays side by side. Models and gradients are not known here.

The side and the fold of a post follow from its normalised text alone. Copies therefore never sit on both sides,
and a second run splits alike.
"""

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import xxhash
from numpy.typing import NDArray

from pipeline.enrich.text.normalise import normalise
from pipeline.errors import Misconfigured
from pipeline.evaluation.heads import HEADS
from pipeline.train.config import DataSource, TrainConfig

UNLABELLED = -1
"""Stands for a label that is absent."""


@dataclass(frozen=True)
class Posts:
    """Holds the posts of one side, in file order.

    Args:
        texts: normalised texts.
        labels: (posts, heads) label numbers, `UNLABELLED` where there is none; columns in the order of `heads`.
        heads: the names of the columns.
        folds: (posts,) the fold of each post.
    """

    texts: list[str]
    labels: NDArray[np.int64]
    heads: tuple[str, ...]
    folds: NDArray[np.int64]

    def take(self, which: NDArray[np.bool_]) -> "Posts":
        """Returns the posts where `which` is true."""
        texts = [text for text, wanted in zip(self.texts, which, strict=True) if wanted]
        return Posts(texts, self.labels[which], self.heads, self.folds[which])

    def labelled_for(self, head: str) -> NDArray[np.bool_]:
        """Says which posts have a label of that head."""
        return np.asarray(self.labels[:, self.heads.index(head)] != UNLABELLED)


def read_posts(config: TrainConfig) -> tuple[Posts, Posts]:
    """Reads all posts, and returns those to train on and those held back.

    A text that is held back anywhere is trained on nowhere.

    Raises:
        Misconfigured: a file is missing or empty, or a line is not what the run's file says; the message names
            file:line.
    """
    rows = [row for source in config.data for row in _read_source(source)]
    held_back = {text for text, _, _, held in rows if held}
    folds = config.distillation.folds if config.distillation else 1
    # The same text may be in two files of which only one holds it back.
    sides = [row for row in rows if row[3]], [row for row in rows if not row[3] and row[0] not in held_back]
    held, trained = (_arrays(side, config.heads, folds) for side in sides)
    return trained, held


_Row = tuple[str, str | None, int, bool]
"""Holds text, head, label, and whether the post is held back."""


def _arrays(rows: list[_Row], heads: tuple[str, ...], folds: int) -> Posts:
    labels = np.full((len(rows), len(heads)), UNLABELLED, dtype=np.int64)
    for index, (_, head, label, _) in enumerate(rows):
        if head is not None:
            labels[index, heads.index(head)] = label
    texts = [text for text, _, _, _ in rows]
    return Posts(texts, labels, heads, np.array([_hash(text, "fold") % folds for text in texts], dtype=np.int64))


def _hash(text: str, purpose: str) -> int:
    # The purpose is hashed along, so that the fold of a post says nothing about its side.
    return xxhash.xxh64_intdigest(f"{purpose}:{text}".encode())


def _read_source(source: DataSource) -> Iterator[_Row]:
    # A share of the hash range is a share of the texts, and the same texts fall below it in every run.
    threshold = source.held_back * 2**64
    count = 0
    for place, text, label in _records(source):
        normalised = normalise(text)
        if normalised:
            count += 1
            number = _number(source, label, place)
            yield normalised, source.head, number, _hash(normalised, "held back") < threshold
    if not count:
        raise Misconfigured(f"{source.path}: holds no post")


def _number(source: DataSource, label: object, place: str) -> int:
    if source.head is None:
        return UNLABELLED
    labels = HEADS[source.head].labels
    name = source.values.get(str(label), str(label))
    if name not in labels:
        raise Misconfigured(f"{place}: {source.label}: expected one of {list(source.values) or list(labels)}")
    return labels.index(name)


def _records(source: DataSource) -> Iterator[tuple[str, str, object]]:
    readers = {".jsonl": _jsonl, ".csv": _csv, ".txt": _txt}
    suffix = source.path.with_suffix("").suffix if source.path.suffix == ".gz" else source.path.suffix
    if suffix not in readers:
        raise Misconfigured(f"{source.path}: expected a file that ends in {', '.join(readers)}, or that and .gz")
    try:
        with _open(source.path) as lines:
            yield from readers[suffix](source, lines)
    except OSError as error:
        raise Misconfigured(f"{source.path}: cannot read posts: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{source.path}: is not UTF-8: byte {error.start}") from error


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _jsonl(source: DataSource, lines: IO[str]) -> Iterator[tuple[str, str, object]]:
    for number, line in enumerate(lines, start=1):
        place = f"{source.path}:{number}"
        try:
            record = json.loads(line)
            text, label = record[source.text], record[source.label] if source.head else None
        except (ValueError, KeyError, TypeError) as error:
            raise Misconfigured(f"{place}: expected a JSON object with {source.text!r} and its label") from error
        if not isinstance(text, str):
            raise Misconfigured(f"{place}: {source.text}: expected a text")
        yield place, text, label


def _csv(source: DataSource, lines: IO[str]) -> Iterator[tuple[str, str, object]]:
    reader = csv.DictReader(lines)
    wanted = [source.text, *([source.label] if source.head else [])]
    if missing := [name for name in wanted if name not in (reader.fieldnames or ())]:
        raise Misconfigured(f"{source.path}:1: columns {missing} are missing")
    for row in reader:
        # A short row has None in its last columns and then holds no post.
        yield f"{source.path}:{reader.line_num}", row[source.text] or "", row.get(source.label)


def _txt(source: DataSource, lines: IO[str]) -> Iterator[tuple[str, str, object]]:
    texts = lines.read().rstrip("\n").split("\n")
    labels: list[str | None] = [None] * len(texts)
    if source.labels_path is not None:
        with _open(source.labels_path) as file:
            labels = [label.strip() for label in file.read().rstrip("\n").split("\n")]
        if len(labels) != len(texts):
            raise Misconfigured(f"{source.labels_path}: {len(labels)} labels for {len(texts)} posts")
    for number, (text, label) in enumerate(zip(texts, labels, strict=True), start=1):
        yield f"{source.path}:{number}", text, label
