"""Says where training computes and in which precision. The extra `torch` is needed.

The machine decides `DEVICE` and `autocast`.
"""

from typing import Any

import torch

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def autocast() -> Any:
    """Returns bfloat16 where the processor or the GPU computes in it, and single precision elsewhere.

    A processor without the instructions emulates bfloat16, which was measured to be several times slower than
    single precision.
    """
    return torch.autocast(DEVICE, dtype=torch.bfloat16, enabled=_has_bfloat16())


def _has_bfloat16() -> bool:
    if DEVICE == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
