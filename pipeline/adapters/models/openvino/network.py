"""An OpenVINO model and its tokenizer, read once and compiled in any configuration.

In: a verified model folder. Out: requests to infer with, token ids, the answers of the reference configuration.
Never here: which configuration serves.
"""

import re
from typing import Any

import openvino
from openvino import opset13
from tokenizers import Tokenizer

from pipeline.adapters.models.check.known_answers import KnownAnswers, own_answers
from pipeline.adapters.models.check.phrases import texts_of_every_length
from pipeline.adapters.models.folder import ModelFolder
from pipeline.adapters.models.openvino.configurations import REFERENCE, Configuration
from pipeline.adapters.models.openvino.requests import RequestRing
from pipeline.errors import EarshotError, Misconfigured

_LAYER = re.compile(r"encoder\.layer\.\d+\.output\.LayerNorm/aten::layer_norm/Add$")
"""What a converter calls the end of each block of a BERT. Of six, the third keeps what a text is about; the last
know little but its sentiment (deploy/decisions/0006-intent.md)."""
_REQUESTS_A_STREAM = 2
"""One runs, one waits behind it: the stream does not idle while the caller collects an answer."""


class OpenVinoModel:
    """What lies in the folder, ready to be compiled.

    Args:
        folder: verified.
        threads: processor threads of a compiled model.
        streams: batches that it infers at once.

    Raises:
        Misconfigured: the files are no model, or one of other labels.
    """

    def __init__(self, folder: ModelFolder, *, threads: int, streams: int) -> None:
        self.folder = folder
        self._streams = streams
        self._options = {"NUM_STREAMS": str(streams), "INFERENCE_NUM_THREADS": str(threads)}
        try:
            self._tokenizer = _load_tokenizer(folder)
            self._core = openvino.Core()
            self._model = self._core.read_model(folder.path / "model.xml")
            self._outputs = (0, *_add_embedding(self._model))
        except Exception as error:  # both libraries raise bare RuntimeError or Exception
            raise Misconfigured(f"{folder.path}: cannot load the model: {error}") from error
        _check_columns(self._model, folder)

    def compile(self, configuration: Configuration) -> RequestRing:
        """Requests of the model in this configuration.

        Raises:
            RuntimeError: OpenVINO has no way to run it so on this processor.
        """
        compiled = self._core.compile_model(self._model, "CPU", self._options | dict(configuration.options))
        return RequestRing(compiled, self._streams * _REQUESTS_A_STREAM, self._outputs)

    def encode(self, texts: list[str]) -> list[list[int]]:
        """Token ids of each text, special tokens included, nothing cut."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts)]


def reference_answers(model: OpenVinoModel) -> KnownAnswers:
    """The answers of the reference configuration to texts of every padded length, each asked alone.

    Raises:
        Misconfigured: the model cannot be run in it, or answers with NaN or infinity.
    """
    folder = model.folder
    texts = texts_of_every_length(model.encode, folder.max_tokens)
    try:
        return own_answers(model.compile(REFERENCE), texts, model.encode(texts), len(folder.heads.labels))
    except (RuntimeError, EarshotError) as error:
        raise Misconfigured(f"{folder.path}: its own float32 cannot be computed: {error}") from error


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
