"""The sentiment model on OpenVINO: the default engine, no torch and no transformers at run time.

In: normalised texts. Out: probabilities, in the order of the texts.
Never here: normalisation, a label decision, a cache.

A batch is sorted by token count before it is cut (unsorted, padding costs 40 %), and small batches run
on two streams at once: as fast as large ones here, and no post waits for a large batch to fill.
"""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pipeline.adapters.model_folder import ModelFolder, open_model_folder
from pipeline.errors import Misconfigured, Transient
from pipeline.ports import SentimentScores

SHIPPED_MODEL = Path(__file__).parent.parent / "weights" / "sentiment"
"""The model that comes with the package."""

_MAX_CHARACTERS_PER_TOKEN = 32
"""Text beyond `max_tokens` times this is cut before the tokenizer sees it: it bounds the work on one post."""

_EMPTY = SentimentScores(negative=0.0, neutral=1.0, positive=0.0)
"""The answer for a text without content, by definition: nothing said is nothing felt."""


class OpenVinoSentiment:
    """`SentimentModel` over an OpenVINO IR.

    Args:
        folder: model.xml, model.bin, tokenizer.json, config.json.
        threads: processor threads of the engine.
        streams: batches in flight; each has threads / streams threads.
        batch_size: texts in one inference.

    Raises:
        Misconfigured: the folder is incomplete, damaged, or not an OpenVINO model.
    """

    def __init__(
        self, folder: Path = SHIPPED_MODEL, *, threads: int = 2, streams: int = 2, batch_size: int = 16
    ) -> None:
        self._folder = open_model_folder(folder)
        self._batch_size = batch_size
        try:
            self._tokenizer = _load_tokenizer(self._folder)
            core = openvino.Core()
            model = core.read_model(folder / "model.xml")
            options = {"NUM_STREAMS": str(streams), "INFERENCE_NUM_THREADS": str(threads)}
            self._compiled = core.compile_model(model, "CPU", options)
        except Exception as error:  # both libraries raise bare RuntimeError or Exception
            raise Misconfigured(f"{folder}: cannot load the model: {error}") from error
        self._queue = openvino.AsyncInferQueue(self._compiled, streams)
        self._queue.set_callback(_collect)
        self._lock = Lock()

    @property
    def name(self) -> str:
        """Model id and the first 12 hex digits of its weights' SHA-256."""
        return self._folder.name

    def score(self, texts: Sequence[str]) -> list[SentimentScores]:
        """Scores normalised texts; same length and order; a blank text is wholly neutral.

        A text longer than the model's `max_tokens` is judged by its beginning.

        Raises:
            Transient: the engine failed; the same texts may succeed later.
        """
        longest = self._folder.max_tokens * _MAX_CHARACTERS_PER_TOKEN
        said = [at for at, text in enumerate(texts) if text.strip()]
        scores = [_EMPTY] * len(texts)
        if not said:
            return scores
        logits = self._infer([texts[at][:longest] for at in said])
        for at, row in zip(said, _softmax(logits / self._folder.temperature).tolist(), strict=True):
            scores[at] = SentimentScores(*row)
        return scores

    def _infer(self, texts: list[str]) -> NDArray[np.float64]:
        logits = np.empty((len(texts), len(SentimentScores._fields)))
        try:
            rows = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts)]
            order = sorted(range(len(rows)), key=lambda at: len(rows[at]))
            with self._lock:
                for start in range(0, len(order), self._batch_size):
                    batch = order[start : start + self._batch_size]
                    self._queue.start_async(_pad([rows[at] for at in batch]), (logits, batch))
                self._queue.wait_all()
        except Exception as error:  # as above
            raise Transient(f"the sentiment engine failed on {len(texts)} texts: {error}") from error
        return logits


def _load_tokenizer(folder: ModelFolder) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(folder.path / "tokenizer.json"))
    tokenizer.enable_truncation(max_length=folder.max_tokens)
    tokenizer.no_padding()  # batches are padded to their own longest row
    return tokenizer


def _pad(rows: list[list[int]]) -> dict[str, NDArray[np.int64]]:
    ids = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
    mask = np.zeros_like(ids)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = row
        mask[at, : len(row)] = 1
    return {"input_ids": ids, "attention_mask": mask}


def _collect(request: Any, target: tuple[NDArray[np.float64], list[int]]) -> None:
    logits, batch = target
    logits[batch] = request.get_output_tensor(0).data


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))
