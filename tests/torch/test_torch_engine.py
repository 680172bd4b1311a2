"""The torch engine around the model: which models it takes, what it calls them, how it fails."""

import hashlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pipeline.adapters.models.batches import Deadline
from pipeline.adapters.models.check.self_check import TOLERANCE, Opened
from pipeline.adapters.models.engines import open_engine
from pipeline.adapters.models.openvino.configurations import BF16, F16, F32
from pipeline.adapters.models.openvino.text_model import SHIPPED_MODEL
from pipeline.adapters.models.runner import Inputs, Take
from pipeline.adapters.models.torch import text_model as torch_engine
from pipeline.adapters.models.torch.network import TorchNet
from pipeline.adapters.models.torch.text_model import TorchEngine
from pipeline.errors import Misconfigured, Transient
from pipeline.ports.models import TextScores
from pipeline.settings import ModelSettings
from tests.torch.small_model import write_small_model

pytestmark = pytest.mark.torch
THREE = {0: "Positive", 1: "NEUTRAL", 2: "negative"}


def test_labels_name_the_columns_in_any_order_and_case(tmp_path: Path) -> None:
    named = TorchEngine(write_small_model(tmp_path / "named", THREE)).score(["good", "bad and late"])
    numbered = {at: f"LABEL_{at}" for at in range(3)}  # taken for negative, neutral, positive
    assumed = TorchEngine(write_small_model(tmp_path / "numbered", numbered)).score(["good", "bad and late"])
    for one, other in zip(named, assumed, strict=True):
        assert one[:3] == pytest.approx(other[:3][::-1], abs=1e-6)
        assert one[3:5] == (None, None)


def test_a_model_of_two_classes_is_never_neutral(tmp_path: Path) -> None:
    engine = TorchEngine(write_small_model(tmp_path, {0: "NEGATIVE", 1: "POSITIVE"}))
    assert [one.neutral for one in engine.score(["good", "bad", ""])] == [0, 0, 1]


def test_a_model_with_all_heads_answers_all(tmp_path: Path) -> None:
    labels = dict(enumerate(["negative", "neutral", "positive", "offensive", "complaint"]))
    one, blank = TorchEngine(write_small_model(tmp_path, labels)).score(["good", " "])
    assert one.offence is not None
    assert one.complaint is not None
    assert 0 < one.offence < 1
    assert 0 < one.complaint < 1
    assert blank == TextScores(0.0, 1.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"id2label": {0: "1 star", 1: "2 stars"}}, "found 1 star, 2 stars"),
        ({"id2label": {0: "LABEL_0", 1: "LABEL_1"}}, "found label_0, label_1"),
        ({"id2label": THREE, "pad": False}, "no padding token"),
        ({"id2label": THREE, "classifier": False}, "no trained classifier"),
    ],
)
def test_what_it_cannot_serve_is_refused_with_the_reason(tmp_path: Path, made: dict[str, Any], said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        TorchEngine(write_small_model(tmp_path, **made))


def test_a_folder_that_is_no_model_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(Misconfigured, match=f"{tmp_path}: cannot load the model"):
        TorchEngine(tmp_path)


def test_a_model_folder_without_its_float_parent_is_refused(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED_MODEL, tmp_path / "copy", ignore=shutil.ignore_patterns("float"))
    with pytest.raises(Misconfigured, match="float parent is missing"):
        TorchEngine(tmp_path / "copy")


def test_a_calibration_of_heads_that_the_float_parent_lacks_is_refused(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED_MODEL, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy" / "float")
    write_small_model(tmp_path / "copy" / "float", {0: "negative", 1: "positive", 2: "other"})
    with pytest.raises(Misconfigured, match="found negative, positive, other"):
        TorchEngine(tmp_path / "copy")


def test_the_name_is_the_models_with_its_weights_checksum() -> None:
    weights = hashlib.sha256((SHIPPED_MODEL / "float" / "model.safetensors").read_bytes()).hexdigest()[:12]
    shipped = json.loads((SHIPPED_MODEL / "config.json").read_text())["name"]
    assert TorchEngine(SHIPPED_MODEL).name == f"{shipped}@{weights}"
    assert TorchEngine(str(SHIPPED_MODEL / "float")).name == f"float@{weights}"


def test_a_long_text_is_judged_by_its_first_and_last_half(tmp_path: Path) -> None:
    engine = TorchEngine(write_small_model(tmp_path, THREE))  # 34 positions, two of them spare: 32 tokens
    start, end = ["good"] * 15, ["bad"] * 15
    fits, long, other = engine.score(
        [" ".join(words) for words in ([*start, *end], [*start, *["late"] * 5000, *end], ["late"] * 40)]
    )
    assert long[:3] == pytest.approx(fits[:3], abs=1e-6)
    assert other[:3] != pytest.approx(fits[:3], abs=1e-3)


def test_order_and_length_are_kept_over_several_batches(tmp_path: Path) -> None:
    engine = TorchEngine(write_small_model(tmp_path, THREE), batch_size=4)
    texts = [" ".join(["good", "bad", "late"][: at % 4] * (1 + at * 7 % 9)) for at in range(150)]
    for text, together in zip(texts, engine.score(texts), strict=True):
        alone = engine.score([text])[0]
        assert together[:3] == pytest.approx(alone[:3], abs=1e-5)
        if alone.embedding is not None:
            assert together.embedding == pytest.approx(alone.embedding, abs=2e-3)  # half precision


def test_a_missed_deadline_says_how_many_texts_were_waiting(tmp_path: Path) -> None:
    engine = TorchEngine(write_small_model(tmp_path, THREE), deadline_s=0.0)
    with pytest.raises(Transient, match=r"no answer within 0 s: 70 of 70 texts were waiting"):
        engine.score(["good"] * 70)


def test_numbers_that_are_none_and_failures_are_transient(tmp_path: Path) -> None:
    engine = TorchEngine(write_small_model(tmp_path, THREE))
    engine._net._net.classifier.weight.data.fill_(float("nan"))
    with pytest.raises(Transient, match="2 of 2 texts with NaN"):
        engine.score(["good", "bad"])
    engine._net._net.classifier = None
    with pytest.raises(Transient, match="the engine failed on 1 texts"):
        engine.score(["good"])


def test_auto_takes_torch_for_a_folder_in_hugging_faces_layout(tmp_path: Path) -> None:
    path = str(write_small_model(tmp_path, THREE))
    engine = open_engine(ModelSettings(path=path, cache_entries=0))
    assert isinstance(engine, TorchEngine)
    assert open_engine(ModelSettings(path=path)).score(["good"])[0][:3] == engine.score(["good"])[0][:3]


def test_on_the_processor_single_precision_serves_and_is_its_own_measure(tmp_path: Path) -> None:
    assert TorchEngine(write_small_model(tmp_path, THREE)).opened == Opened(F32, 0.0, {})


def test_a_pinned_bf16_is_compared_with_the_models_own_float32(tmp_path: Path) -> None:
    opened = TorchEngine(write_small_model(tmp_path, THREE, spread=0.3), precision="bf16").opened
    assert opened.configuration == BF16
    assert 0 < opened.difference <= TOLERANCE


class Wrong(TorchNet):
    """Answers wrongly when rows have 32 tokens and half precision."""

    def run(self, batches: Iterable[tuple[list[int], Inputs]], take: Take, deadline: Deadline) -> None:
        half = self._net.dtype != torch.float32
        for places, inputs in batches:
            off = 3.0 if half and inputs["input_ids"].shape[1] == 32 else 0.0

            def changed(places: list[int], outputs: list[NDArray[np.float32]], off: float = off) -> None:
                take(places, [outputs[0] + np.array([off, 0, -off], np.float32)])

            super().run([(places, inputs)], changed, deadline)


def test_half_precision_that_is_wrong_gives_way_to_single_and_ends_the_start_where_it_is_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_small_model(tmp_path, THREE)
    monkeypatch.setattr(torch_engine, "TorchNet", Wrong)
    with pytest.raises(Misconfigured, match=r"EARSHOT_MODEL__PRECISION=bf16.*bf16: a probability differs"):
        TorchEngine(folder, precision="bf16")
    # As on a GPU, which this machine need not have.
    monkeypatch.setattr(torch_engine, "_forms", lambda _precision: ("cpu", (BF16, F32)))
    opened = TorchEngine(folder).opened
    assert opened.configuration == F32
    assert list(opened.rejected) == [BF16.name]


def test_a_gpu_serves_in_the_half_precision_that_it_has_and_falls_back_to_single(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for has_bf16, half in ((True, BF16), (False, F16)):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda has_bf16=has_bf16: has_bf16)
        assert torch_engine._forms("auto") == ("cuda", (half, F32))
        assert torch_engine._forms("f32") == ("cuda", (F32,))
        assert torch_engine._forms("bf16") == ("cuda", (BF16,))
