"""Reads and writes texts with the answers that a model must give to them, as they lie beside its weights.

It takes a model's folder and returns its known answers, if it has any. The comparison itself is made in
`self_check`.

**What the answers are.** The shipped model is 8-bit where that is safe and float elsewhere. Its known answers are
those of these very weights with every float part in single precision. They are not those of the float parent,
because quantising moves a probability by .007 on average, and leaving only the activations unquantised moved one
of 500 posts by .11, four times what an engine is allowed. So the check asks whether a processor computes the
served model right, and the model's card says what the quantising itself costs. The rest between processors is
small, because the weights stay within 7 bits and no integer product overflows. It is .004 with AVX-512 VNNI and
.011 with AVX2 alone.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

from pipeline.adapters.models.batches import Deadline
from pipeline.adapters.models.folder import KNOWN_ANSWERS, ModelFolder
from pipeline.adapters.models.runner import Runner
from pipeline.adapters.models.shapes import pad
from pipeline.errors import Misconfigured, Transient

Numbers = NDArray[np.float64]
DIGITS = 3
"""Decimals of a logit that are kept. A probability is then right within .0002."""


@dataclass(frozen=True)
class KnownAnswers:
    """The answers that a model must give.

    Args:
        texts: normalised texts.
        logits: a row for each text and a column for each label of the model. How logits become probabilities is
            the folder's affair, so that a model which is calibrated anew keeps its answers.
        origin: names the source of the answers in a message.
    """

    texts: tuple[str, ...]
    logits: Numbers
    origin: str


class _Answer(BaseModel):
    text: Annotated[str, Field(pattern=r"\S")]
    logits: list[Annotated[float, Field(allow_inf_nan=False)]]


class _File(BaseModel):
    model: str
    labels: list[str]
    answers: Annotated[list[_Answer], Field(min_length=1)]


def own_answers(runner: Runner, texts: Sequence[str], rows: Sequence[list[int]], labels: int) -> KnownAnswers:
    """Returns the answers of a runner that is taken to be right, to each text alone.

    Raises:
        Transient: the runner answers with NaN or infinity.
        Exception: whatever the runner raises.
    """
    logits = np.zeros((len(rows), labels))

    def take(places: list[int], outputs: list[NDArray[np.float32]]) -> None:
        logits[places] = outputs[0]

    # Alone, because a row's answer must not depend on the padding that its neighbours cause.
    runner.run([([place], pad([row])) for place, row in enumerate(rows)], take, Deadline(None))
    if not np.isfinite(logits).all():
        raise Transient("the model answered with NaN or infinity")
    return KnownAnswers(tuple(texts), logits, "the model's own float32")


def read_known_answers(folder: ModelFolder) -> KnownAnswers | None:
    """Returns the known answers of a model, or None for a folder that was made before there were such files.

    Raises:
        Misconfigured: the file cannot be read, or belongs to other weights.
    """
    path = folder.path / KNOWN_ANSWERS
    if not path.is_file():
        return None
    try:
        file = _File.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise Misconfigured(f"{path}: cannot read the model's known answers: {error}") from error
    if _weights(file.model) != _weights(folder.name):
        raise Misconfigured(f"{path}: these are the answers of {file.model}, the model is {folder.name}")
    labels = list(folder.heads.labels)
    if file.labels != labels or any(len(answer.logits) != len(labels) for answer in file.answers):
        raise Misconfigured(f"{path}: every answer needs {len(labels)} logits: {', '.join(labels)}")
    texts, rows = zip(*((answer.text, answer.logits) for answer in file.answers), strict=True)
    return KnownAnswers(texts, np.array(rows, dtype=np.float64), path.name)


def write_known_answers(folder: ModelFolder, known: KnownAnswers) -> Path:
    """Writes the answers beside the model and returns the path of the file."""
    path = folder.path / KNOWN_ANSWERS
    head = json.dumps({"model": folder.name, "labels": list(folder.heads.labels)})[:-1]
    rows = (
        json.dumps({"text": text, "logits": [round(float(logit), DIGITS) for logit in row]}, ensure_ascii=False)
        for text, row in zip(known.texts, known.logits, strict=True)
    )
    path.write_text(head + ', "answers": [\n' + ",\n".join(rows) + "\n]}\n", encoding="utf-8")
    return path


def _weights(name: str) -> str:
    """Returns the revision within a model's name. The rest is not compared, because a model may be renamed."""
    return name.rpartition("@")[2]
