"""Serves the text model on torch and transformers (extra `torch`), for any model of the hub or in its layout.

It takes normalised texts and returns the probabilities of every head that the model has and an embedding, in the
order of the texts. Where there is a GPU it runs there in half precision, otherwise on the processor in single
precision. It imports torch and transformers only when an engine is made.

An Earshot model folder is served from its float parent with its own calibration. Any other model's logits are
taken as they are.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.adapters.models.batches import Batch, Deadline, cut
from pipeline.adapters.models.check.known_answers import own_answers
from pipeline.adapters.models.check.phrases import texts_of_every_length
from pipeline.adapters.models.check.self_check import Opened, first_right, make_check
from pipeline.adapters.models.folder import FLOAT, ModelFolder, is_model_folder, open_model_folder, sha256_of
from pipeline.adapters.models.heads import SENTIMENT, Heads
from pipeline.adapters.models.openvino.configurations import BF16, F16, F32, Configuration, Precision, pinned
from pipeline.adapters.models.torch.network import TorchNet
from pipeline.errors import Misconfigured, ServiceMissing, Transient
from pipeline.logs import get_log
from pipeline.ports.models import TextScores

_MOST_TOKENS = 512
"""Longest input where a model's own limit is larger or unknown. Posts are short, and the cost of attention grows
with the square of the length."""
_LONGEST_CHECKED, _CHECKED_ROWS = 128, 16
"""Longest row and most rows that the check asks for. They cover the lengths of posts and as many rows as in the
other engine. On a processor each further length of a large model costs seconds."""
_WEIGHTS = (
    "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
)  # fmt: skip
"""Names of weight files, in the order in which transformers looks for them."""
_GPU_FILES = tuple(map(Path, ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")))
"""Devices of NVIDIA, AMD and Windows' Linux. Without one of them torch need not be imported, which takes seconds,
to know that there is no GPU."""


class TorchEngine:
    """`TextModel` over a sequence classifier of transformers.

    Args:
        model: an Earshot model folder, a folder in Hugging Face's layout, or a hub id.
        batch_size: most texts in one pass.
        deadline_s: longest time of one `score` call in seconds, checked between passes; None without a limit.
        precision: `auto` is half precision on a GPU and single precision on the processor. A named one is the only
            one tried.

    Raises:
        ServiceMissing: torch is not installed.
        Misconfigured: there is no such model, it cannot be loaded, it has other labels, or its answers here are
            not those of its own float32 on the processor.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        batch_size: int = 64,
        deadline_s: float | None = None,
        precision: Precision = "auto",
    ) -> None:
        _require_torch()
        self._batch_size = batch_size
        self._deadline_s = deadline_s
        folder = open_model_folder(model) if is_model_folder(Path(model)) else None
        location = str(_float_parent(folder) if folder else model)
        self._tokenizer, plain = _load(location)
        self._heads = _heads(location, plain.config.id2label, folder)
        self._max_tokens = folder.max_tokens if folder else _limit(self._tokenizer, plain.config)
        self._name = _name(location, folder, plain.config)
        self._net, self.opened = self._choose(plain, precision)

    @property
    def name(self) -> str:
        """Model id and the first 12 hex digits of its weights' SHA-256, or of its revision on the hub."""
        return self._name

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        """Scores normalised texts, in their order.

        A blank text is wholly neutral and neither offence nor complaint. Of a text longer than the model's limit
        the first and the last half of as many tokens are read.

        Raises:
            Transient: the engine failed, or did not answer within the deadline.
        """
        non_blank = [index for index, text in enumerate(texts) if text.strip()]
        scores = [self._heads.blank] * len(texts)
        if non_blank:
            logits, embeddings = self._infer([texts[index] for index in non_blank])
            for index, score in zip(non_blank, self._heads.scores(logits, embeddings), strict=True):
                scores[index] = score
        return scores

    def _choose(self, plain: Any, precision: Precision) -> tuple["TorchNet", Opened]:
        """Returns the fastest right form of the model.

        Every other form must answer like single precision on the processor.
        """
        reference = TorchNet(plain, "cpu", self._tokenizer.pad_token_id)
        device, tried = _forms(precision)
        # This form is the reference itself, so there is nothing to compare it with.
        if device == "cpu" and tried == (F32,):
            return reference, Opened(F32, 0.0, {})
        longest = min(self._max_tokens, _LONGEST_CHECKED)
        texts = texts_of_every_length(self._encode, longest)
        answers = own_answers(reference, texts, self._encode(texts), len(self._heads.labels))
        check = make_check(answers, self._encode, longest, _CHECKED_ROWS, self._heads)

        def open_form(form: Configuration) -> TorchNet:
            # A copy, because `to` changes the network in place and the next form would be cast from a rounded one.
            return TorchNet(deepcopy(plain).to(device, _dtype(form)), device, self._tokenizer.pad_token_id)

        try:
            return first_right(tried, open_form, check)
        except Misconfigured as error:
            raise Misconfigured(f"{self._name}{pinned(precision)}: {error}") from error

    def _infer(self, texts: list[str]) -> tuple[NDArray[np.float64], NDArray[np.float16] | None]:
        logits = np.full((len(texts), len(self._heads.labels)), np.nan)
        embeddings: list[NDArray[np.float16]] = []
        deadline, answered = Deadline(self._deadline_s), list[int]()
        try:
            for batch in cut(texts, self._encode, max_tokens=self._max_tokens, size=self._batch_size):
                deadline.check()
                logits[batch.places], of_batch = self._pass(batch)
                embeddings.extend([] if of_batch is None else [of_batch])
                answered.extend(batch.places)
        except TimeoutError:
            waiting = len(texts) - len(answered)
            raise Transient(f"no answer within {deadline}: {waiting} of {len(texts)} texts were waiting") from None
        except Exception as error:  # torch and transformers let through whatever the layers below raise
            raise Transient(f"the engine failed on {len(texts)} texts: {error}") from error
        return logits, np.concatenate(embeddings)[np.argsort(answered)] if embeddings else None

    def _pass(self, batch: Batch) -> tuple[NDArray[np.float64], NDArray[np.float16] | None]:
        inputs = self._tokenizer.pad({"input_ids": batch.rows}, return_tensors="pt")
        return self._net.infer(inputs["input_ids"], inputs["attention_mask"])

    def _encode(self, texts: list[str]) -> list[list[int]]:
        # It would warn of each row that is too long, and those are cut afterwards.
        encoded = self._tokenizer(
            texts, truncation=False, return_attention_mask=False, return_token_type_ids=False, verbose=False
        )
        rows: list[list[int]] = encoded["input_ids"]
        return rows


def find_gpu() -> str | None:
    """Returns the name of the GPU that torch would use. It is None without a GPU or without torch."""
    if find_spec("torch") is None or not any(file.exists() for file in _GPU_FILES):
        return None
    import torch

    return str(torch.cuda.get_device_name(0)) if torch.cuda.is_available() else None


def look_up(model: str) -> str:
    """Returns the model's name with what a start would meet. It loads nothing and asks nobody.

    Raises:
        ServiceMissing: torch is not installed.
        Misconfigured: a part of the model's folder is missing or damaged.
    """
    _require_torch()
    path = Path(model)
    if is_model_folder(path):
        folder = open_model_folder(path)
        _weights(_float_parent(folder))
        return folder.name
    if path.is_dir():
        _weights(path)
        return f"{path.resolve().name} (Hugging Face folder)"
    from huggingface_hub import try_to_load_from_cache

    cached = isinstance(try_to_load_from_cache(model, "config.json"), str)
    return f"{model} ({'in the cache of the hub' if cached else 'the first start downloads it from the hub'})"


def labels_of(id2label: Mapping[int, str]) -> list[str]:
    """Returns the columns' names in lower case.

    LABEL_0, LABEL_1, LABEL_2 are taken for negative, neutral, positive.
    """
    names = [id2label[index].lower() for index in sorted(id2label)]
    if names == ["label_0", "label_1", "label_2"]:
        get_log("model").warning("labels without names", taken_for=SENTIMENT)
        return list(SENTIMENT)
    return names


def _require_torch() -> None:
    for library in ("torch", "transformers"):
        if find_spec(library) is None:
            raise ServiceMissing(
                f"{library} is not installed: run `make setup-torch`, or set the engine to openvino"
            )


def _float_parent(folder: ModelFolder) -> Path:
    path = folder.path / FLOAT
    if not path.is_dir():
        raise Misconfigured(f"{path}: the float parent is missing, which is what torch runs")
    return path


def _forms(precision: Precision) -> tuple[str, tuple[Configuration, ...]]:
    """Returns the device, and the precisions to try on it, the fastest first."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    if precision != "auto":
        return device, (BF16 if precision == "bf16" else F32,)
    if device == "cpu":
        return device, (F32,)
    return device, (BF16 if torch.cuda.is_bf16_supported() else F16, F32)


def _dtype(form: Configuration) -> Any:
    import torch

    return {F32.name: torch.float32, BF16.name: torch.bfloat16, F16.name: torch.float16}[form.name]


def _load(location: str) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    local = Path(location).exists()
    try:
        tokenizer = AutoTokenizer.from_pretrained(location, local_files_only=local)
        net, loading = AutoModelForSequenceClassification.from_pretrained(
            location, local_files_only=local, dtype=torch.float32, output_loading_info=True
        )
        net = net.eval()
    except Exception as error:  # OSError when the model is missing, and whatever the layers below raise
        raise Misconfigured(f"{location}: cannot load the model: {error}") from error
    # transformers fills missing weights with random numbers and would serve them as answers.
    if loading["missing_keys"]:
        missing = ", ".join(sorted(loading["missing_keys"])[:3])
        raise Misconfigured(f"{location}: no trained classifier: it has no weights for {missing}")
    if tokenizer.pad_token_id is None:
        raise Misconfigured(f"{location}: its tokenizer has no padding token, so texts cannot share a batch")
    return tokenizer, net


def _heads(location: str, id2label: Mapping[int, str], folder: ModelFolder | None) -> Heads:
    try:
        heads = Heads(labels_of(id2label), folder.heads.calibration if folder else None)
    except ValueError as error:
        raise Misconfigured(f"{location}: {error}") from None
    return heads


def _limit(tokenizer: Any, config: Any) -> int:
    # RoBERTa and its kind count positions from 2, so that two of them hold no token.
    positions = getattr(config, "max_position_embeddings", _MOST_TOKENS + 2) - 2
    return int(min(tokenizer.model_max_length, positions, _MOST_TOKENS))


def _name(location: str, folder: ModelFolder | None, config: Any) -> str:
    path = Path(location)
    if not path.is_dir():
        return f"{location}@{str(getattr(config, '_commit_hash', None) or 'unknown')[:12]}"
    return f"{folder.model_id if folder else path.resolve().name}@{sha256_of(_weights(path))[:12]}"


def _weights(folder: Path) -> Path:
    weights = next((folder / name for name in _WEIGHTS if (folder / name).is_file()), None)
    if weights is None:
        raise Misconfigured(f"{folder}: none of {', '.join(_WEIGHTS)} is there")
    return weights
