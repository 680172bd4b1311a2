"""`earshot train` end to end on a tiny model: trains, goes on after a kill, quantises, serves."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.adapters.openvino_engine import OpenVinoEngine
from pipeline.errors import Misconfigured
from pipeline.train import finetune as finetune_module
from pipeline.train.config import read_config
from pipeline.train.finetune import Job, finetune, predict
from pipeline.train.posts import read_posts
from pipeline.train.run import run
from tests.torch.tiny_base import write_base
from tests.unit.train.runs import write_run

pytestmark = pytest.mark.torch
ONE_THREAD = os.environ | {"OMP_NUM_THREADS": "1"}
"""Two threads of a tiny model wait for each other longer than they work, on a busy machine for minutes."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    base = write_base(tmp_path / "base")
    path = write_run(tmp_path)
    text = path.read_text().replace("epochs = 1\nbatch", "epochs = 6\nlearning_rate = 5e-3\nbatch")
    path.write_text(text.replace("seed = 3", f'seed = 3\nbase = "{base}"'))
    return path


def train_command(run_file: Path, output: Path) -> list[str]:
    return [sys.executable, "-m", "pipeline.cli", "train", str(run_file), "--output", str(output)]


def test_a_run_ends_in_a_model_folder_that_the_engine_serves(run_file: Path, tmp_path: Path) -> None:
    command = train_command(run_file, tmp_path / "out")
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False, env=ONE_THREAD)
    assert done.returncode == 0, done.stderr
    engine = OpenVinoEngine(tmp_path / "out/model")
    bad, good, fix, see = engine.score(
        ["the train was awful", "we love the train", "please fix 3", "see you at 4"]
    )
    assert bad.negative > 0.5
    assert good.positive > 0.5
    assert bad.offence is not None
    assert (fix.complaint or 0.0) > (see.complaint or 1.0)
    metrics = json.loads((tmp_path / "out/metrics.json").read_text())
    assert metrics["engine_scores"]["sentiment"]["macro_recall"] > 0.9
    assert len(metrics["folds"]) == 2
    card = (tmp_path / "out/model/MODEL_CARD.md").read_text()
    assert "| complaint | int8, in the engine |" in card
    assert "folds 2" in card


def test_a_killed_training_goes_on_and_ends_like_one_that_was_not(tmp_path: Path, run_file: Path) -> None:
    config = read_config(run_file)
    trained, _ = read_posts(config)
    nobody = np.full((len(trained.texts), 5), np.nan)
    base = config.base
    assert base is not None

    def job(name: str) -> Job:
        return Job(tmp_path / name, base, 1, 12, trained, nobody)

    straight = finetune(job("straight"), config.recipe, lambda _: None)
    said: list[str] = []

    class Killed(BaseException):
        pass

    def die_late(line: str) -> None:
        said.append(line)
        if "step 100/" in line:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finetune_module, "SAVE_EVERY_STEPS", 40)
        with pytest.raises(Killed):
            finetune(job("killed"), config.recipe, die_late)
        resumed = finetune(job("killed"), config.recipe, said.append)
    assert any("goes on at step 80/" in line for line in said)
    texts = trained.texts[:20]
    assert predict(resumed, texts, 96) == pytest.approx(predict(straight, texts, 96), abs=2e-2)


def test_sigkill_between_two_trainings_repeats_neither(run_file: Path, tmp_path: Path) -> None:
    command = train_command(run_file, tmp_path / "out")
    first = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=ONE_THREAD)
    done = tmp_path / "out/fold-1/model"
    deadline = time.monotonic() + 200
    while not done.is_dir():
        assert first.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.wait()
    stamp = (done / "model.safetensors").stat().st_mtime_ns
    second = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False, env=ONE_THREAD)
    assert second.returncode == 0, second.stderr
    assert (done / "model.safetensors").stat().st_mtime_ns == stamp


def test_a_folder_with_another_run_is_refused(run_file: Path, tmp_path: Path) -> None:
    config = read_config(run_file)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/run.json").write_text("{}")
    with pytest.raises(Misconfigured, match="holds a run of another configuration"):
        run(config, tmp_path / "out", lambda _: None)


def test_a_smaller_model_learns_from_a_finished_one_with_both_regularisers(run_file: Path, tmp_path: Path) -> None:
    config = read_config(run_file)
    teacher = run(config.model_copy(update={"distillation": None}), tmp_path / "teacher", lambda _: None).model
    assert config.distillation is not None
    smaller = config.model_copy(
        update={
            "base": teacher,
            "recipe": config.recipe.model_copy(update={"layers": 1, "r_drop": 1.0, "weight_noise": 0.01}),
            "distillation": config.distillation.model_copy(update={"teacher": teacher}),
        }
    )
    done = run(smaller, tmp_path / "out", lambda _: None)
    assert done.out_of_fold is None
    assert done.fold_models == ()
    assert json.loads((done.model / "config.json").read_text())["num_hidden_layers"] == 1
    bad, good = predict(done.model, ["the train was awful", "we love the train"], 96)
    assert bad[0] > bad[2]
    assert good[2] > good[0]
    again = run(smaller, tmp_path / "out", lambda _: None)
    assert again.model == done.model


def test_more_layers_than_the_base_has_are_refused(run_file: Path, tmp_path: Path) -> None:
    config = read_config(run_file)
    deeper = config.model_copy(update={"recipe": config.recipe.model_copy(update={"layers": 3})})
    with pytest.raises(Misconfigured, match=r"recipe\.layers: 3 asked for; the base has 2 layers"):
        run(deeper, tmp_path / "out", lambda _: None)


@pytest.mark.parametrize("content", ["{", '{"id2label": {"0": "good"}}'], ids=["no model", "other outputs"])
def test_a_teacher_that_cannot_teach_is_named(run_file: Path, tmp_path: Path, content: str) -> None:
    config = read_config(run_file)
    teacher = tmp_path / "teacher"
    teacher.mkdir()
    (teacher / "config.json").write_text(content)
    assert config.distillation is not None
    plan = config.distillation.model_copy(update={"teacher": teacher})
    with pytest.raises(Misconfigured, match=r"teacher: distillation\.teacher: "):
        run(config.model_copy(update={"distillation": plan}), tmp_path / "out", lambda _: None)
