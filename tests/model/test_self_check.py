"""The engine checks itself, on the shipped model and on OpenVINO.

The fault on processors with AMX is planted where OpenVINO's answers come in, since it shows nowhere else.
Everything around it is real.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.adapters.models.batches import Deadline
from pipeline.adapters.models.check.known_answers import read_known_answers
from pipeline.adapters.models.check.self_check import TOLERANCE, as_array
from pipeline.adapters.models.engines import Served, describe_model, open_engine
from pipeline.adapters.models.folder import KNOWN_ANSWERS, open_model_folder
from pipeline.adapters.models.openvino import text_model as openvino_engine
from pipeline.adapters.models.openvino.configurations import BF16, BF16_UNFUSED, F32, F32_UNFUSED, Configuration
from pipeline.adapters.models.openvino.network import OpenVinoModel
from pipeline.adapters.models.openvino.text_model import SHIPPED_MODEL, OpenVinoEngine
from pipeline.adapters.models.processor import Processor
from pipeline.adapters.models.runner import Inputs, Runner, Take
from pipeline.enrich.text.normalise import normalise
from pipeline.errors import EXIT_USAGE, Misconfigured
from pipeline.metrics import METRICS
from pipeline.scenario.generate import generate
from pipeline.settings import ModelSettings
from tests.model.tiny_model import describe, write_tiny_model

POSTS = 600
SCORE = """
import json, sys
from pipeline.adapters.models.openvino.text_model import OpenVinoEngine
engine = OpenVinoEngine()
scores = [list(one[:5]) for one in engine.score(json.load(sys.stdin))]
print(json.dumps({"configuration": engine.opened.configuration.name, "scores": scores}))
"""
WORDS = {"ok": [1.0, 0.0, 0.5, 0.2, 0.1], "no": [0.0, 1.0, 0.5, 0.1, 0.2]}


class Wrong:
    """Makes requests whose answers to rows of one length are off, as those of AMX are at 32 tokens."""

    def __init__(self, right: Runner, length: int) -> None:
        self.right, self.length = right, length

    def run(self, batches: Iterable[tuple[list[int], Inputs]], take: Take, deadline: Deadline) -> None:
        for places, inputs in batches:
            off = 0.4 if inputs["input_ids"].shape[1] == self.length else 0.0

            def changed(places: list[int], outputs: list[NDArray[np.float32]], off: float = off) -> None:
                take(places, [outputs[0] + np.float32(off) * np.array([1, -1, 1, 1, 1], np.float32), *outputs[1:]])

            self.right.run([(places, inputs)], changed, deadline)


def plant(monkeypatch: pytest.MonkeyPatch, wrong: set[str], length: int = 32) -> list[str]:
    """Plants a processor with AMX on which these configurations are wrong, and returns the ones that were
    compiled.
    """
    compiled: list[str] = []
    compile_right = OpenVinoModel.compile

    def compile_one(model: OpenVinoModel, configuration: Configuration) -> Any:
        compiled.append(configuration.name)
        # What bf16 would be called there; computed in single precision, which every processor has.
        right = compile_right(model, F32)
        return Wrong(right, length) if configuration.name in wrong else right

    monkeypatch.setattr(OpenVinoModel, "compile", compile_one)
    monkeypatch.setattr(openvino_engine, "read_processor", lambda: Processor("planted", 2, ("amx_bf16",)))
    return compiled


@pytest.fixture(scope="module")
def engine() -> OpenVinoEngine:
    return OpenVinoEngine()


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Returns distinct generated posts."""
    made = (normalise(post.text or "") for post in generate(11, 900, datetime(2026, 11, 1, tzinfo=UTC), 24.0))
    return [text for text in dict.fromkeys(made) if text.strip()][:POSTS]


def assert_same_answers(some: NDArray[np.float64], others: NDArray[np.float64], tolerance: float) -> None:
    np.testing.assert_allclose(some, others, rtol=0, atol=tolerance)
    ranked = np.sort(some[:, :3], axis=1)
    clear = ranked[:, -1] - ranked[:, -2] > 2 * tolerance
    assert (some[:, :3].argmax(axis=1) == others[:, :3].argmax(axis=1))[clear].all()


def test_the_shipped_model_gives_its_known_answers_when_it_is_asked_as_any_post(engine: OpenVinoEngine) -> None:
    known = read_known_answers(open_model_folder(SHIPPED_MODEL))
    assert known is not None
    assert engine.opened.difference <= TOLERANCE
    given = as_array(engine.score(known.texts))
    asked = as_array(open_model_folder(SHIPPED_MODEL).heads.scores(known.logits))
    assert_same_answers(asked, given, TOLERANCE)
    assert np.ptp(asked, axis=0).min() > 0.5, "the texts are of every mood"


def test_a_post_alone_and_in_a_batch_gets_the_same_scores(engine: OpenVinoEngine, texts: list[str]) -> None:
    assert len(texts) == POSTS
    together = as_array(engine.score(texts))
    alone = as_array([engine.score([text])[0] for text in texts])
    assert_same_answers(together, alone, TOLERANCE)


@pytest.mark.parametrize("instructions", ["AVX512_CORE_VNNI", "AVX2"])
def test_processors_of_other_instructions_give_the_same_answers(
    engine: OpenVinoEngine, texts: list[str], instructions: str
) -> None:
    # Each is within the tolerance of the known answers, so two of them are within twice of each other.
    done = subprocess.run(
        [sys.executable, "-c", SCORE],
        input=json.dumps(texts[:60]),
        env=os.environ | {"ONEDNN_MAX_CPU_ISA": instructions},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    other = json.loads(done.stdout.splitlines()[-1])
    assert other["configuration"] in {BF16.name, BF16_UNFUSED.name, F32.name, F32_UNFUSED.name}
    assert_same_answers(as_array(engine.score(texts[:60])), np.array(other["scores"]), 2 * TOLERANCE)


def test_a_fault_at_32_tokens_is_seen_and_the_next_configuration_serves(
    monkeypatch: pytest.MonkeyPatch, texts: list[str]
) -> None:
    compiled = plant(monkeypatch, {BF16_UNFUSED.name, BF16.name})
    found = OpenVinoEngine()
    assert compiled == [BF16_UNFUSED.name, BF16.name, F32.name]
    assert found.opened.configuration == F32
    assert all("at 32 tokens" in why for why in found.opened.rejected.values())


def test_a_pinned_precision_that_is_wrong_ends_the_start_with_a_sentence_and_exit_2(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch, {BF16_UNFUSED.name, BF16.name})
    with pytest.raises(
        Misconfigured, match=r"EARSHOT_MODEL__PRECISION=bf16.*bf16_unfused: .*at 32 tokens"
    ) as ended:
        open_engine(ModelSettings(engine="openvino", precision="bf16"))
    assert ended.value.exit_code == EXIT_USAGE


def test_a_model_without_known_answers_is_compared_with_its_own_float32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_tiny_model(tmp_path, WORDS)
    assert OpenVinoEngine(folder).opened.difference < 1e-6
    plant(monkeypatch, {BF16_UNFUSED.name, BF16.name}, length=8)
    opened = OpenVinoEngine(folder).opened
    assert opened.configuration == F32
    assert all("at 8 tokens" in why for why in opened.rejected.values())


def test_known_answers_that_the_model_does_not_give_end_the_start(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path, WORDS)
    shipped = json.loads((SHIPPED_MODEL / KNOWN_ANSWERS).read_text())
    shipped["model"] = open_model_folder(folder).name
    (folder / KNOWN_ANSWERS).write_text(json.dumps(shipped))
    describe(folder, max_tokens=32)
    with pytest.raises(Misconfigured, match=r"no configuration gives the answers of known_answers\.json"):
        OpenVinoEngine(folder)


def test_known_answers_are_verified_as_the_weights_are(tmp_path: Path) -> None:
    for name in ("model.xml", "model.bin", "tokenizer.json", "config.json", KNOWN_ANSWERS):
        shutil.copy(SHIPPED_MODEL / name, tmp_path / name)
    with (tmp_path / KNOWN_ANSWERS).open("a") as file:
        file.write(" ")
    with pytest.raises(Misconfigured, match=rf"{KNOWN_ANSWERS}: SHA-256 is"):
        OpenVinoEngine(tmp_path)


def test_what_serves_is_reported_and_described(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path, WORDS)
    settings = ModelSettings(path=str(folder), engine="openvino", precision="f32")
    served: list[Served] = []
    open_engine(settings, on_opened=served.append)
    assert served == [Served(open_model_folder(folder).name, "openvino", "f32")]
    assert describe_model(settings) == f"{served[0].model} on openvino in f32, known answers within 0.0000"
    (metric,) = [metric for metric in METRICS if metric.name == "model_info"]
    assert metric.labels == Served._fields
