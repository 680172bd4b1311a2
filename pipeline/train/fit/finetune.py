"""Fine-tunes an encoder with all heads on one linear layer. The extra `torch` is needed.

Posts with labels, and perhaps with teachers' answers, become a Hugging Face folder. A killed run resumes from its
last saved step. Which posts are used and how the model is quantised is decided elsewhere.
"""

import random
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForSequenceClassification, AutoTokenizer, get_linear_schedule_with_warmup

from pipeline.errors import Misconfigured
from pipeline.train.config import Recipe
from pipeline.train.data.batches import bucketed_batches
from pipeline.train.data.posts import Posts
from pipeline.train.fit.averaging import RunningAverage
from pipeline.train.fit.device import DEVICE, autocast
from pipeline.train.fit.dropout import cheapen_dropout
from pipeline.train.fit.head_columns import output_names
from pipeline.train.fit.losses import HeadsLoss

Floats = NDArray[np.float64]
SAVE_EVERY_STEPS = 250
"""A kill costs at most so many steps, which are about a minute and a half of two cores, or twice that with
R-Drop.
"""
SAY_EVERY_STEPS = 50
PREDICTION_BATCH = 64


@dataclass(frozen=True)
class Job:
    """Describes one training.

    Args:
        folder: where `state.pt` and in the end `model/` lie.
        base: the Hugging Face folder to start from.
        seed: decides dropout, order and the new layer.
        epochs: how many times all posts are seen.
        posts: the posts to train on.
        teachers: (posts, outputs) probabilities, with rows of NaN where nobody answered.
        teacher_share: see `HeadsLoss`.
        unlabelled_weights: see `HeadsLoss`.
    """

    folder: Path
    base: Path
    seed: int
    epochs: int
    posts: Posts
    teachers: Floats
    teacher_share: float = 0.0
    unlabelled_weights: Mapping[str, float] = field(default_factory=dict)


def finetune(job: Job, recipe: Recipe, report: Callable[[str], None]) -> Path:
    """Trains one job, or resumes it, and returns the folder of the model. A finished job returns at once."""
    done = job.folder / "model"
    if not done.is_dir():
        # A job that cannot run refuses here, before there is a folder.
        trainer = _Trainer(job, recipe, report)
        job.folder.mkdir(parents=True, exist_ok=True)
        trainer.run(done)
    return done


def predict(folder: Path, texts: list[str], max_tokens: int) -> Floats:
    """Returns the outputs (texts, outputs) of a trained model, in order."""
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    model = AutoModelForSequenceClassification.from_pretrained(str(folder), attn_implementation="eager")
    model.to(DEVICE).eval()
    rows = tokenizer(texts, truncation=True, max_length=max_tokens)["input_ids"]
    # Batches of like length need little padding. The results are put back in the order of the texts.
    order = sorted(range(len(rows)), key=lambda index: len(rows[index]))
    outputs = np.zeros((len(rows), model.config.num_labels))
    with torch.inference_mode(), autocast():
        for start in range(0, len(order), PREDICTION_BATCH):
            batch = order[start : start + PREDICTION_BATCH]
            logits = model(**pad([rows[index] for index in batch], tokenizer.pad_token_id)).logits
            outputs[batch] = logits.float().cpu().numpy()
    return outputs


def pad(rows: list[list[int]], pad_token: int) -> dict[str, Any]:
    """Returns token ids and attention mask of one batch."""
    longest = max(map(len, rows))
    ids = torch.tensor([row + [pad_token] * (longest - len(row)) for row in rows], device=DEVICE)
    return {"input_ids": ids, "attention_mask": (ids != pad_token).long()}


class _Trainer:
    def __init__(self, job: Job, recipe: Recipe, report: Callable[[str], None]) -> None:
        self._job, self._recipe, self._report = job, recipe, report
        torch.manual_seed(job.seed)
        self._tokenizer = AutoTokenizer.from_pretrained(str(job.base))
        self._model = _load_base(job.base, output_names(job.posts.heads), recipe.layers)
        self._rows = self._tokenizer(job.posts.texts, truncation=True, max_length=recipe.max_tokens)["input_ids"]
        self._labels, self._teachers = torch.tensor(job.posts.labels), torch.tensor(job.teachers).float()
        self._steps = job.epochs * -(-len(self._rows) // recipe.batch_size)
        groups = _parameter_groups(self._model, recipe.weight_decay)
        self._optimiser = torch.optim.AdamW(groups, lr=recipe.learning_rate, fused=True)
        warm = int(self._steps * recipe.warmup_share)
        self._schedule = get_linear_schedule_with_warmup(self._optimiser, warm, self._steps)
        self._average = RunningAverage(self._model, recipe.average_decay)
        self._loss = HeadsLoss(
            job.posts.heads,
            smoothing=recipe.label_smoothing,
            teacher_share=job.teacher_share,
            weights=recipe.head_weights,
            unlabelled_weights=job.unlabelled_weights,
        )
        self._step = 0
        self._state = job.folder / "state.pt"

    def run(self, done: Path) -> None:
        self._resume()
        resumed_at, began, losses = self._step, time.perf_counter(), 0.0
        self._model.train()
        for step, batch in enumerate(self._all_batches()):
            if step < resumed_at:
                continue  # the order is that of the seed: these were done before the kill
            losses += self._train(batch)
            if self._step % SAY_EVERY_STEPS == 0:
                rate = (self._step - resumed_at) * self._recipe.batch_size / (time.perf_counter() - began)
                loss, losses = losses / SAY_EVERY_STEPS, 0.0
                left_min = (self._steps - self._step) * self._recipe.batch_size / rate / 60
                name = self._job.folder.name
                self._report(
                    f"{name} step {self._step}/{self._steps} loss {loss:.4f}, {rate:.0f} posts/s, "
                    f"{left_min:.0f} min left"
                )
            if self._step % SAVE_EVERY_STEPS == 0:
                self._save()
        self._finish(done)

    def _all_batches(self) -> Any:
        lengths = [len(row) for row in self._rows]
        for epoch in range(1, self._job.epochs + 1):
            shuffle = random.Random(self._job.seed * 1000 + epoch)  # noqa: S311 (an order, not a secret)
            yield from bucketed_batches(lengths, self._recipe.batch_size, shuffle)

    def _train(self, batch: list[int]) -> float:
        loss = self._backward(batch)
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), self._recipe.clip_norm)
        self._optimiser.step()
        self._schedule.step()
        self._optimiser.zero_grad(set_to_none=False)  # keeps the pages: 10 % of a step
        self._step += 1
        # Neighbouring weights hardly differ, and an average at every step would cost more than it gives.
        if self._step % 4 == 0:
            self._average.update()
        return loss

    def _backward(self, batch: list[int]) -> float:
        """Adds the gradients of one batch. With R-Drop each post is read twice, with other parts of it dropped."""
        posts = batch * 2 if self._recipe.r_drop else batch
        inputs = pad([self._rows[index] for index in posts], self._tokenizer.pad_token_id)
        self._hide_tokens(inputs)
        with autocast():
            outputs = self._model(**inputs).logits.float()
        loss = self._loss(outputs, self._labels[posts].to(DEVICE), self._teachers[posts].to(DEVICE))
        if self._recipe.r_drop:
            loss = loss + self._recipe.r_drop * self._loss.divergence(*outputs.split(len(batch)))
        loss.backward()
        return float(loss.detach())

    def _hide_tokens(self, inputs: dict[str, Any]) -> None:
        ids = inputs["input_ids"]
        # Hiding the marks of begin and end would hide where the text is.
        special = (ids == self._tokenizer.cls_token_id) | (ids == self._tokenizer.sep_token_id)
        hidden = torch.rand(ids.shape, device=ids.device) < self._recipe.token_dropout
        ids[hidden & ~special & (inputs["attention_mask"] == 1)] = self._tokenizer.mask_token_id

    def _save(self) -> None:
        state = {
            "step": self._step,
            "model": self._model.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
            "average": self._average.state(),
            # Without the state of the generator a resumed run would drop other elements and end in other weights.
            "random": torch.get_rng_state(),
        }
        part = self._state.with_suffix(".part")
        torch.save(state, part)
        part.replace(self._state)

    def _resume(self) -> None:
        if not self._state.is_file():
            return
        state = torch.load(self._state, map_location=DEVICE, weights_only=True)
        self._model.load_state_dict(state["model"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._schedule.load_state_dict(state["schedule"])
        self._average.load(state["average"])
        torch.set_rng_state(state["random"].cpu())
        self._step = state["step"]
        self._report(f"{self._job.folder.name} goes on at step {self._step}/{self._steps}")

    def _finish(self, done: Path) -> None:
        part = done.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        # The averaged weights are the model, and the last ones are only where training stopped.
        with self._average.applied():
            self._model.save_pretrained(str(part))
        self._tokenizer.save_pretrained(str(part))
        part.replace(done)
        self._state.unlink(missing_ok=True)


def _load_base(base: Path, outputs: tuple[str, ...], layers: int | None) -> Any:
    model = AutoModelForSequenceClassification.from_pretrained(
        str(base),
        num_labels=len(outputs),
        id2label=dict(enumerate(outputs)),
        label2id={name: index for index, name in enumerate(outputs)},
        attention_probs_dropout_prob=0.0,
        attn_implementation="eager",  # torch's fused attention is slower on short posts: 91 against 111 posts/s
    ).to(DEVICE)
    if layers is not None:
        keep_layers(model, layers)
    if DEVICE == "cpu":
        cheapen_dropout(model)
    return model


def keep_layers(model: Any, layers: int) -> None:
    """Keeps that many of the encoder's layers in place, evenly spaced from the first on (3 of 6: 1st, 3rd, 5th).

    Raises:
        Misconfigured: the encoder has fewer layers, or is not built as BERT's.
    """
    encoder = getattr(model.base_model, "encoder", None)
    stack = getattr(encoder, "layer", None)
    if encoder is None or stack is None or len(stack) < layers:
        have = "no list of layers as BERT's has" if stack is None else f"{len(stack)} layers"
        raise Misconfigured(f"recipe.layers: {layers} asked for; the base has {have}")
    encoder.layer = torch.nn.ModuleList(stack[number * len(stack) // layers] for number in range(layers))
    model.config.num_hidden_layers = layers


def _parameter_groups(model: Any, weight_decay: float) -> list[dict[str, Any]]:
    parameters = list(model.parameters())
    return [
        {"params": [parameter for parameter in parameters if parameter.ndim > 1], "weight_decay": weight_decay},
        # Weight decay is meant for matrices. Biases and the scales of layer norms are left alone, as is usual.
        {"params": [parameter for parameter in parameters if parameter.ndim <= 1], "weight_decay": 0.0},
    ]
