"""`earshot train` end to end on a tiny model: trains, goes on after a kill, quantises, serves."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.adapters.models.check.known_answers import read_known_answers
from pipeline.adapters.models.folder import open_model_folder
from pipeline.adapters.models.openvino.text_model import OpenVinoEngine
from pipeline.errors import Misconfigured
from pipeline.train.config import read_config
from pipeline.train.data.posts import read_posts
from pipeline.train.fit import finetune as finetune_module
from pipeline.train.fit.finetune import Job, finetune, predict
from pipeline.train.run import cached_answers, run
from pipeline.train.ship.calibration import prior_bias
from pipeline.train.ship.export import export
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
    assert read_known_answers(open_model_folder(tmp_path / "out/model")) is not None
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


@pytest.mark.parametrize("options", [{}, {"r_drop": 1.0}], ids=["plain", "R-Drop"])
def test_a_killed_training_goes_on_and_ends_like_one_that_was_not(
    tmp_path: Path, run_file: Path, options: dict[str, float]
) -> None:
    config = read_config(run_file)
    recipe = config.recipe.model_copy(update=options)
    trained, _ = read_posts(config)
    nobody = np.full((len(trained.texts), 5), np.nan)
    base = config.base
    assert base is not None

    def job(name: str) -> Job:
        return Job(tmp_path / name, base, 1, 12, trained, nobody)

    straight = finetune(job("straight"), recipe, lambda _: None)
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
            finetune(job("killed"), recipe, die_late)
        resumed = finetune(job("killed"), recipe, said.append)
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
    (tmp_path / "out/final").mkdir(parents=True)
    (tmp_path / "out/run.json").write_text(config.model_copy(update={"seed": 99}).model_dump_json())
    with pytest.raises(Misconfigured, match="holds a run of another configuration"):
        run(config, tmp_path / "out", lambda _: None)


def test_each_option_of_the_recipe_changes_what_is_learned(run_file: Path, tmp_path: Path) -> None:
    config = read_config(run_file)
    trained, _ = read_posts(config)
    nobody = np.full((len(trained.texts), 5), np.nan)
    assert config.base is not None
    found = []
    every: list[dict[str, float]] = [{}, {"r_drop": 1.0}, {"layers": 1}]
    for number, options in enumerate(every):
        recipe = config.recipe.model_copy(update=options)
        model = finetune(Job(tmp_path / str(number), config.base, 1, 1, trained, nobody), recipe, lambda _: None)
        found.append(predict(model, trained.texts[:10], 96))
    for number, outputs in enumerate(found):
        for other in found[:number]:
            assert np.abs(outputs - other).max() > 1e-3


def test_a_smaller_model_learns_from_a_finished_one_alone(run_file: Path, tmp_path: Path) -> None:
    config = read_config(run_file)
    teacher = run(config.model_copy(update={"distillation": None}), tmp_path / "teacher", lambda _: None).model
    assert config.distillation is not None
    # Of the labels nothing counts: what the student knows, the teacher has told.
    plan = config.distillation.model_copy(update={"teacher": teacher, "teacher_share": 1.0})
    smaller = config.model_copy(
        update={"recipe": config.recipe.model_copy(update={"layers": 1}), "distillation": plan}
    )
    done = run(smaller, tmp_path / "out", lambda _: None)
    assert (done.out_of_fold, done.fold_models) == (None, ())
    assert json.loads((done.model / "config.json").read_text())["num_hidden_layers"] == 1
    texts = done.trained.texts
    told, learned = (predict(each, texts, 96)[:, :3].argmax(axis=1) for each in (teacher, done.model))
    assert np.mean(told == learned) > 0.9
    assert run(smaller, tmp_path / "out", lambda _: None).model == done.model
    shorter = replace(done.trained, texts=texts[:-1])
    with pytest.raises(Misconfigured, match=r"teacher\.npy: answers \d+ posts, the data files now hold"):
        cached_answers(tmp_path / "out/teacher.npy", shorter, lambda: np.zeros((1, 5)))


def test_a_run_that_trained_nothing_yet_can_be_corrected(run_file: Path, tmp_path: Path) -> None:
    config = read_config(run_file)
    deeper = config.model_copy(update={"recipe": config.recipe.model_copy(update={"layers": 3})})
    with pytest.raises(Misconfigured):
        run(deeper, tmp_path / "out", lambda _: None)
    assert run(config.model_copy(update={"distillation": None}), tmp_path / "out", lambda _: None).model.is_dir()


@pytest.mark.filterwarnings("ignore")  # torch's tracer warns of what the export relies on
def test_a_named_prior_strength_reaches_the_exported_model(run_file: Path, tmp_path: Path) -> None:
    config = read_config(run_file)
    trained = run(config.model_copy(update={"distillation": None}), tmp_path / "out", lambda _: None)
    first = trained.trained.labels[:, 0]
    shares = np.bincount(first[first >= 0], minlength=3) / (first >= 0).sum()
    for strength, expected in ((None, (0.0, 0.0, 0.0)), (0.5, prior_bias(shares, 0.5))):
        named = config.model_copy(update={"prior_strength": strength, "distillation": None})
        again = run(named, tmp_path / "out", lambda _: None)  # the same run: only the export differs
        export(named, again, tmp_path / "model", OpenVinoEngine)
        written = json.loads((tmp_path / "model/config.json").read_text())
        assert tuple(written["calibration"]["sentiment"]["bias"]) == pytest.approx(expected)


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
