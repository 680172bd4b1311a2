"""Trains the head of the built-in intents, as `python -m pipeline.train.intents`. The extra `torch` is needed.

The shipped engine reads posts that are labelled or were answered by an earlier head. The result is the head
`pipeline/weights/intent/head.npz`, or a statement of how well the present one reads labelled posts. No gradient
goes through the encoder, which stays as it is.

Three kinds of posts are used. The examples of the repository were written for this. Real posts that somebody
labelled count eight times as much, because they are what the stream is like. A public set of complaints counts two
fifths. A complaint there is a complaint, and a text that asks a company something and is none is a question. The
last two kinds stay outside of the repository, and without them the head is weaker
(`deploy/decisions/0006-intent.md` says by how much).

After a training of the encoder there may be no labelled posts at hand. The earlier model and its head can then
answer unlabelled posts, and the new head learns the answers (Hinton et al. 2015), which count like labelled real
posts.
"""

import argparse
import csv
import gzip
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.adapters.models.openvino.text_model import SHIPPED_MODEL, OpenVinoEngine
from pipeline.enrich.reading.intents.features import INTENT_FEATURES, intent_features
from pipeline.enrich.reading.intents.model import HEAD_BESIDE, INTENTS, LOGITS, IntentModel, inputs, load_head
from pipeline.enrich.text.normalise import normalise
from pipeline.errors import Misconfigured
from pipeline.evaluation.bootstrap import intervals
from pipeline.evaluation.measures import (
    Floats,
    class_f1s,
    confusion_matrix,
    expected_calibration_error,
    guesses,
    macro_f1,
)
from pipeline.ports.models import TextModel, TextScores

EXAMPLES = Path("deploy/training/intents.jsonl")
HEAD = Path(__file__).parent.parent / "weights" / "intent" / "head.npz"

SHARES = (0.44, 0.15, 0.09, 0.005, 0.012, 0.018, 0.016, 0.004, 0.004, 0.005, 0.256)
"""Says how often each intent is meant in support streams, in the order of `INTENTS`. The shares were counted in
the labelled real posts, and the rare ones are a little higher. The examples hold every intent equally often, which
would find job offers everywhere.
"""
LIFTS = (0.0, 0.9, 0.0, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2, 0.0)
"""These are added to the logits, so that questions and the rare intents are given a little too often rather than
hardly ever. This is best for F1 and worst for nobody (cross-validated on the real training posts, in steps of .2).
"""
EXAMPLE_WEIGHT, REAL_WEIGHT, COMPLAINTS_WEIGHT = 0.5, 4.0, 0.2
LEAST_SHARE = 0.02
"""Whatever an earlier head gives less than this counts as nothing."""
PENALTY = 1000.0
"""This is the weight of the squared coefficients in the loss. It was chosen with the scales below by
cross-validation on the real training posts.
"""
LOGITS_SCALE, SIGNS_SCALE, ASKING_SCALE = 2.0, 3.0, 6.0
"""Inputs that are scaled up are penalised less. All have variance 1 before. The words of a question are the surest
sign.
"""
ASKING = (
    "mark", "marks", "ends on a mark", "asks", "inverts", "inverts without a mark", "asks why",
    "opens as a question", "asks somebody", "wants to know", "wants help", "wants it mended", "has a fault",
)  # fmt: skip
"""These signs say that a text asks something."""
BACKGROUND_EACH = 17
"""So many examples of each intent stand for ordinary posts when own intents are learned."""


class LabelledPosts(NamedTuple):
    """Holds posts with their intents and how much each of them counts."""

    texts: list[str]
    intents: list[str]
    weights: list[float]


class AnsweredPosts(NamedTuple):
    """Holds posts with what an earlier head says of them."""

    texts: list[str]
    shares: Floats
    """Holds probabilities of shape (posts, intents)."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains the head of the built-in intents, or judges the present one."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.train.intents", description=main.__doc__)
    parser.add_argument("--posts", type=Path, help='real posts, JSON lines with "text" and "label"')
    parser.add_argument("--complaints", type=Path, help="CSV with text, is_complaint and domain")
    parser.add_argument("--earlier", type=Path, help="folder of an earlier model, whose head answers --unlabelled")
    parser.add_argument("--earlier-head", type=Path, help="the head of that model")
    parser.add_argument("--unlabelled", type=Path, help="CSV, also .gz, with text and inbound")
    parser.add_argument("--model", type=Path, help="folder of the model; the shipped one")
    parser.add_argument(
        "--out", type=Path, help=f"the head; {HEAD_BESIDE} in the model's folder, or the shipped one"
    )
    parser.add_argument("--judge", type=Path, help="only say how well these real posts are read")
    options = parser.parse_args(arguments)
    if 0 < sum(option is not None for option in (options.earlier, options.earlier_head, options.unlabelled)) < 3:
        parser.error("--earlier, --earlier-head and --unlabelled go together")
    engine = OpenVinoEngine(options.model or SHIPPED_MODEL)
    out = options.out or (HEAD if options.model is None else options.model / HEAD_BESIDE)
    if options.judge:
        sys.stdout.write(judge(read_lines(options.judge, "label", 1.0), engine, IntentModel(load_head(out))))
        return
    parts: list[LabelledPosts | AnsweredPosts] = [read_lines(EXAMPLES, "intent", EXAMPLE_WEIGHT)]
    if options.posts:
        parts.append(read_lines(options.posts, "label", REAL_WEIGHT))
    if options.complaints:
        parts.append(read_complaints(options.complaints))
    if options.earlier:
        texts = read_inbound(options.unlabelled)
        parts.append(answer(texts, OpenVinoEngine(options.earlier), IntentModel(load_head(options.earlier_head))))
    train(parts, engine, out)


def read_lines(path: Path, label: str, weight: float) -> LabelledPosts:
    """Reads the labelled posts of a file of JSON lines, and normalises them.

    Raises:
        Misconfigured: the file cannot be read, or a line is no labelled post; the message names file:line.
    """
    posts = LabelledPosts([], [], [])
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise Misconfigured(f"{path}: cannot read posts: {error.strerror}") from error
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
            text, intent = normalise(record["text"]), record[label]
        except (ValueError, KeyError, TypeError) as error:
            raise Misconfigured(f"{path}:{number}: expected a JSON object with text and {label}") from error
        if intent not in INTENTS or not text:
            raise Misconfigured(f"{path}:{number}: expected a text and one of {', '.join(INTENTS)}")
        posts.texts.append(text)
        posts.intents.append(intent)
        posts.weights.append(weight)
    return posts


def read_complaints(path: Path) -> LabelledPosts:
    """Reads complaints, and texts that ask a company something and are no complaints."""
    posts = LabelledPosts([], [], [])
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            text = normalise(row["text"])
            complains = row["is_complaint"] == "1"
            # Texts of the domain "random" are addressed to nobody, so a question among them is no request for
            # help.
            to_a_company = not row["domain"].startswith("random")
            if text and (complains or (to_a_company and intent_features(text)[INTENT_FEATURES.index("asks")])):
                posts.texts.append(text)
                posts.intents.append("complaint" if complains else "question")
                posts.weights.append(COMPLAINTS_WEIGHT)
    return posts


def read_inbound(path: Path) -> list[str]:
    """Returns what customers wrote, normalised, each text once.

    Raises:
        Misconfigured: the file cannot be read or has other columns.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Misconfigured(f"{path}: cannot read posts: {error.strerror}") from error
    lines = io.StringIO((gzip.decompress(content) if path.suffix == ".gz" else content).decode(), newline="")
    reader = csv.DictReader(lines)
    if missing := [name for name in ("text", "inbound") if name not in (reader.fieldnames or ())]:
        raise Misconfigured(f"{path}:1: columns {missing} are missing")
    texts = [normalise(row["text"] or "") for row in reader if row["inbound"] == "True"]
    return [text for text in dict.fromkeys(texts) if text]


def answer(texts: list[str], engine: TextModel, model: IntentModel) -> AnsweredPosts:
    """Returns what an earlier head says of the posts."""
    return AnsweredPosts(
        texts, model.probabilities(texts, _require_embeddings(engine.score(texts))).astype(np.float64)
    )


def train(parts: Sequence[LabelledPosts | AnsweredPosts], engine: TextModel, out: Path) -> None:
    """Fits the head on all parts. The inputs are standardised by the first part, which is labelled."""
    from sklearn.linear_model import LogisticRegression

    scores = [engine.score(part.texts) for part in parts]
    rows = [inputs(part.texts, answers).astype(np.float64) for part, answers in zip(parts, scores, strict=True)]
    wanted = np.vstack([targets_of(part) for part in parts])
    # A constant input has no deviation, and the small number keeps it from dividing by zero.
    mean, deviation = rows[0].mean(axis=0), rows[0].std(axis=0) + 1e-6
    factors = _factors(rows[0].shape[1]) / deviation
    # A post counts once for each intent that it may have.
    at, labels = np.nonzero(wanted)
    # The penalty applies to the scaled inputs, so a larger scale lets a kind of input count for more.
    fitted = LogisticRegression(C=1 / PENALTY, max_iter=2000, tol=1e-5)
    fitted.fit(((np.vstack(rows) - mean) * factors)[at], labels, sample_weight=wanted[at, labels])
    coefficients = fitted.coef_.T * factors[:, None]
    seen = wanted.sum(axis=0) / wanted.sum()
    # The intercept knows the shares of the training posts. The shares of real streams take their place here.
    bias = (
        fitted.intercept_ - mean @ coefficients + np.log(np.array(SHARES) / sum(SHARES) / seen) + np.array(LIFTS)
    )
    width = rows[0].shape[1] - LOGITS - len(INTENT_FEATURES)
    chosen = _background(wanted[: len(rows[0])].argmax(axis=1))
    standardised = ((rows[0] - mean) / deviation)[chosen, :width]
    # Each row of the background is stored in 8 bits, and only its direction matters.
    standardised *= 127 / np.abs(standardised).max(axis=1, keepdims=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        out,
        model=engine.name.partition("@")[0],
        intents=np.array(INTENTS),
        signs=np.array(INTENT_FEATURES),
        weights=coefficients.astype(np.float32),
        bias=bias.astype(np.float32),
        mean=mean[:width].astype(np.float32),
        scale=deviation[:width].astype(np.float32),
        background=np.rint(standardised).astype(np.int8),
    )


def judge(posts: LabelledPosts, engine: TextModel, model: IntentModel) -> str:
    """Returns, as lines, the F1 of each intent that occurs, their mean with its interval, accuracy and calibration
    error.
    """
    probability = model.probabilities(posts.texts, _require_embeddings(engine.score(posts.texts))).astype(
        np.float64
    )
    labels = np.array([INTENTS.index(name) for name in posts.intents])
    guessed = guesses(probability)
    f1s = class_f1s(confusion_matrix(labels, guessed, len(INTENTS)))
    between = intervals(probability, labels)["macro_f1"]
    counts = np.bincount(labels, minlength=len(INTENTS))
    lines = [
        f"{name:<15} {counts[at]:>4} posts  F1 {f1s[at]:.3f}" for at, name in enumerate(INTENTS) if counts[at]
    ]
    frequent = counts >= 10
    interval = f"{between.low:.3f} to {between.high:.3f}" if between else "unknown"
    return "\n".join(
        [
            *lines,
            f"posts {len(labels)}, accuracy {(guessed == labels).mean():.3f}, "
            f"calibration error {expected_calibration_error(probability, labels, bins=10):.3f}",
            f"macro F1 {macro_f1(probability, labels):.3f} ({interval}); "
            f"of intents with at least 10 posts {f1s[frequent].mean():.3f}\n",
        ]
    )


def targets_of(part: LabelledPosts | AnsweredPosts) -> Floats:
    """Returns how much each post counts for each intent, with shape (posts, intents)."""
    if isinstance(part, AnsweredPosts):
        # The lifts are in these answers already, and they are added again to what is fitted here.
        plain = part.shares * np.exp(-np.array(LIFTS))
        plain = np.where(plain < LEAST_SHARE * plain.sum(axis=1, keepdims=True), 0.0, plain)
        return np.asarray(REAL_WEIGHT * plain / plain.sum(axis=1, keepdims=True))
    targets = np.zeros((len(part.texts), len(INTENTS)))
    targets[np.arange(len(part.texts)), [INTENTS.index(name) for name in part.intents]] = part.weights
    return targets


def _require_embeddings(scores: Sequence[TextScores]) -> list[TextScores]:
    missing = sum(answer.embedding is None for answer in scores)
    if missing:
        raise Misconfigured(f"{missing} of {len(scores)} posts have no embedding")
    return list(scores)


def _factors(count: int) -> NDArray[np.float64]:
    factors = np.full(count, SIGNS_SCALE)
    width = count - LOGITS - len(INTENT_FEATURES)
    factors[:width] = 1.0
    factors[width : width + LOGITS] = LOGITS_SCALE
    factors[[width + LOGITS + INTENT_FEATURES.index(name) for name in ASKING]] = ASKING_SCALE
    return factors


def _background(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns the indexes of the background posts, evenly spread over the examples of each intent."""
    places = [np.flatnonzero(labels == at) for at in range(len(INTENTS))]
    return np.concatenate([own[np.linspace(0, len(own) - 1, BACKGROUND_EACH).astype(int)] for own in places])


if __name__ == "__main__":
    main()
