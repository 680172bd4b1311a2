"""Which engine serves the configured model, and the engine itself, warm and behind its cache.

In: the model's settings. Out: a `TextModel` that has shown that it answers right. Never here: an engine's
own work.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from pipeline.adapters.models.cache import CachedModel, OnLookup
from pipeline.adapters.models.folder import FLOAT, is_model_folder, stated_languages
from pipeline.adapters.models.openvino.text_model import SHIPPED_MODEL, OpenVinoEngine
from pipeline.adapters.models.torch.text_model import TorchEngine, find_gpu, look_up
from pipeline.errors import Misconfigured
from pipeline.logs import get_log
from pipeline.ports.models import TextModel
from pipeline.settings import ModelSettings

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")


class Choice(NamedTuple):
    """The engine for a model, and why."""

    engine: Literal["openvino", "torch"]
    model: str
    """A folder or a hub id."""
    why: str


class Served(NamedTuple):
    """What answers for a model in this process; the labels of the metric `model_info`."""

    model: str
    """With its revision."""
    engine: Literal["openvino", "torch"]
    configuration: str
    """Precision, and what else of the engine was chosen."""


OnOpened = Callable[[Served], None]
"""Told of each model that is ready."""


def choose_engine(settings: ModelSettings, gpu: str | None) -> Choice:
    """What `auto` means for this model on this machine; a named engine is taken if it can serve the model.

    Args:
        settings: the model's.
        gpu: the GPU that torch would use, None without.

    Raises:
        Misconfigured: there is no such folder, or the engine cannot serve such a model.
    """
    model = str(settings.path or SHIPPED_MODEL)
    kind = _kind(model)
    if settings.engine == "torch":
        return Choice("torch", model, "configured")
    if settings.engine == "openvino":
        if kind != "Earshot model folder":
            raise Misconfigured(f"{model}: the engine openvino needs an Earshot model folder, this is a {kind}")
        return Choice("openvino", model, "configured")
    if kind != "Earshot model folder":
        return Choice("torch", model, f"a {kind}")
    if gpu is None:
        return Choice("openvino", model, "no GPU that torch could use")
    if not (Path(model) / FLOAT).is_dir():
        return Choice("openvino", model, f"{gpu} is there, but no float parent beside the model")
    return Choice("torch", model, f"{gpu} is there")


def open_engine(
    settings: ModelSettings,
    *,
    deadline_s: float | None = None,
    on_lookup: OnLookup | None = None,
    on_opened: OnOpened | None = None,
) -> TextModel:
    """The configured engine, checked and warm, behind a cache unless `cache_entries` is 0.

    Args:
        settings: the model's.
        deadline_s: longest time of one call that reaches the engine; None: as long as it takes.
        on_lookup: told the cache's hits and misses after each call.
        on_opened: told what serves.

    Raises:
        ServiceMissing: the engine is torch, which is not installed.
        Misconfigured: the model is not there, damaged, or nothing that the engine can serve rightly here.
        Transient: the engine does not answer.
    """
    # Asked only when it matters: the answer may cost the import of torch.
    choice = choose_engine(settings, find_gpu() if settings.engine == "auto" else None)
    engine = _open(choice, settings, deadline_s)
    opened = engine.opened
    served = Served(engine.name, choice.engine, opened.configuration.name)
    get_log("model").info(
        "engine chosen", **served._asdict(), why=choice.why, largest_difference=round(opened.difference, 4)
    )
    if on_opened is not None:
        on_opened(served)
    if settings.cache_entries == 0:
        return engine
    lookup = on_lookup or (lambda _hits, _misses: None)
    return CachedModel(engine, entries=settings.cache_entries, on_lookup=lookup)


def languages_of(settings: ModelSettings) -> frozenset[str]:
    """Codes of the languages that the model was made for: as configured, else as its folder says, else English.

    Raises:
        Misconfigured: the folder names something else than language codes.
    """
    return frozenset(settings.languages or stated_languages(Path(settings.path or SHIPPED_MODEL)))


def for_language(settings: ModelSettings, code: str) -> ModelSettings:
    """The settings of the model that `by_language` names for a language; its engine is chosen by itself."""
    path = settings.by_language[code]
    return settings.model_copy(update={"path": path, "engine": "auto", "languages": (code,), "by_language": {}})


def describe_model(settings: ModelSettings) -> str:
    """The model and what would serve it here: on OpenVINO it is loaded and checked, on torch only looked for.

    Raises:
        ServiceMissing: the engine is torch, which is not installed.
        Misconfigured: the model is not there, a part of it is missing or damaged, or no way to run it is right.
    """
    choice = choose_engine(settings, find_gpu() if settings.engine == "auto" else None)
    if choice.engine == "torch":
        return f"{look_up(choice.model)} on torch"
    engine = _openvino(choice, settings, None)
    configuration, difference, rejected = engine.opened
    without = f"; rejected: {', '.join(rejected)}" if rejected else ""
    return f"{engine.name} on openvino in {configuration.name}, known answers within {difference:.4f}{without}"


def _open(choice: Choice, settings: ModelSettings, deadline_s: float | None) -> OpenVinoEngine | TorchEngine:
    if choice.engine == "torch":
        return TorchEngine(choice.model, deadline_s=deadline_s, precision=settings.precision)
    return _openvino(choice, settings, deadline_s)


def _openvino(choice: Choice, settings: ModelSettings, deadline_s: float | None) -> OpenVinoEngine:
    return OpenVinoEngine(
        Path(choice.model),
        threads=settings.streams,
        streams=settings.streams,
        deadline_s=deadline_s,
        precision=settings.precision,
    )


def _kind(model: str) -> Literal["Earshot model folder", "Hugging Face folder", "hub id"]:
    path = Path(model)
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise Misconfigured(f"{path / 'config.json'}: cannot read the model's description: it is not there")
        return "Earshot model folder" if is_model_folder(path) else "Hugging Face folder"
    if _HUB_ID.fullmatch(model):
        return "hub id"
    raise Misconfigured(f"{model}: neither a folder that exists nor the id of a model on the hub")
