"""Defines what one training run is made of, as read from one TOML file.

The file and the folder that its data paths start from become a checked `TrainConfig`. No post is read here.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.errors import Misconfigured
from pipeline.evaluation.heads import HEADS

HeadName = Literal["sentiment", "offence", "complaint"]
Share = Annotated[float, Field(ge=0, lt=1)]


def _of_known_heads(weights: dict[str, float]) -> dict[str, float]:
    if unknown := sorted(set(weights) - set(HEADS)):
        raise ValueError(f"{unknown} are no heads: {list(HEADS)}")
    return weights


HeadWeights = Annotated[dict[str, Annotated[float, Field(ge=0)]], AfterValidator(_of_known_heads)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataSource(_Section):
    """Describes one file of posts, which are labelled for one head or unlabelled."""

    path: Path = Field(description=".jsonl, .csv or .txt (one post a line), .gz too")
    head: HeadName | None = Field(default=None, description="absent: unlabelled")
    text: str = Field(default="text", description="field or column of the text")
    label: str = Field(default="label", description="field or column of the label")
    labels_path: Path | None = Field(default=None, description="labels of a .txt, one a line")
    values: dict[str, str] = Field(default_factory=dict, description="label as written: label of the head")
    held_back: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.0, description="share of the posts that is never trained on, chosen by the text's hash"
    )
    about: str = Field(description="origin and licence, for the model card")

    @model_validator(mode="after")
    def _labels_fit_the_head(self) -> "DataSource":
        labels = HEADS[self.head].labels if self.head else ()
        if unknown := sorted(set(self.values.values()) - set(labels)):
            raise ValueError(f"values: {unknown} are no labels of head {self.head}: {list(labels)}")
        if self.head and self.path.suffix == ".txt" and self.labels_path is None:
            raise ValueError("labels_path: a labelled .txt needs one")
        return self


class Recipe(_Section):
    """Says how the model is trained. The files in `deploy/training/` say what the shipped models were trained
    with.
    """

    epochs: Annotated[int, Field(ge=1, le=100)] = 3
    batch_size: Annotated[int, Field(ge=2, le=4096)] = 32
    learning_rate: Annotated[float, Field(gt=0, lt=1)] = 8e-5
    weight_decay: Share = 0.01
    warmup_share: Share = 0.06
    label_smoothing: Share = 0.05
    clip_norm: Annotated[float, Field(gt=0)] = 1.0
    max_tokens: Annotated[int, Field(ge=8, le=512)] = 96
    token_dropout: Share = Field(default=0.0, description="share of tokens hidden behind [MASK] while training")
    average_decay: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.99, description="of the running average of the weights, updated every 4 steps"
    )
    head_weights: HeadWeights = Field(default_factory=dict, description="of the losses; 1 unless given")
    layers: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="of the base's layers, evenly spaced, that are kept; absent: all"
    )
    r_drop: Annotated[float, Field(ge=0)] = Field(
        default=0.0, description="weight of the divergence of two passes with other dropout; doubles the time"
    )


class Distillation(_Section):
    """Says who answers the posts beforehand. The final model learns from these answers.

    By default the run cross-fits, so that the model of each fold answers the posts that it has not seen. A
    finished model may answer all posts in its place.
    """

    teacher: Path | None = Field(
        default=None,
        description="Hugging Face folder, from the run's file on, of a finished model with these heads whose "
        "training held the same posts back; absent: folds are trained",
    )
    folds: Annotated[int, Field(ge=2, le=20)] = 3
    epochs: Annotated[int, Field(ge=1, le=100)] = 2
    teacher_share: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.5, description="share of the teachers' answers in the target where a post has a label"
    )
    unlabelled_weights: HeadWeights = Field(
        default_factory=dict, description="head: weight of a post that only teachers answer; 1 unless given"
    )


class Quantisation(_Section):
    """Says how the 8-bit form is made."""

    calibration_posts: Annotated[int, Field(ge=10, le=100_000)] = 300
    smooth_alpha: Annotated[float, Field(ge=-1, le=1)] = Field(
        default=0.95, description="SmoothQuant's: how much of the activations' range the weights take over"
    )
    fast_bias_correction: bool = True
    keep_float: tuple[str, ...] = Field(default=(), description="patterns of operation names that stay in float")


class TrainConfig(_Section):
    """Describes one run."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    languages: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        default=("en",), description="what the posts are written in; texts in others are read, and flagged as weak"
    )
    seed: int = 1
    prior_strength: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None,
        description="of the log class shares that is taken off; absent: fitted to the folds' answers, 0 without",
    )
    base: Path | None = Field(
        default=None, description="Hugging Face folder, from the run's file on; absent: the packaged MiniLM-L6"
    )
    data: Annotated[tuple[DataSource, ...], Field(min_length=1)]
    recipe: Recipe = Recipe()
    distillation: Distillation | None = Field(default=None, description="absent: hard labels only")
    quantisation: Quantisation = Quantisation()

    @property
    def heads(self) -> tuple[HeadName, ...]:
        """Returns the heads that some file has labels for, in the order of the outputs."""
        labelled = {source.head for source in self.data}
        return tuple(name for name in HEADS if name in labelled)

    @model_validator(mode="after")
    def _has_sentiment(self) -> "TrainConfig":
        if "sentiment" not in self.heads:
            raise ValueError("data: no file has labels of the head sentiment, which every model must have")
        return self


def read_config(path: Path, data: Path | None = None) -> TrainConfig:
    """Reads the file of a run.

    Relative data paths start from `data`, if it is given. Otherwise they start from the file's own folder, as the
    paths of models always do.

    Raises:
        Misconfigured: the file is missing, is no TOML, or has a field that cannot be; the message names file and
            field.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        config = TrainConfig.model_validate(content)
    except OSError as error:
        raise Misconfigured(f"{path}: cannot read the run's file: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"{path}: {error}") from error
    except ValidationError as error:
        lines = [
            f"{path}: {'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
        ]
        raise Misconfigured("\n".join(lines)) from None
    # A run that is resumed may be called from another working directory.
    root = (data or path.parent).resolve()
    own = path.parent.resolve()
    changes: dict[str, object] = {"data": tuple(_rooted(source, root) for source in config.data)}
    if config.base is not None:
        changes["base"] = own / config.base
    if config.distillation is not None and config.distillation.teacher is not None:
        changes["distillation"] = config.distillation.model_copy(
            update={"teacher": own / config.distillation.teacher}
        )
    return config.model_copy(update=changes)


def _rooted(source: DataSource, root: Path) -> DataSource:
    labels = root / source.labels_path if source.labels_path else None
    return source.model_copy(update={"path": root / source.path, "labels_path": labels})
