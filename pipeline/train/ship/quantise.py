"""Turns a float model into OpenVINO's 8-bit form. The extra `torch` is needed, and NNCF does the work.

It needs the model, its tokenizer and posts to calibrate on. Nothing is measured and no file is written here.
"""

from typing import Any

import nncf
import openvino

from pipeline.train.config import Quantisation


def convert(model: Any, tokenizer: Any, text: str, max_tokens: int) -> Any:
    """Returns the float model as OpenVINO IR, with inputs that are named as the tokenizer names them."""
    example = _encode(tokenizer, text, max_tokens)
    converted = openvino.convert_model(model, example_input=example)
    for port, name in zip(converted.inputs, example, strict=True):
        # The conversion names inputs by number, and the engine feeds them by name.
        port.get_tensor().set_names({name})
    return converted


def quantise(model: Any, tokenizer: Any, texts: list[str], max_tokens: int, how: Quantisation) -> Any:
    """Quantises after training (NNCF), calibrated on `texts`."""
    converted = convert(model, tokenizer, texts[0], max_tokens)
    batches = [_encode(tokenizer, text, max_tokens) for text in texts]
    return nncf.quantize(
        converted,
        nncf.Dataset(batches, lambda batch: {name: value.numpy() for name, value in batch.items()}),
        model_type=nncf.ModelType.TRANSFORMER,
        fast_bias_correction=how.fast_bias_correction,
        ignored_scope=nncf.IgnoredScope(patterns=list(how.keep_float), validate=False),
        # Processors without VNNI add pairs of 8-bit products in 16 bits, which overflow with weights of full
        # range.
        advanced_parameters=nncf.AdvancedQuantizationParameters(
            overflow_fix=nncf.OverflowFix.ENABLE,
            smooth_quant_alphas=nncf.AdvancedSmoothQuantParameters(matmul=how.smooth_alpha),
        ),
        subset_size=len(batches),
    )


def _encode(tokenizer: Any, text: str, max_tokens: int) -> dict[str, Any]:
    encoded = tokenizer([text], truncation=True, max_length=max_tokens, return_tensors="pt")
    return {"input_ids": encoded["input_ids"], "attention_mask": encoded["attention_mask"]}
