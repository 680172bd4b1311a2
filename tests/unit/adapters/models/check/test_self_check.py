"""The check that an engine must pass: which faults it finds, and what is done about them.

The engines here are doubles that compute a simple function of their tokens, so that a fault can be planted in one
shape. The fault that the check was made for shows only on processors with AMX.
"""

import threading
from collections.abc import Callable, Iterable

import numpy as np
import pytest
from numpy.typing import NDArray
from structlog.testing import capture_logs

from pipeline.adapters.models.batches import Deadline
from pipeline.adapters.models.check.known_answers import KnownAnswers, own_answers
from pipeline.adapters.models.check.phrases import texts_of_every_length
from pipeline.adapters.models.check.self_check import TOLERANCE, Check, Disagreement, first_right, make_check
from pipeline.adapters.models.heads import Heads
from pipeline.adapters.models.openvino.configurations import BF16, BF16_UNFUSED, F32
from pipeline.adapters.models.runner import Inputs, Take
from pipeline.adapters.models.shapes import padded_lengths
from pipeline.errors import Misconfigured

HEADS = Heads(["negative", "neutral", "positive"])
MAX_TOKENS, MOST_ROWS = 128, 16
Logits = NDArray[np.float32]
Fault = Callable[[Inputs, Logits], Logits]


def encode(texts: list[str]) -> list[list[int]]:
    """Two special tokens, and one a word."""
    return [[1, *(2 + len(word) * 7 % 11 for word in text.split()), 1] for text in texts]


class Double:
    """An engine whose logits are counts of tokens; `fault` changes them, or does what a broken library does."""

    def __init__(self, fault: Fault = lambda _inputs, logits: logits) -> None:
        self.fault = fault
        self.shapes: list[tuple[int, ...]] = []

    def run(self, batches: Iterable[tuple[list[int], Inputs]], take: Take, deadline: Deadline) -> None:
        for places, inputs in batches:
            ids, said = inputs["input_ids"], inputs["attention_mask"]
            self.shapes.append(ids.shape)
            shares = [((ids == token) * said).sum(axis=1) / said.sum(axis=1) for token in (2, 6, 9)]
            take(places, [self.fault(inputs, (3 * np.stack(shares, axis=1)).astype(np.float32))])


@pytest.fixture(scope="module")
def known() -> KnownAnswers:
    texts = texts_of_every_length(encode, MAX_TOKENS)
    return own_answers(Double(), texts, encode(texts), 3)


@pytest.fixture
def check(known: KnownAnswers) -> Check:
    return make_check(known, encode, MAX_TOKENS, MOST_ROWS, HEADS)


def moved(inputs: Inputs, logits: Logits) -> Logits:
    """As the fault on AMX at its weakest: each logit .4 off."""
    return logits + np.array([0.4, -0.4, 0.4], dtype=np.float32)


def at_length(length: int) -> Fault:
    return lambda inputs, logits: moved(inputs, logits) if inputs["input_ids"].shape[1] == length else logits


def with_rows(rows: int) -> Fault:
    return lambda inputs, logits: moved(inputs, logits) if len(logits) == rows else logits


def in_masked_places(inputs: Inputs, logits: Logits) -> Logits:
    """Reads padding as if it were said."""
    masked = (inputs["attention_mask"] == 0).sum(axis=1, keepdims=True)
    return np.where(masked > 0, logits + np.array([0.5, 0.0, 0.0], np.float32), logits).astype(np.float32)


def no_numbers(inputs: Inputs, logits: Logits) -> Logits:
    return np.full_like(logits, np.nan)


def test_every_padded_length_is_asked_with_one_row_and_with_a_full_batch(check: Check) -> None:
    double = Double()
    assert check.difference(double) == pytest.approx(0, abs=1e-6)
    assert len(padded_lengths(MAX_TOKENS)) == 24
    assert set(double.shapes) == {
        (rows, length) for length in padded_lengths(MAX_TOKENS) for rows in (1, MOST_ROWS)
    }


@pytest.mark.parametrize("length", padded_lengths(MAX_TOKENS))
def test_an_engine_that_is_wrong_at_one_length_is_found_whichever_it_is(check: Check, length: int) -> None:
    with pytest.raises(Disagreement, match=rf"at {length} tokens"):
        check.difference(Double(at_length(length)))


@pytest.mark.parametrize("rows", [1, MOST_ROWS])
def test_an_engine_that_is_wrong_for_one_number_of_rows_is_found(check: Check, rows: int) -> None:
    with pytest.raises(Disagreement, match=rf"and {rows} row"):
        check.difference(Double(with_rows(rows)))


def test_an_engine_that_reads_masked_places_is_found(check: Check) -> None:
    with pytest.raises(Disagreement):
        check.difference(Double(in_masked_places))


def test_small_differences_are_rounding_and_no_fault(check: Check) -> None:
    rng = np.random.default_rng(1)

    def rounded(inputs: Inputs, logits: Logits) -> Logits:
        return logits + rng.uniform(-0.04, 0.04, logits.shape).astype(np.float32)

    assert 0 < check.difference(Double(rounded)) <= TOLERANCE


def test_another_label_is_wrong_where_the_known_one_leads_by_more_than_the_tolerance(known: KnownAnswers) -> None:
    leads = np.tile(np.log([0.5 + TOLERANCE * 0.55, 0.5 - TOLERANCE * 0.55, 1e-9]), (len(known.texts), 1))
    close = make_check(KnownAnswers(known.texts, leads, "a test"), encode, MAX_TOKENS, 1, HEADS)
    flipped = np.log(np.array([0.4999, 0.5001, 1e-9], dtype=np.float32))
    with pytest.raises(Disagreement):
        close.difference(Double(lambda _inputs, logits: np.tile(flipped, (len(logits), 1))))
    even = np.tile(np.log([0.501, 0.499, 1e-9]), (len(known.texts), 1))
    undecided = make_check(KnownAnswers(known.texts, even, "a test"), encode, MAX_TOKENS, 1, HEADS)
    assert undecided.difference(Double(lambda _inputs, logits: np.tile(flipped, (len(logits), 1)))) < TOLERANCE


def test_the_first_right_configuration_serves_and_the_wrong_ones_are_named(check: Check) -> None:
    engines = {BF16_UNFUSED.name: Double(no_numbers), BF16.name: Double(at_length(32)), F32.name: Double()}
    with capture_logs() as logs:
        runner, opened = first_right([BF16_UNFUSED, BF16, F32], lambda one: engines[one.name], check)
    assert runner is engines[F32.name]
    assert opened.configuration == F32
    assert list(opened.rejected) == [BF16_UNFUSED.name, BF16.name]
    assert "NaN" in opened.rejected[BF16_UNFUSED.name]
    assert "at 32 tokens" in opened.rejected[BF16.name]
    assert [entry["configuration"] for entry in logs] == [BF16_UNFUSED.name, BF16.name]


def test_the_fastest_that_is_right_is_taken_and_no_other_is_opened(check: Check) -> None:
    opened: list[str] = []

    def open_one(one: object) -> Double:
        opened.append(str(one))
        return Double()

    assert first_right([BF16, F32], open_one, check)[1].configuration == BF16
    assert len(opened) == 1


def test_a_configuration_that_does_not_compile_is_passed_over(check: Check) -> None:
    def open_one(one: object) -> Double:
        if one == BF16:
            raise RuntimeError(
                "Exception from src/inference:117:\nSupported primitive\n  descriptors list is empty"
            )
        return Double()

    opened = first_right([BF16, F32], open_one, check)[1]
    assert opened.configuration == F32
    assert opened.rejected[BF16.name].endswith("Supported primitive descriptors list is empty")


@pytest.mark.parametrize("where", ["compiling", "inferring"])
def test_a_configuration_that_hangs_is_left_behind(check: Check, where: str) -> None:
    never = threading.Event()

    def hang(_inputs: Inputs, logits: Logits) -> Logits:
        never.wait(60)
        return logits

    def open_one(one: object) -> Double:
        if one == BF16 and where == "compiling":
            never.wait(60)
        return Double(hang) if one == BF16 else Double()

    try:
        opened = first_right([BF16, F32], open_one, check, limit_s=0.5)[1]
    finally:
        never.set()
    assert opened.configuration == F32
    assert opened.rejected == {BF16.name: "no answer within 0.5 s"}


def test_when_none_is_right_nothing_serves_and_each_reason_is_said(check: Check) -> None:
    with pytest.raises(
        Misconfigured, match=r"bf16: a probability differs by .* at 32 tokens.*; f32: .* at 8 tokens"
    ):
        first_right([BF16, F32], lambda one: Double(at_length(32 if one == BF16 else 8)), check)


def test_answers_that_leave_a_length_out_are_refused(known: KnownAnswers) -> None:
    few = [at for at, row in enumerate(encode(list(known.texts))) if not 28 < len(row) <= 32]
    partial = KnownAnswers(tuple(known.texts[at] for at in few), known.logits[few], "known_answers.json")
    with pytest.raises(Misconfigured, match=r"known_answers\.json: no text is padded to 32 tokens"):
        make_check(partial, encode, MAX_TOKENS, MOST_ROWS, HEADS)
