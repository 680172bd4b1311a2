"""Chooses the engine that serves the configured model and opens it, warm and behind its cache.

It takes the model's settings and returns a `TextModel` that has shown on known answers that it is right. How an
engine infers is the engine's own matter.
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
    """The engine for a model, and the reason why."""

    engine: Literal["openvino", "torch"]
    model: str
    """A folder or the id of a model on the hub."""
    why: str


class Served(NamedTuple):
    """Names what answers for a model in this process, as the labels of the metric `model_info`."""

    model: str
    """The model's name with its revision."""
    engine: Literal["openvino", "torch"]
    configuration: str
    """The precision, and what else of the engine was chosen."""


OnOpened = Callable[[Served], None]
"""Called with each model that has become ready."""


def choose_engine(settings: ModelSettings, gpu: str | None) -> Choice:
    """Says what `auto` means for this model on this machine. A named engine is taken if it can serve the model.

    Args:
        settings: the model's settings.
        gpu: name of the GPU that torch would use, None without one.

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
    """Opens the configured engine, checks and warms it, and puts a cache in front unless `cache_entries` is 0.

    Args:
        settings: the model's settings.
        deadline_s: longest time in seconds of one call that reaches the engine, None without a limit.
        on_lookup: called with the cache's hits and misses after each call.
        on_opened: called with the name of what serves.

    Raises:
        ServiceMissing: the engine is torch, which is not installed.
        Misconfigured: the model is missing or damaged, or the engine cannot serve it rightly on this machine.
        Transient: the engine does not answer.
    """
    # The GPU is looked for only under `auto`, because the answer may cost the import of torch (seconds).
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
    """Returns the codes of the languages that the model was made for.

    The settings come first, then the folder's own statement. A model that states nothing is taken for English.

    Raises:
        Misconfigured: the folder names something else than language codes.
    """
    return frozenset(settings.languages or stated_languages(Path(settings.path or SHIPPED_MODEL)))


def for_language(settings: ModelSettings, code: str) -> ModelSettings:
    """Returns the settings of the model that `by_language` names for a language.

    Its engine is always chosen by `auto`.
    """
    path = settings.by_language[code]
    return settings.model_copy(update={"path": path, "engine": "auto", "languages": (code,), "by_language": {}})


def describe_model(settings: ModelSettings) -> str:
    """Says which model would be served here, and by what.

    On OpenVINO the model is loaded and checked. On torch its files are only looked for, because loading can take
    minutes and may download.

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
