"""Trains the head that tells what is pressing, as `python -m pipeline.train.pressing POSTS`. The extra `torch` is
needed.

POSTS are JSON lines with `text` and `label`, which is urgent or not_urgent. The shipped engine reads them, and no
gradient goes through the encoder, which stays as it is. Nobody's posts are in the repository, so the labels stay
outside of it (`deploy/decisions/0013-priority.md` says how they were made).

Regularised logistic regression is too timid with few posts, so its answers are stretched (Platt 1999) by what it
says of posts that were left out of the fit.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.adapters.models.openvino.text_model import SHIPPED_MODEL, OpenVinoEngine
from pipeline.enrich.reading.pressing.head import HEAD_BESIDE, pressing_inputs
from pipeline.enrich.reading.pressing.signs import PRESSING_SIGNS
from pipeline.enrich.text.normalise import normalise
from pipeline.evaluation.heads import URGENT
from pipeline.evaluation.labelled import read_labelled
from pipeline.evaluation.measures import Floats, auc

HEAD = Path(__file__).parent.parent / "weights" / "pressing" / "head.npz"
PENALTY = 1000.0
"""This is the weight of the squared coefficients in the loss, chosen with `SIGNS_SCALE` by cross-validation."""
SIGNS_SCALE = 3.0
"""All inputs have variance 1 before, and those that are scaled up are penalised less."""
FOLDS = 5

Yes = NDArray[np.bool_]


def main() -> None:
    """Trains from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("posts", help="JSON lines with text and label")
    parser.add_argument("--model", type=Path, help="folder of another model; default: the shipped one")
    options = parser.parse_args()
    engine = OpenVinoEngine(options.model or SHIPPED_MODEL)
    posts = [(text, post.label) for post in read_labelled(options.posts, URGENT) if (text := normalise(post.text))]
    scores = engine.score([text for text, _ in posts])
    rows = pressing_inputs([text for text, _ in posts], scores).astype(np.float64)
    said = train(rows, np.array([label == 1 for _, label in posts]), engine.name, _out(options.model))
    sys.stdout.write(said)


def train(rows: Floats, urgent: Yes, model: str, out: Path) -> str:
    """Fits the head, writes it, and returns how well it does on posts that were left out."""
    width = rows.shape[1] - len(PRESSING_SIGNS)
    # A sign that never occurs has no deviation, and the small number keeps it from dividing by zero.
    mean, factors = rows.mean(axis=0), 1 / (rows.std(axis=0) + 1e-6)
    factors[width:] *= SIGNS_SCALE
    scaled = (rows - mean) * factors
    left_out = _left_out(scaled, urgent)
    slope, offset = _fit(left_out[:, None], urgent, 1e-6)
    coefficients, intercept = _fit(scaled, urgent, PENALTY)
    weights = slope[0] * coefficients * factors
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        out,
        model=model.partition("@")[0],
        signs=np.array(PRESSING_SIGNS),
        weights=weights.astype(np.float32),
        bias=np.float32(slope[0] * intercept + offset - mean @ weights),
    )
    return f"{len(urgent)} posts, {urgent.sum()} urgent, AUC of posts left out {auc(left_out, urgent):.3f}\n"


def _left_out(scaled: Floats, urgent: Yes) -> Floats:
    """Returns for each post what a fit on the other folds says of it; both labels are spread evenly over folds."""
    from sklearn.model_selection import StratifiedKFold

    values = np.zeros(len(urgent))
    for seen, held in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(scaled, urgent):
        coefficients, intercept = _fit(scaled[seen], urgent[seen], PENALTY)
        values[held] = scaled[held] @ coefficients + intercept
    return values


def _fit(rows: Floats, urgent: Yes, penalty: float) -> tuple[Floats, float]:
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1 / penalty, max_iter=3000).fit(rows, urgent)
    return fitted.coef_[0], float(fitted.intercept_[0])


def _out(model: Path | None) -> Path:
    return HEAD if model is None else model / HEAD_BESIDE


if __name__ == "__main__":
    main()
