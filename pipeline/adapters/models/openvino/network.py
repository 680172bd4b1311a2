"""Reads an OpenVINO model and its tokenizer once, and compiles the model in any configuration.

It takes a verified model folder and gives requests to infer with, token ids, and the answers of the reference
configuration. Which configuration serves is decided elsewhere.
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
"""Matches the name that a converter gives to the end of each block of a BERT. Of six blocks the third keeps what a
text is about, and the last know little but its sentiment (deploy/decisions/0006-intent.md)."""
_REQUESTS_A_STREAM = 2
"""Requests that a stream has. One runs and one waits behind it, so that the stream does not idle while the caller
collects an answer."""


class OpenVinoModel:
    """The model of a folder, ready to be compiled.

    Args:
        folder: a verified folder.
        threads: processor threads of a compiled model.
        streams: batches that it infers at once.

    Raises:
        Misconfigured: the files are no model, or a model of other labels.
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
        except Exception as error:  # both libraries raise nothing narrower than RuntimeError or Exception
            raise Misconfigured(f"{folder.path}: cannot load the model: {error}") from error
        _check_columns(self._model, folder)

    def compile(self, configuration: Configuration) -> RequestRing:
        """Compiles the model in this configuration and returns its requests.

        Raises:
            RuntimeError: OpenVINO has no way to run it so on this processor.
        """
        compiled = self._core.compile_model(self._model, "CPU", self._options | dict(configuration.options))
        return RequestRing(compiled, self._streams * _REQUESTS_A_STREAM, self._outputs)

    def encode(self, texts: list[str]) -> list[list[int]]:
        """Returns the token ids of each text. Special tokens are included and nothing is cut."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts)]


def reference_answers(model: OpenVinoModel) -> KnownAnswers:
    """Returns the reference configuration's answers to texts of every padded length, which are asked alone.

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
    """Adds the embedding as an output of the model and returns its number in a list.

    It is the mean of the middle layer over the unmasked tokens; a model without such layers gets none, and the
    list is empty. The mean is part of the graph, so that the layer itself, with 30 times as many numbers, never
    leaves the engine.
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
    # `batches` cuts long rows in the middle, and `shapes` pads each batch to its own longest row. The tokenizer's
    # settings would cut the end, where people say what they want, and pad every row to one length.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _check_columns(model: Any, folder: ModelFolder) -> None:
    width, labels = model.output(0).partial_shape[-1], len(folder.heads.labels)
    # Without this every configuration would be rejected with numpy's words about shapes, and nobody would look for
    # the cause in config.json.
    if width.is_static and width.get_length() != labels:
        raise Misconfigured(
            f"{folder.path}: config.json names {labels} labels, the model has {width.get_length()}"
        )
