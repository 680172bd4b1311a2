"""Writes a model folder whose every logit is known, because each word adds its row of a table and nothing else
counts.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from openvino import opset13 as ops
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from pipeline.adapters.models.folder import FILES

LABELS = ["negative", "neutral", "positive", "offensive", "complaint"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
CALIBRATION: dict[str, Any] = {
    "sentiment": {"temperature": 2.0, "bias": [0.5, 0.0, -0.5]},
    "offence": {"scale": 2.0, "bias": -1.0},
    "complaint": {"scale": 0.5, "bias": 1.0},
}


def write_tiny_model(
    folder: Path, words: dict[str, list[float]], *, max_tokens: int = 128, labels: list[str] | None = None
) -> Path:
    """Maps words to their logits, one for each label. `labels` are the names of the columns."""
    vocabulary = {word: at for at, word in enumerate([*SPECIAL, *words])}
    width = len(next(iter(words.values())))
    table = np.array([[0.0] * width] * len(SPECIAL) + list(words.values()), dtype=np.float32)
    openvino.save_model(_network(table), folder / "model.xml", compress_to_fp16=False)
    _tokenizer(vocabulary).save(str(folder / "tokenizer.json"))
    description = {
        "name": "tiny",
        "labels": labels or LABELS,
        "max_tokens": max_tokens,
        "calibration": CALIBRATION,
        "sha256": {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES},
    }
    (folder / "config.json").write_text(json.dumps(description))
    return folder


def describe(folder: Path, **changes: object) -> None:
    """Changes fields of a folder's `config.json`. None takes a field out."""
    path = folder / "config.json"
    description = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({name: value for name, value in description.items() if value is not None}))


def _network(table: np.ndarray[Any, Any]) -> openvino.Model:
    ids = ops.parameter([-1, -1], np.int64, name="input_ids")
    mask = ops.parameter([-1, -1], np.int64, name="attention_mask")
    rows = ops.gather(ops.constant(table), ids, ops.constant(0))
    # Chosen, not multiplied: a row of NaN must not leak through its own mask.
    said = ops.equal(ops.unsqueeze(mask, ops.constant(2)), ops.constant(np.int64(1)))
    logits = ops.reduce_sum(ops.select(said, rows, ops.constant(np.float32(0))), ops.constant(1))
    for parameter, name in ((ids, "input_ids"), (mask, "attention_mask")):
        parameter.output(0).get_tensor().set_names({name})
    # A second output after the logits, as a model with an embedding would have.
    return openvino.Model([logits.output(0), rows.output(0)], [ids, mask], "tiny")


def _tokenizer(vocabulary: dict[str, int]) -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    ends = [(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    return tokenizer
