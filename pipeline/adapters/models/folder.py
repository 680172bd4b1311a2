"""Reads the `config.json` of a model's folder and verifies the files that it describes.

It takes a path and returns a verified `ModelFolder`. It loads no model.

The checksums are there for a half-copied image layer and for a Git LFS pointer in place of the weights. Without
them both would show as a crash deep in the engine or as silent nonsense.
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
"""Files for which `config.json` holds a checksum. Each must be there."""
KNOWN_ANSWERS = "known_answers.json"
"""File with texts and the answers that the model must give to them. A model may lack it; once `config.json` lists
it, it is verified like the others."""
FLOAT = "float"
"""Subfolder with the float parent in Hugging Face's layout, where there is one."""
DEFAULT_LANGUAGES = ("en",)
"""Languages of a model that does not state any. The shipped model's training posts are English."""

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
    """The content of `config.json`."""

    name: str
    labels: list[str]
    max_tokens: Annotated[int, Field(ge=3)]
    calibration: Calibration
    sha256: dict[str, str]


def is_model_folder(path: Path) -> bool:
    """Says whether the folder is meant to be a model folder, whole or damaged.

    The checksums in its `config.json` tell, because Hugging Face's own `config.json` has none.
    """
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
        problems = (f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors())
        raise Misconfigured(f"{config_path}: not a model description: {'; '.join(problems)}") from error
    except ValueError as error:
        raise Misconfigured(f"{config_path}: not a model description: {error}") from error
    for name in (*FILES, *({KNOWN_ANSWERS} & set(description.sha256))):
        _verify(path / name, description.sha256.get(name))
    # The name carries the weights' own checksum, so that two builds under one model id cannot be confused in the
    # scores.
    revision = description.sha256["model.bin"][:12]
    return ModelFolder(path, description.name, f"{description.name}@{revision}", description.max_tokens, heads)


def stated_languages(path: Path) -> tuple[str, ...]:
    """Returns the `languages` in the `config.json` of a folder of any kind.

    Where it names none, `DEFAULT_LANGUAGES` are taken.

    Raises:
        Misconfigured: the entries are no language codes.
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
    """Returns the SHA-256 of a file in hexadecimal digits."""
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
