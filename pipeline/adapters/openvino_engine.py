"""The text model on OpenVINO: the default engine, no torch and no transformers at run time.

In: normalised texts. Out: probabilities of every head and an embedding, in the order of the texts.
Never here: normalisation, a label decision, a cache.

Small batches run on several streams at once: as fast as large ones here, and no post waits for a large batch to
fill.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13
from tokenizers import Tokenizer

from pipeline.adapters.model_folder import ModelFolder, open_model_folder
from pipeline.adapters.openvino_requests import Inputs, RequestRing, Take
from pipeline.adapters.text_batches import Deadline, cut
from pipeline.errors import Misconfigured, Transient
from pipeline.ports import TextScores

SHIPPED_MODEL = Path(__file__).parent.parent / "weights" / "sentiment"
"""The model that comes with the package."""

_SHORT_STEP, _LONG_STEP, _LONG = 4, 8, 64
"""Rows are padded to multiples of these, from `_LONG` tokens on of the second. OpenVINO prepares itself for each
shape that it has not seen: 10-15 ms each, and some MB for good. Without the steps a worker took 1.3 GB and spent a
third of its time on small batches with that; with them .75 GB, for 4 % of the rate in large ones (measured)."""
_LAYER = re.compile(r"encoder\.layer\.\d+\.output\.LayerNorm/aten::layer_norm/Add$")
"""What a converter calls the end of each block of a BERT. Of six, the third keeps what a text is about; the last
know little but its sentiment (deploy/decisions/0006-intent.md)."""
_REQUESTS_A_STREAM = 2
"""One runs, one waits behind it: the stream does not idle while the caller collects an answer."""


class OpenVinoEngine:
    """`TextModel` over an OpenVINO IR; its first output is the logits, its layers give the embedding.

    Args:
        folder: model.xml, model.bin, tokenizer.json, config.json.
        threads: processor threads of the engine.
        streams: batches in flight; each has threads / streams threads.
        batch_size: most texts in one inference.
        deadline_s: longest time of one `score` call; None: it waits as long as it takes.
        precision: of what the model left in float: `auto` is bf16 where the processor has it, `f32` everywhere
            the same (for comparisons).

    Raises:
        Misconfigured: the folder is incomplete, damaged, or not an OpenVINO model.
    """

    def __init__(
        self,
        folder: Path = SHIPPED_MODEL,
        *,
        threads: int = 2,
        streams: int = 2,
        batch_size: int = 16,
        deadline_s: float | None = None,
        precision: Literal["auto", "f32"] = "auto",
    ) -> None:
        self._folder = open_model_folder(folder)
        self._streams = streams
        self._batch_size = batch_size
        self._deadline_s = deadline_s
        options = {"NUM_STREAMS": str(streams), "INFERENCE_NUM_THREADS": str(threads)}
        if precision == "f32":
            options["INFERENCE_PRECISION_HINT"] = "f32"
        try:
            self._tokenizer = _load_tokenizer(self._folder)
            core = openvino.Core()
            model = core.read_model(self._folder.path / "model.xml")
            outputs = (0, *_add_embedding(model))
            compiled = core.compile_model(model, "CPU", options)
        except Exception as error:  # both libraries raise bare RuntimeError or Exception
            raise Misconfigured(f"{folder}: cannot load the model: {error}") from error
        _check_columns(model, self._folder)
        self._requests = RequestRing(compiled, streams * _REQUESTS_A_STREAM, outputs)
        self._lock = Lock()

    @property
    def name(self) -> str:
        """Model id and the first 12 hex digits of its weights' SHA-256."""
        return self._folder.name

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        """Scores normalised texts; same length and order.

        A blank text is wholly neutral and neither offence nor complaint. Of a text longer than the model's
        `max_tokens` the first and the last half of as many tokens are read.

        Raises:
            Transient: the engine failed, or did not answer within the deadline. After a missed deadline every
                further call fails too: OpenVINO cannot stop what it runs, only a new process is sound.
        """
        said = [at for at, text in enumerate(texts) if text.strip()]
        scores = [self._folder.heads.blank] * len(texts)
        if said:
            logits, embeddings = self._infer([texts[at] for at in said])
            for at, one in zip(said, self._folder.heads.scores(logits, embeddings), strict=True):
                scores[at] = one
        return scores

    def _infer(self, texts: list[str]) -> tuple[NDArray[np.float64], NDArray[np.float16] | None]:
        logits = np.full((len(texts), len(self._folder.heads.labels)), np.nan)
        embeddings: list[NDArray[np.float16]] = []
        answered: list[int] = []

        def take(places: list[int], rows: list[NDArray[np.float32]]) -> None:
            logits[places] = rows[0]
            embeddings.extend(of_batch.astype(np.float16) for of_batch in rows[1:])
            answered.extend(places)

        deadline = Deadline(self._deadline_s)
        try:
            self._run(texts, take, deadline)
        except TimeoutError:
            waiting = len(texts) - len(answered)
            raise Transient(f"no answer within {deadline}: {waiting} of {len(texts)} texts were waiting") from None
        except Transient:
            raise
        except Exception as error:  # as above
            raise Transient(f"the engine failed on {len(texts)} texts: {error}") from error
        return logits, np.concatenate(embeddings)[np.argsort(answered)] if embeddings else None

    def _run(self, texts: list[str], take: Take, deadline: Deadline) -> None:
        left_s = deadline.left_s
        if not self._lock.acquire(timeout=-1 if left_s is None else left_s):
            raise TimeoutError
        try:
            if self._requests.hung:
                raise Transient(f"an inference has hung: {len(texts)} texts refused, this process must restart")
            self._requests.run(self.batches(texts), take, deadline)
        finally:
            self._lock.release()

    def batches(self, texts: list[str]) -> Iterator[tuple[list[int], Inputs]]:
        """What one call infers, tokenised as it is taken: places of the texts and inputs of the model."""
        size = _size(len(texts), self._batch_size, self._streams)
        for batch in cut(texts, self._encode, max_tokens=self._folder.max_tokens, size=size):
            yield batch.places, _pad(batch.rows)

    def _encode(self, texts: list[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts)]


def _add_embedding(model: Any) -> list[int]:
    """Adds the mean over the said tokens of the middle layer as an output; its number, none without such layers.

    It is part of the graph: the layer itself, 30 times as many numbers, never leaves the engine.
    """
    layers = [op for op in model.get_ordered_ops() if _LAYER.search(op.get_friendly_name())]
    if not layers:
        return []
    middle = layers[(len(layers) - 1) // 2]
    mask = opset13.convert(model.input("attention_mask"), "f32")
    summed = opset13.matmul(opset13.unsqueeze(mask, opset13.constant(1)), middle.output(0), False, False)
    tokens = opset13.reduce_sum(mask, opset13.constant(1), keep_dims=True)
    mean = opset13.divide(opset13.squeeze(summed, opset13.constant(1)), tokens)
    model.add_outputs([mean.output(0)])
    return [len(model.outputs) - 1]


def _load_tokenizer(folder: ModelFolder) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(folder.path / "tokenizer.json"))
    tokenizer.no_truncation()  # both ends are kept, which the tokenizer cannot do
    tokenizer.no_padding()  # batches are padded to their own longest row
    return tokenizer


def _check_columns(model: Any, folder: ModelFolder) -> None:
    width, labels = model.output(0).partial_shape[-1], len(folder.heads.labels)
    if width.is_static and width.get_length() != labels:
        raise Misconfigured(
            f"{folder.path}: config.json names {labels} labels, the model has {width.get_length()}"
        )


def _size(texts: int, most: int, streams: int) -> int:
    """Texts of one inference: a half or a quarter of the most for few, so that no stream runs long alone.

    Measured with two streams and at most 16, ms for 16, 24, 32, 40 texts of mixed length: 22, 32, 41, 47; in
    batches of 16: 29, 49, 59, 57.
    """
    size = most
    if texts < 2 * most * streams:
        size = max(1, most // 2 if texts > most else most // 4)
    while size > 1 and (size // 2) * streams >= texts:
        size //= 2
    return size


def _pad(rows: list[list[int]]) -> Inputs:
    longest = max(map(len, rows))
    step = _SHORT_STEP if longest <= _LONG else _LONG_STEP
    ids = np.zeros((len(rows), -(-longest // step) * step), dtype=np.int64)
    mask = np.zeros_like(ids)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = row
        mask[at, : len(row)] = 1
    return {"input_ids": ids, "attention_mask": mask}
