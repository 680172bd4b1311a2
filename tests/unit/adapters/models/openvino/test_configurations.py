"""What is tried where, and in which order."""

import pytest

from pipeline.adapters.models.openvino.configurations import (
    BF16,
    BF16_UNFUSED,
    F32,
    F32_UNFUSED,
    Precision,
    candidates,
)


def test_on_amx_bf16_without_fused_attention_comes_first_and_single_precision_after_it() -> None:
    assert candidates("auto", ("avx512_bf16", "amx_bf16")) == (BF16_UNFUSED, BF16, F32, F32_UNFUSED)


@pytest.mark.parametrize("flags", [(), ("avx2",), ("avx512f", "avx512_vnni", "avx512_bf16")])
def test_without_amx_bf16_gains_nothing_and_is_not_tried(flags: tuple[str, ...]) -> None:
    assert candidates("auto", flags) == (F32, F32_UNFUSED)


@pytest.mark.parametrize("flags", [(), ("amx_bf16",)])
@pytest.mark.parametrize("precision", ["bf16", "f32"])
def test_a_named_precision_is_the_only_one_tried(precision: Precision, flags: tuple[str, ...]) -> None:
    tried = candidates(precision, flags)
    assert {one.options["INFERENCE_PRECISION_HINT"] for one in tried} == {precision}


def test_half_precision_of_ieee_is_no_candidate() -> None:
    everything = [*candidates("auto", ("amx_bf16",)), *candidates("bf16", ()), *candidates("f32", ())]
    assert not any(one.options["INFERENCE_PRECISION_HINT"] == "f16" for one in everything)
