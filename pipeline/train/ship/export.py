"""Makes the folder that ships from a finished run: float parent, 8-bit model and calibration. The extra `torch` is
needed.

The engines open this folder, which also gets a card. The float parent keeps Hugging Face's layout in half
precision, and the engine's model is OpenVINO IR in 8 bit.
"""

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from pipeline.evaluation.heads import HEADS
from pipeline.evaluation.measures import Floats
from pipeline.evaluation.scores import Scores
from pipeline.ports.models import TextModel
from pipeline.train.config import TrainConfig
from pipeline.train.data.posts import Posts
from pipeline.train.fit.finetune import predict
from pipeline.train.fit.head_columns import columns_of, output_names
from pipeline.train.run import Trained
from pipeline.train.ship.calibration import (
    BinaryCalibration,
    SentimentCalibration,
    fit_binary,
    fit_prior_bias,
    fit_sentiment,
    prior_bias,
)
from pipeline.train.ship.held_back_scores import cross_fitted_scores, own_outputs, served_scores
from pipeline.train.ship.known_answers import add_known_answers
from pipeline.train.ship.quantise import quantise

MAX_TOKENS = 128
"""This is the longest input that is served, as the base's own tokenizer sets it. The longest post of 280
characters has fewer tokens.
"""

Calibration = SentimentCalibration | BinaryCalibration


@dataclass(frozen=True)
class Exported:
    """Holds what an export measured on the held-back posts.

    Args:
        float_scores: maps a head to the scores of the float parent, calibrated.
        engine_scores: the same for the 8-bit model in the real engine.
        out_of_fold: maps a head to the scores of the folds' models on posts that they had not seen; empty without
            folds.
        folds: for each fold's model, its scores by head on the held-back posts.
        agreement: the share of the held-back posts with one sentiment label in both forms.
    """

    float_scores: dict[str, Scores]
    engine_scores: dict[str, Scores]
    out_of_fold: dict[str, Scores]
    folds: tuple[dict[str, Scores], ...]
    agreement: float


def export(
    config: TrainConfig, trained: Trained, folder: Path, load_engine: Callable[[Path], TextModel]
) -> Exported:
    """Writes the model folder and measures both forms on the held-back posts.

    Args:
        config: the configuration of the run.
        trained: what the run left.
        folder: where to write.
        load_engine: opens the engine on the written folder, so that the 8-bit scores are those of the real engine.
    """
    tokenizer = AutoTokenizer.from_pretrained(str(trained.model))
    _write_float(_load(trained.model), tokenizer, folder / "float", config.name)
    # The model that was rounded to half precision is the one that is measured.
    model = _load(folder / "float")
    held = trained.held_back
    outputs = predict(folder / "float", held.texts, MAX_TOKENS)
    bias = _prior_bias(config, trained)
    calibration = _calibrate(outputs, held, bias)
    chosen = random.Random(config.seed).sample(  # noqa: S311 (a sample, not a secret)
        trained.trained.texts, min(config.quantisation.calibration_posts, len(trained.trained.texts))
    )
    quantised = quantise(model, tokenizer, chosen, MAX_TOKENS, config.quantisation)
    openvino.save_model(quantised, folder / "model.xml", compress_to_fp16=True)
    shutil.copy(folder / "float" / "tokenizer.json", folder / "tokenizer.json")
    _describe(folder, config, calibration)
    add_known_answers(folder)
    answers = load_engine(folder).score(held.texts)
    fields = ("negative", "neutral", "positive", *(head for head in held.heads if head != "sentiment"))
    engine = np.array([[getattr(answer, name) for name in fields] for answer in answers], float)
    return Exported(
        float_scores=cross_fitted_scores(outputs, held, bias),
        engine_scores=served_scores(engine, held),
        out_of_fold=_out_of_fold(trained, bias),
        folds=tuple(
            cross_fitted_scores(predict(model, held.texts, MAX_TOKENS), held, bias)
            for model in trained.fold_models
        ),
        agreement=_agreement(outputs, engine, held, bias),
    )


def _load(folder: Path) -> Any:
    return AutoModelForSequenceClassification.from_pretrained(
        str(folder), dtype=torch.float32, attn_implementation="sdpa"
    ).eval()


def _write_float(model: Any, tokenizer: Any, folder: Path, name: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    model.half().save_pretrained(str(folder))
    tokenizer.model_max_length = MAX_TOKENS
    tokenizer.save_pretrained(str(folder))
    _compact(folder / "tokenizer.json")
    # The library writes the file for its owner alone, and others run the package too.
    (folder / "model.safetensors").chmod(0o644)
    path = folder / "config.json"
    # Weights are stored in half precision and computed in single, because half is slow or missing on processors.
    description = json.loads(path.read_text(encoding="utf-8")) | {"dtype": "float32", "_name_or_path": name}
    path.write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")


def _compact(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def _prior_bias(config: TrainConfig, trained: Trained) -> tuple[float, ...]:
    posts = trained.trained
    labels = posts.labels[posts.labelled_for("sentiment"), posts.heads.index("sentiment")]
    shares = np.bincount(labels, minlength=3) / len(labels)
    if config.prior_strength is not None:
        return prior_bias(shares, config.prior_strength)
    if trained.out_of_fold is None:
        return (0.0, 0.0, 0.0)
    outputs, _ = own_outputs(trained.out_of_fold, posts, "sentiment")
    return fit_prior_bias(outputs, labels, shares)


def _calibrate(outputs: Floats, held: Posts, bias: tuple[float, ...]) -> dict[str, Calibration]:
    result: dict[str, Calibration] = {}
    for head in held.heads:
        own, labels = own_outputs(outputs, held, head)
        result[head] = fit_binary(own, labels) if HEADS[head].binary else fit_sentiment(own, labels, bias)
    return result


def _describe(folder: Path, config: TrainConfig, calibration: dict[str, Calibration]) -> None:
    files = ("model.xml", "model.bin", "tokenizer.json")
    description = {
        "name": config.name,
        "labels": list(output_names(config.heads)),
        "languages": list(config.languages),
        "max_tokens": MAX_TOKENS,
        "calibration": {head: vars(fitted) for head, fitted in calibration.items()},
        "sha256": {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files},
    }
    (folder / "config.json").write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")


def _out_of_fold(trained: Trained, bias: tuple[float, ...]) -> dict[str, Scores]:
    return {} if trained.out_of_fold is None else cross_fitted_scores(trained.out_of_fold, trained.trained, bias)


def _agreement(outputs: Floats, engine: Floats, held: Posts, bias: tuple[float, ...]) -> float:
    columns = columns_of(held.heads)["sentiment"]
    labels = (outputs[:, columns] + np.array(bias)).argmax(axis=1)
    return float(np.mean(labels == engine[:, columns].argmax(axis=1)))
