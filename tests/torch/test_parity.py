"""Both engines run one model: torch on the float parent beside OpenVINO on the same float weights."""

import hashlib
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import openvino
import pytest
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from pipeline.adapters.models.folder import FILES
from pipeline.adapters.models.heads import SENTIMENT
from pipeline.adapters.models.openvino.text_model import SHIPPED_MODEL, OpenVinoEngine
from pipeline.adapters.models.torch.text_model import TorchEngine
from pipeline.enrich.text.normalise import normalise
from pipeline.scenario.generate import generate
from tests.ports.test_text_model import cosine

pytestmark = pytest.mark.torch
POSTS = 2_000
FLOAT = SHIPPED_MODEL / "float"


def convert(folder: Path) -> Path:
    """Makes the float parent a model folder for OpenVINO, with nothing quantised or rounded."""
    tokenizer = AutoTokenizer.from_pretrained(str(FLOAT))
    net = AutoModelForSequenceClassification.from_pretrained(str(FLOAT), dtype="float32").eval()
    encoded = tokenizer(["the train is late"], return_tensors="pt")
    example = {name: encoded[name] for name in ("input_ids", "attention_mask")}
    converted = openvino.convert_model(net, example_input=example)
    for port, name in zip(converted.inputs, example, strict=True):
        port.get_tensor().set_names({name})
    openvino.save_model(converted, folder / "model.xml", compress_to_fp16=False)
    shutil.copy(SHIPPED_MODEL / "tokenizer.json", folder)
    description = json.loads((SHIPPED_MODEL / "config.json").read_text())
    description["sha256"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
    (folder / "config.json").write_text(json.dumps(description))
    return folder


def test_both_engines_agree(tmp_path: Path) -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    texts = [normalise(post.text or "") for post in generate(11, POSTS, start, 24.0)]
    assert len(set(texts)) > POSTS / 2
    by_torch = TorchEngine(SHIPPED_MODEL).score(texts)
    torch_scores = np.array([one[:5] for one in by_torch], dtype=float)
    # Single precision also where the processor has bf16, which OpenVINO would choose there.
    by_openvino = OpenVinoEngine(convert(tmp_path), precision="f32").score(texts)
    openvino_scores = np.array([one[:5] for one in by_openvino], dtype=float)
    np.testing.assert_allclose(openvino_scores, torch_scores, atol=0.02)
    labels, others = (scores[:, : len(SENTIMENT)].argmax(axis=1) for scores in (torch_scores, openvino_scores))
    assert np.mean(labels == others) >= 0.995
    assert len(set(labels)) == len(SENTIMENT)
    for one, other in zip(by_torch, by_openvino, strict=True):
        assert (one.embedding is None) == (other.embedding is None)
        if one.embedding is not None and other.embedding is not None:
            assert cosine(one.embedding, other.embedding) > 0.999
