"""A shipped model's folder: what its `config.json` says, and whether its files are what it says.

In: a folder's path. Out: a verified `ModelFolder`. Never here: an inference engine.

The checksums guard against a half-copied image layer or a Git LFS pointer in place of the weights,
both of which would otherwise show as a crash deep in the engine or as silent nonsense.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints, TypeAdapter, ValidationError

from pipeline.adapters.models.heads import SENTIMENT, Calibration, Heads
from pipeline.errors import Misconfigured

FILES = ("model.xml", "model.bin", "tokenizer.json")
"""What `config.json` holds a checksum of; each must be there."""
KNOWN_ANSWERS = "known_answers.json"
"""What the model must say to some texts, if that is known; verified once `config.json` lists it."""
FLOAT = "float"
"""Subfolder with the float parent in Hugging Face's layout, where there is one."""
DEFAULT_LANGUAGES = ("en",)
"""Of a model that does not say what it was made for: the shipped one's training posts are English."""

_LANGUAGES: TypeAdapter[tuple[str, ...]] = TypeAdapter(
    Annotated[tuple[Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")], ...], Field(min_length=1)]
)


@dataclass(frozen=True)
class ModelFolder:
    """A verified model folder.

    Args:
        path: the folder.
        model_id: the model's name without a revision.
        name: model id and the first 12 hex digits of the engine weights' SHA-256.
        max_tokens: longest input of the model, special tokens included.
        heads: what the logits' columns are and how they become probabilities.
    """

    path: Path
    model_id: str
    name: str
    max_tokens: int
    heads: Heads


class _Description(BaseModel):
    """`config.json`."""

    name: str
    labels: list[str]
    max_tokens: Annotated[int, Field(ge=3)]
    calibration: Calibration
    sha256: dict[str, str]


def is_model_folder(path: Path) -> bool:
    """Whether the folder is meant to be a model folder, whole or damaged: its `config.json` has checksums."""
    try:
        config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and "sha256" in config


def open_model_folder(path: Path | str) -> ModelFolder:
    """Reads and verifies a model folder.

    Raises:
        Misconfigured: a file is missing, `config.json` is not understood, or a checksum differs.
    """
    path = Path(path)
    config_path = path / "config.json"
    try:
        config = json.loads(config_path.read_text(encoding="utf-8"))
        description = _Description.model_validate(config)
        heads = Heads(description.labels, description.calibration)
        if missing := set(SENTIMENT) - set(description.labels):
            raise ValueError(f"labels: {', '.join(sorted(missing))} missing")
    except OSError as error:
        raise Misconfigured(f"{config_path}: cannot read the model's description: {error.strerror}") from error
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise Misconfigured(f"{config_path}: not a model description: {'; '.join(problems)}") from error
    except ValueError as error:
        raise Misconfigured(f"{config_path}: not a model description: {error}") from error
    for name in (*FILES, *({KNOWN_ANSWERS} & set(description.sha256))):
        _verify(path / name, description.sha256.get(name))
    revision = description.sha256["model.bin"][:12]
    return ModelFolder(path, description.name, f"{description.name}@{revision}", description.max_tokens, heads)


def stated_languages(path: Path) -> tuple[str, ...]:
    """The `languages` in the `config.json` of a folder of any kind; `DEFAULT_LANGUAGES` where it names none.

    Raises:
        Misconfigured: they are no language codes.
    """
    try:
        config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return DEFAULT_LANGUAGES
    if not isinstance(config, dict) or "languages" not in config:
        return DEFAULT_LANGUAGES
    try:
        return _LANGUAGES.validate_python(config["languages"])
    except ValidationError:
        raise Misconfigured(f"{path / 'config.json'}: languages: expected language codes like en, de") from None


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _verify(path: Path, expected: str | None) -> None:
    try:
        actual = sha256_of(path)
    except OSError as error:
        raise Misconfigured(f"{path}: cannot read this part of the model: {error.strerror}") from error
    if actual != expected:
        raise Misconfigured(
            f"{path}: SHA-256 is {actual[:12]}..., config.json says {str(expected)[:12]}...; "
            "the file is damaged or belongs to another model: install the package again"
        )
