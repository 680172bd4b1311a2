"""The ways in which OpenVINO can run one model on a processor, fastest first.

In: the precision that is asked for, the processor's instructions. Out: configurations to try, in order. Never
here: a compiled model, a judgement of its answers.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

Precision = Literal["auto", "bf16", "f32"]
"""Of what the model left in float; its 8-bit parts stay as they are."""


@dataclass(frozen=True)
class Configuration:
    """One way.

    Args:
        name: as logs, metrics and `earshot doctor` show it.
        options: OpenVINO's, for the CPU plugin.
    """

    name: str
    options: Mapping[str, str]


_UNFUSED = {"SNIPPETS_MODE": "DISABLE"}
"""Attention as single operations instead of one generated kernel (OpenVINO's "snippets")."""
_BF16, _F32 = ({"INFERENCE_PRECISION_HINT": precision} for precision in ("bf16", "f32"))

BF16 = Configuration("bf16", _BF16)
"""What OpenVINO chooses by itself where the processor has bf16."""
BF16_UNFUSED = Configuration("bf16_unfused", _BF16 | _UNFUSED)
F32 = Configuration("f32", _F32)
F32_UNFUSED = Configuration("f32_unfused", _F32 | _UNFUSED)
F16 = Configuration("f16", {})
"""On a GPU without bf16, with torch; never with OpenVINO."""

REFERENCE = F32_UNFUSED
"""What known answers are computed with: no generated kernel, and single precision where the model is in float."""


def pinned(precision: Precision) -> str:
    """What a message adds about a precision that somebody named."""
    return "" if precision == "auto" else f" (EARSHOT_MODEL__PRECISION={precision}; auto takes what is right)"


def candidates(precision: Precision, flags: Collection[str]) -> tuple[Configuration, ...]:
    """What is tried, the fastest first.

    `auto` tries bf16 only where the processor multiplies matrices in it (AMX). Posts a second on an idle Intel
    processor with AMX: bf16 unfused 1,133-1,392, bf16 997-1,172 (and wrong for 32 tokens), f32 1,024-1,134. An AMD
    EPYC with bf16 but without AMX gains nothing from it (processor time for 500 posts: bf16 1.02 s, unfused 1.01,
    f32 1.05, unfused 1.02), and where bf16 is emulated it costs half as much again (1.55 s against .98). `f16` is
    no candidate: it hangs on AMX (OpenVINO 2025.4 to 2026.4).

    Args:
        precision: a named one is the only one tried.
        flags: of the processor, as Linux names them.
    """
    bf16, f32 = (BF16_UNFUSED, BF16), (F32, F32_UNFUSED)
    if precision == "auto":
        return bf16 + f32 if "amx_bf16" in flags else f32
    return bf16 if precision == "bf16" else f32
