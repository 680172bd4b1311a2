"""From a checkpoint to the two shipped forms: float parent and int8 engine model (extra `torch`).

In: a checkpoint folder, labelled posts. Out: the model folder that `open_model_folder` reads, with the
float parent in `float/` and a card. Never here: training, an engine of our own.

The float parent keeps Hugging Face's layout, in half precision; the engine's model is OpenVINO IR in
8 bit, quantised after training on real posts (NNCF).
"""

import hashlib
import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nncf
import numpy as np
import openvino
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from pipeline.ports import SentimentModel
from pipeline.train.card import Measured, write_card
from pipeline.train.labelled import LABELS, Example, read_examples
from pipeline.train.measures import (
    Floats,
    expected_calibration_error,
    fit_temperature,
    macro_recall,
    probabilities,
)

MODEL_NAME = "earshot-minilm-l6-sentiment"
MAX_TOKENS = 128
"""Longest input served; the base's own tokenizer setting. The longest post of 280 characters has fewer."""


@dataclass(frozen=True)
class ExportConfig:
    """What one export needs."""

    checkpoint: Path
    train: Path
    validation: Path
    output: Path
    recipe: str
    """How the checkpoint was trained, in a phrase, for the card."""
    calibration_posts: int = 300
    """Training posts that the quantiser sees: NNCF's own default."""
    seed: int = 1


def export(config: ExportConfig, load_engine: Callable[[Path], SentimentModel]) -> Measured:
    """Writes the model folder and measures both forms on the validation posts.

    Args:
        config: the export.
        load_engine: opens the engine on the written folder; the int8 score is that of the real engine.

    Raises:
        Misconfigured: a data file is missing or has a bad line.
    """
    train, validation = read_examples(config.train), read_examples(config.validation)
    labels = np.array([example.label for example in validation])
    tokenizer = AutoTokenizer.from_pretrained(str(config.checkpoint))
    _write_float(_load(config.checkpoint), tokenizer, config.output / "float")
    model = _load(config.output / "float")  # what was rounded to half precision is what is measured
    float_logits = _logits(model, tokenizer, validation)
    temperature = fit_temperature(float_logits, labels)
    sample = random.Random(config.seed).sample(train, config.calibration_posts)  # noqa: S311
    quantised = _quantise(model, tokenizer, sample)
    _write_engine_model(quantised, config.output, temperature)
    scores = load_engine(config.output).score([example.text for example in validation])
    int8 = np.array(scores)
    measured = Measured(
        validation_posts=len(validation),
        float_macro_recall=macro_recall(float_logits, labels),
        int8_macro_recall=macro_recall(int8, labels),
        float_ece=expected_calibration_error(probabilities(float_logits, temperature), labels),
        int8_ece=expected_calibration_error(int8, labels),
        agreement=float(np.mean(int8.argmax(axis=1) == float_logits.argmax(axis=1))),
        temperature=temperature,
        recipe=config.recipe,
    )
    write_card(config.output / "MODEL_CARD.md", measured)
    return measured


def _load(folder: Path) -> Any:
    return AutoModelForSequenceClassification.from_pretrained(str(folder), dtype=torch.float32).eval()


def _write_float(model: Any, tokenizer: Any, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    model.half().save_pretrained(str(folder))
    tokenizer.model_max_length = MAX_TOKENS
    tokenizer.save_pretrained(str(folder))
    _compact(folder / "tokenizer.json")
    (folder / "model.safetensors").chmod(0o644)  # written for its owner alone; others run the package too
    path = folder / "config.json"
    # Stored in half precision, computed in single: half is slow or missing on processors.
    description = json.loads(path.read_text(encoding="utf-8")) | {"dtype": "float32", "_name_or_path": MODEL_NAME}
    path.write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")


def _compact(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def _batches(tokenizer: Any, posts: list[Example], size: int) -> Iterator[dict[str, Any]]:
    for start in range(0, len(posts), size):
        texts = [example.text for example in posts[start : start + size]]
        encoded = tokenizer(texts, truncation=True, max_length=MAX_TOKENS, padding=True, return_tensors="pt")
        yield {"input_ids": encoded["input_ids"], "attention_mask": encoded["attention_mask"]}


def _logits(model: Any, tokenizer: Any, posts: list[Example]) -> Floats:
    with torch.inference_mode():
        parts = [model(**batch).logits.double().numpy() for batch in _batches(tokenizer, posts, 64)]
    return np.asarray(np.concatenate(parts))


def _quantise(model: Any, tokenizer: Any, posts: list[Example]) -> Any:
    batches = list(_batches(tokenizer, posts, 1))
    converted = openvino.convert_model(model, example_input=batches[0])
    for port, name in zip(converted.inputs, batches[0], strict=True):
        port.get_tensor().set_names({name})
    return nncf.quantize(
        converted,
        nncf.Dataset(batches, lambda batch: {name: value.numpy() for name, value in batch.items()}),
        model_type=nncf.ModelType.TRANSFORMER,
        # Processors without VNNI add pairs of 8-bit products in 16 bits, which overflow with full-range weights.
        advanced_parameters=nncf.AdvancedQuantizationParameters(overflow_fix=nncf.OverflowFix.ENABLE),
        subset_size=len(batches),
    )


def _write_engine_model(model: Any, folder: Path, temperature: float) -> None:
    openvino.save_model(model, folder / "model.xml", compress_to_fp16=True)
    shutil.copy(folder / "float" / "tokenizer.json", folder / "tokenizer.json")
    files = ("model.xml", "model.bin", "tokenizer.json")
    description = {
        "name": MODEL_NAME,
        "labels": list(LABELS),
        "max_tokens": MAX_TOKENS,
        "temperature": temperature,
        "sha256": {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files},
    }
    (folder / "config.json").write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
