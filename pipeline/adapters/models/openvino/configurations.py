"""Lists the ways in which OpenVINO can run one model on a processor, fastest first.

It takes the precision that is asked for and the processor's instructions, and returns configurations to try in
order. Whether one of them answers rightly is judged by the self-check.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

Precision = Literal["auto", "bf16", "f32"]
"""Precision of what the model left in float. Its 8-bit parts stay as they are."""


@dataclass(frozen=True)
class Configuration:
    """One way to run a model.

    Args:
        name: as logs, metrics and `earshot doctor` show it.
        options: OpenVINO's options for the CPU plugin.
    """

    name: str
    options: Mapping[str, str]


_UNFUSED = {"SNIPPETS_MODE": "DISABLE"}
"""Runs attention as single operations instead of one generated kernel, which OpenVINO calls "snippets"."""
_BF16, _F32 = ({"INFERENCE_PRECISION_HINT": precision} for precision in ("bf16", "f32"))

BF16 = Configuration("bf16", _BF16)
"""What OpenVINO chooses by itself where the processor has bf16."""
BF16_UNFUSED = Configuration("bf16_unfused", _BF16 | _UNFUSED)
F32 = Configuration("f32", _F32)
F32_UNFUSED = Configuration("f32_unfused", _F32 | _UNFUSED)
F16 = Configuration("f16", {})
"""Serves on a GPU without bf16, with torch. OpenVINO never gets it, because it hangs there on AMX."""

REFERENCE = F32_UNFUSED
"""Known answers are computed with this one, which uses no generated kernel, and single precision where the model
is in float."""


def pinned(precision: Precision) -> str:
    """Returns what a message adds about a precision that somebody named."""
    return "" if precision == "auto" else f" (EARSHOT_MODEL__PRECISION={precision}; auto takes what is right)"


def candidates(precision: Precision, flags: Collection[str]) -> tuple[Configuration, ...]:
    """Returns what is tried, the fastest first.

    `auto` tries bf16 only where the processor multiplies matrices in it (AMX). Posts a second on an idle Intel
    processor with AMX were 1,133-1,392 in bf16 unfused, 997-1,172 in bf16 (and wrong for 32 tokens), and
    1,024-1,134 in f32. An AMD EPYC with bf16 but without AMX gains nothing from it (processor time for 500 posts:
    bf16 1.02 s, unfused 1.01, f32 1.05, unfused 1.02). Where bf16 is emulated it costs half as much again (1.55 s
    against .98). `f16` is no candidate, because it hangs on AMX (OpenVINO 2025.4 to 2026.4).

    Args:
        precision: a named one is the only one tried.
        flags: the processor's flags, as Linux names them.
    """
    # On AMX the fused kernel of bf16 is the slower one, in f32 fused and unfused are nearly equal.
    bf16, f32 = (BF16_UNFUSED, BF16), (F32, F32_UNFUSED)
    if precision == "auto":
        return bf16 + f32 if "amx_bf16" in flags else f32
    return bf16 if precision == "bf16" else f32
