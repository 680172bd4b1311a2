"""Where training computes, and in which precision (extra `torch`).

In: the machine. Out: `DEVICE` and `autocast`. Never here: a model.
"""

from typing import Any

import torch

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def autocast() -> Any:
    """bfloat16 where the processor or the GPU computes in it, else single precision.

    A processor without the instructions emulates bfloat16, several times slower than single precision (measured).
    """
    return torch.autocast(DEVICE, dtype=torch.bfloat16, enabled=_has_bfloat16())


def _has_bfloat16() -> bool:
    if DEVICE == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
