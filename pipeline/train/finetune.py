"""Fine-tunes a BERT-like encoder with a three-class head (extra `torch`).

In: labelled posts and a base model's folder. Out: checkpoints in Hugging Face layout, a report.
Never here: quantisation, calibration, anything that serves.

The recipe is the one that shared/design measured for MiniLM-L6; `FinetuneConfig` holds its constants.
"""

import json
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, get_linear_schedule_with_warmup

from pipeline.train.averaging import RunningAverage
from pipeline.train.dropout import cheapen_dropout
from pipeline.train.labelled import LABELS, Example, bucketed_batches, limit_classes, read_examples
from pipeline.train.measures import Floats, macro_recall


@dataclass(frozen=True)
class FinetuneConfig:
    """What one run needs; the defaults are the recipe of the shipped model."""

    train: Path
    validation: Path
    base: Path
    output: Path
    epochs: int = 3
    batch_size: int = 32
    learning_rate: float = 8e-5
    weight_decay: float = 0.01
    warmup_share: float = 0.06
    label_smoothing: float = 0.05
    clip_norm: float = 1.0
    max_tokens: int = 96
    average_decay: float = 0.995
    """Of the running average of the weights, updated every 4 steps: it spans about 800 steps."""
    threads: int = 2
    seed: int = 1
    frozen_layers: int = 0
    """The embeddings and this many lower layers keep the base's weights; 0 trains everything. For a second,
    shorter run on top of a checkpoint."""
    max_per_class: int | None = None
    """Training posts of one class that are used, drawn at random; evens out rare and frequent classes."""
    early_checkpoint: int | None = None
    """Step after which one more checkpoint is kept, to build on while the run goes on."""


@dataclass
class FinetuneReport:
    """What a run measured: one entry an epoch, checkpoints by name, posts a second."""

    epochs: list[dict[str, float]] = field(default_factory=list)
    checkpoints: list[str] = field(default_factory=list)
    posts_per_s: float = 0.0


def finetune(config: FinetuneConfig, say: Callable[[str], None]) -> FinetuneReport:
    """Trains, and leaves `epoch-<n>` and `epoch-<n>-average` under `config.output`.

    Args:
        config: the run.
        say: takes one line of progress at a time.

    Raises:
        Misconfigured: a data file is missing or has a bad line.
    """
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    trainer = _Trainer(config, say)
    for epoch in range(1, config.epochs + 1):
        trainer.run_epoch(epoch)
    return trainer.report


class _Trainer:
    def __init__(self, config: FinetuneConfig, say: Callable[[str], None]) -> None:
        self.config, self.say, self.report = config, say, FinetuneReport()
        self.tokenizer = AutoTokenizer.from_pretrained(str(config.base))
        self.model = AutoModelForSequenceClassification.from_pretrained(
            str(config.base),
            num_labels=len(LABELS),
            id2label=dict(enumerate(LABELS)),
            label2id={label: at for at, label in enumerate(LABELS)},
            attention_probs_dropout_prob=0.0,  # lets torch use its fused attention on a processor
        )
        cheapen_dropout(self.model)
        _freeze(self.model, config.frozen_layers)
        draw = random.Random(config.seed)  # noqa: S311 (a sample, not a secret)
        self.train, self.train_ids = self._encode(
            limit_classes(read_examples(config.train), config.max_per_class, draw)
        )
        self.validation, self.validation_ids = self._encode(read_examples(config.validation))
        steps = config.epochs * -(-len(self.train) // config.batch_size)
        self.optimiser = torch.optim.AdamW(self._parameter_groups(), lr=config.learning_rate, fused=True)
        self.schedule = get_linear_schedule_with_warmup(self.optimiser, int(steps * config.warmup_share), steps)
        self.loss = torch.nn.CrossEntropyLoss(label_smoothing=config.label_smoothing)
        self.average = RunningAverage(self.model, config.average_decay)
        self.step, self.steps = 0, steps

    def _encode(self, examples: list[Example]) -> tuple[list[Example], list[list[int]]]:
        encoded = self.tokenizer(
            [example.text for example in examples], truncation=True, max_length=self.config.max_tokens
        )
        return examples, encoded["input_ids"]

    def _parameter_groups(self) -> list[dict[str, Any]]:
        trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        decayed = [parameter for parameter in trained if parameter.ndim > 1]
        plain = [parameter for parameter in trained if parameter.ndim <= 1]
        return [
            {"params": decayed, "weight_decay": self.config.weight_decay},
            {"params": plain, "weight_decay": 0.0},
        ]

    def run_epoch(self, epoch: int) -> None:
        """Trains one epoch and saves it, live and averaged."""
        shuffle = random.Random(self.config.seed * 1000 + epoch)  # noqa: S311 (an order, not a secret)
        lengths = [len(ids) for ids in self.train_ids]
        began, posts, loss_sum = time.perf_counter(), 0, 0.0
        self.model.train()
        for count, batch in enumerate(bucketed_batches(lengths, self.config.batch_size, shuffle), start=1):
            loss_sum += self._train_batch(batch)
            posts += len(batch)
            self.report.posts_per_s = posts / (time.perf_counter() - began)
            if count % 50 == 0:
                rate = self.report.posts_per_s
                self.say(
                    f"epoch {epoch} step {self.step}/{self.steps} loss {loss_sum / count:.4f} {rate:.0f} posts/s"
                )
            if self.step == self.config.early_checkpoint:
                self._save(f"step-{self.step}", epoch)
        self._save(f"epoch-{epoch}", epoch)
        with self.average.applied():
            self._save(f"epoch-{epoch}-average", epoch)

    def _train_batch(self, batch: list[int]) -> float:
        inputs = self._pad([self.train_ids[at] for at in batch])
        labels = torch.tensor([self.train[at].label for at in batch])
        loss = self.loss(self.model(**inputs).logits, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        self.optimiser.step()
        self.schedule.step()
        self.optimiser.zero_grad(set_to_none=False)  # keeps the pages: 10 % of a step
        self.step += 1
        if self.step % 4 == 0:
            self.average.update()
        return float(loss.detach())

    def _pad(self, rows: list[list[int]]) -> dict[str, Any]:
        longest = max(map(len, rows))
        pad = self.tokenizer.pad_token_id
        ids = torch.tensor([row + [pad] * (longest - len(row)) for row in rows])
        return {"input_ids": ids, "attention_mask": (ids != pad).long()}

    def _logits(self, rows: list[list[int]]) -> Floats:
        logits = np.zeros((len(rows), len(LABELS)))
        order = sorted(range(len(rows)), key=lambda at: len(rows[at]))
        self.model.eval()
        with torch.inference_mode():
            for start in range(0, len(order), 64):
                batch = order[start : start + 64]
                logits[batch] = self.model(**self._pad([rows[at] for at in batch])).logits.numpy()
        self.model.train()
        return logits

    def _save(self, name: str, epoch: int) -> None:
        labels = np.array([example.label for example in self.validation])
        recall = macro_recall(self._logits(self.validation_ids), labels)
        folder = self.config.output / name
        self.model.save_pretrained(str(folder))
        self.tokenizer.save_pretrained(str(folder))
        self.report.epochs.append({"epoch": epoch, "step": self.step, "macro_recall": recall})
        self.report.checkpoints.append(name)
        report = json.dumps(asdict(self.report), indent=1)
        (self.config.output / "report.json").write_text(report, encoding="utf-8")
        self.say(f"{name}: validation macro recall {recall:.4f}, {self.report.posts_per_s:.0f} posts/s")


def _freeze(model: Any, layers: int) -> None:
    if layers:
        for part in (model.base_model.embeddings, *model.base_model.encoder.layer[:layers]):
            part.requires_grad_(False)
