"""What the engine does around the model, on a model whose every logit is known."""

import math
from pathlib import Path
from typing import Any

import pytest

from pipeline.adapters.models.folder import open_model_folder
from pipeline.adapters.models.openvino.requests import RequestRing
from pipeline.adapters.models.openvino.text_model import OpenVinoEngine
from pipeline.errors import Misconfigured, Transient
from pipeline.ports.models import TextScores
from tests.model.tiny_model import CALIBRATION, LABELS, describe, write_tiny_model

WORDS = {
    "bad": [2.0, 0.0, -1.0, 0.5, 1.0],
    "good": [-1.0, 0.0, 2.0, -0.5, -1.0],
    "damn": [0.5, 0.0, 0.0, 3.0, 0.0],
    "and": [0.0] * 5,
    "not-a-number": [math.nan] * 5,
    "infinite": [math.inf, 0.0, 0.0, 0.0, 0.0],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_model(tmp_path, WORDS)


def engine_on(folder: Path, **options: Any) -> OpenVinoEngine:
    return OpenVinoEngine(folder, precision="f32", **options)


def expected(*words: str) -> TextScores:
    negative, neutral, positive, offensive, complaint = (
        sum(values) for values in zip(*(WORDS[word] for word in words), strict=True)
    )
    weights = [math.exp(value / 2) for value in (negative + 0.5, neutral, positive - 0.5)]
    one, two, three = (weight / sum(weights) for weight in weights)
    offence, complained = 1 / (1 + math.exp(1 - 2 * offensive)), 1 / (1 + math.exp(-1 - complaint / 2))
    return TextScores(one, two, three, offence, complained)


def test_every_head_has_its_own_calibration(folder: Path) -> None:
    texts = ["bad", "good and good", "damn bad", "and"]
    for text, scores in zip(texts, engine_on(folder).score(texts), strict=True):
        assert scores == pytest.approx(expected(*text.split()), abs=1e-6)


def test_labels_name_the_columns_in_any_order(tmp_path: Path) -> None:
    backwards = {word: values[::-1] for word, values in WORDS.items()}
    engine = engine_on(write_tiny_model(tmp_path, backwards, labels=LABELS[::-1]))
    assert engine.score(["damn bad"])[0] == pytest.approx(expected("damn", "bad"), abs=1e-6)


def test_a_blank_text_is_neutral_and_neither_offence_nor_complaint(folder: Path) -> None:
    assert engine_on(folder).score([" "]) == [TextScores(0.0, 1.0, 0.0, 0.0, 0.0)]


def test_a_model_of_sentiment_alone_says_nothing_of_the_other_heads(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path, {word: values[:3] for word, values in WORDS.items()}, labels=LABELS[:3])
    describe(folder, calibration={"sentiment": CALIBRATION["sentiment"]})
    engine = engine_on(folder)
    assert engine.score(["bad"])[0] == pytest.approx((*expected("bad")[:3], None, None, None), abs=1e-6)
    assert engine.score([""]) == [TextScores(0.0, 1.0, 0.0)]


@pytest.mark.parametrize("length", [8, 9])
def test_a_long_text_is_judged_by_its_first_and_last_half(tmp_path: Path, length: int) -> None:
    engine = engine_on(write_tiny_model(tmp_path, WORDS, max_tokens=length))
    # The two special tokens stand at the ends and take their places in the budget.
    start, end = ["bad"] * (length // 2 - 1), ["good"] * (length - length // 2 - 1)
    text = " ".join([*start, *["damn"] * 10, *end])
    assert engine.score([text])[0] == pytest.approx(expected(*start, *end), abs=1e-6)
    fits = " ".join([*start, *end])
    assert engine.score([fits]) == engine.score([text])


def test_what_the_tokenizer_sees_of_an_endless_text_is_bounded_at_both_ends(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_on(folder)
    seen: list[int] = []
    encode = engine._encode

    def watched(texts: list[str]) -> list[list[int]]:
        seen.extend(map(len, texts))
        return encode(texts)

    monkeypatch.setattr(engine, "_encode", watched)
    long = "bad " * 70 + "damn " * 100_000 + "good " * 69 + "good"
    assert engine.score([long])[0] == pytest.approx(expected(*["bad"] * 63, *["good"] * 63), abs=1e-6)
    assert seen == [128 * 32 + 1]


@pytest.mark.parametrize("word", ["not-a-number", "infinite"])
def test_a_number_that_is_none_is_no_silent_answer(folder: Path, word: str) -> None:
    engine = engine_on(folder)
    with pytest.raises(Transient, match="1 of 3 texts with NaN or infinity"):
        engine.score(["bad", f"and {word}", "good"])
    assert engine.score(["bad"])[0] == pytest.approx(expected("bad"), abs=1e-6)


@pytest.mark.parametrize("count", [1, 2, 31, 32, 33, 64, 65, 129, 321, 700])
def test_any_number_of_texts_keeps_length_and_order(folder: Path, count: int) -> None:
    texts = [" ".join(["and"] * (at * 7 % 40) + ["bad"] * (at % 3)) or "good" for at in range(count)]
    engine = engine_on(folder)
    for text, scores in zip(texts, engine.score(texts), strict=True):
        assert scores == pytest.approx(expected(*text.split()), abs=1e-5)


def test_a_failed_inference_leaves_the_engine_sound(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_on(folder)
    with monkeypatch.context() as patch:
        patch.setattr(
            "pipeline.adapters.models.openvino.text_model.pad", lambda _rows: {"input_ids": 0, "no_such_input": 0}
        )
        with pytest.raises(Transient, match="the engine failed on 40 texts"):
            engine.score(["bad"] * 40)
    assert engine.score(["bad"] * 40) == engine.score(["bad"]) * 40


class NeverDone:
    """Stands for a compiled model whose inferences never end."""

    def create_infer_request(self) -> "NeverDone":
        return self

    def start_async(self, inputs: object) -> None:
        pass

    def wait_for(self, milliseconds: int) -> bool:
        assert milliseconds <= 200
        return False


def test_a_hung_inference_ends_the_call_at_its_deadline_and_all_later_calls_at_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_on(folder, deadline_s=0.2)
    monkeypatch.setattr(engine, "_requests", RequestRing(NeverDone(), 4))
    with pytest.raises(Transient, match=r"no answer within 0\.2 s: 70 of 70 texts were waiting"):
        engine.score(["bad"] * 70)
    with pytest.raises(Transient, match="hung: 1 texts refused"):
        engine.score(["good"])
    assert engine.score([""]) == [TextScores(0.0, 1.0, 0.0, 0.0, 0.0)]


def test_a_caller_that_waits_for_another_one_has_a_deadline_too(folder: Path) -> None:
    engine = engine_on(folder, deadline_s=0.05)
    with engine._lock, pytest.raises(Transient, match="2 of 2 texts were waiting"):
        engine.score(["bad", "good"])


def test_more_labels_than_the_model_has_columns_are_refused(folder: Path) -> None:
    describe(folder, labels=LABELS[:3], calibration={})
    with pytest.raises(Misconfigured, match="names 3 labels, the model has 5"):
        engine_on(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"labels": ["negative", "positive"], "calibration": {}}, "labels: neutral missing"),
        ({"labels": [*LABELS, "spam"]}, "labels: expected .* found .*spam"),
        ({"labels": [*LABELS, "negative"]}, "each once"),
        ({"calibration": {**CALIBRATION, "offence": None}}, r"calibration\.offence and the label offensive"),
        ({"labels": LABELS[:4]}, r"calibration\.complaint and the label complaint"),
        ({"calibration": {**CALIBRATION, "spam": {}}}, r"calibration\.spam"),
        ({"calibration": {**CALIBRATION, "sentiment": {"temperature": 0}}}, r"calibration\.sentiment\.temp"),
        ({"calibration": {**CALIBRATION, "sentiment": {"bias": [0, 0]}}}, r"calibration\.sentiment\.bias"),
        ({"calibration": {**CALIBRATION, "offence": {"scale": -1}}}, r"calibration\.offence\.scale"),
        ({"calibration": {**CALIBRATION, "offence": {"bias": math.nan}}}, r"calibration\.offence\.bias"),
        ({"calibration": None}, "calibration: Field required"),
        ({"max_tokens": 2}, "max_tokens"),
        ({"name": None}, "name: Field required"),
    ],
)  # fmt: skip
def test_a_bad_description_is_refused_by_field(folder: Path, change: dict[str, object], said: str) -> None:
    describe(folder, **change)
    with pytest.raises(Misconfigured, match=rf"config\.json: not a model description: .*{said}"):
        open_model_folder(folder)
