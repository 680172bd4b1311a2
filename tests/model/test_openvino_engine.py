"""The shipped model runs in the real engine."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.adapters.models.heads import SENTIMENT
from pipeline.adapters.models.openvino.text_model import SHIPPED_MODEL, OpenVinoEngine
from pipeline.enrich.text.normalise import normalise
from pipeline.errors import Misconfigured
from pipeline.ports.models import TextScores
from tests.ports.test_text_model import cosine

CLEAR = [
    ("I love this phone, best purchase ever!", "positive"),
    ("Thank you so much, your support team was wonderful today", "positive"),
    ("Such a great evening, I am so happy 😊❤️", "positive"),
    ("Worst service ever, I am never flying with you again", "negative"),
    ("I hate this app, it crashes every single time 😡", "negative"),
    ("So disappointed and angry, this is terrible", "negative"),
    ("The train leaves at nine from platform two on Tuesday", "neutral"),
    ("Press conference with the minister tomorrow at 10 am http", "neutral"),
    ("What time does the shop open on Sunday?", "neutral"),
]
HOSTILE = [
    "",
    " ",
    "😂" * 300,
    "x" * 100_000,
    "word " * 20_000,
    "\u202e" + "a",
    "&" * 500,
    "日本" * 400,
    "\x00",
    "[PAD] [CLS]",
]


@pytest.fixture(scope="module")
def engine() -> OpenVinoEngine:
    return OpenVinoEngine()


def label_of(scores: TextScores) -> str:
    return max(SENTIMENT, key=lambda name: float(getattr(scores, name)))


def test_clear_sentences_get_the_right_label(engine: OpenVinoEngine) -> None:
    scores = engine.score([normalise(text) for text, _ in CLEAR])
    assert [label_of(one) for one in scores] == [label for _, label in CLEAR]


def test_order_and_length_are_kept_over_several_batches(engine: OpenVinoEngine) -> None:
    texts = [normalise(text) for text, _ in CLEAR] * 9
    texts = [text + " indeed" * (at % 13) for at, text in enumerate(texts)]
    together = engine.score(texts)
    assert len(together) == len(texts)
    backwards = engine.score(texts[::-1])[::-1]
    assert [label_of(one) for one in together] == [label_of(one) for one in backwards]
    for one, other in zip(together, backwards, strict=True):
        assert one[:5] == pytest.approx(other[:5], abs=1e-2)


def test_a_batch_of_mixed_lengths_equals_one_by_one(engine: OpenVinoEngine) -> None:
    texts = [("late again " * (at + 1)).strip() for at in range(40)]
    for text, together in zip(texts, engine.score(texts), strict=True):
        assert engine.score([text])[0][:5] == pytest.approx(together[:5], abs=1e-2)


def test_long_empty_and_hostile_texts_get_a_probability_distribution(engine: OpenVinoEngine) -> None:
    scores = engine.score(HOSTILE)
    assert len(scores) == len(HOSTILE)
    for one in scores:
        assert one.negative + one.neutral + one.positive == pytest.approx(1, abs=1e-6)
        assert all(0 <= share <= 1 for share in one[:5] if share is not None)


def test_a_blank_text_is_wholly_neutral(engine: OpenVinoEngine) -> None:
    for one in engine.score(["", " \n"]):
        assert one[:3] == (0.0, 1.0, 0.0)
        assert one.offence in (0.0, None)
        assert one.complaint in (0.0, None)


def test_of_a_text_beyond_the_token_limit_both_ends_are_read_and_not_the_middle(engine: OpenVinoEngine) -> None:
    start, end = "we love it " * 60, " i hate this, terrible" * 60
    (one,) = engine.score([f"{start} the shop opens at nine {end}"])
    assert engine.score([f"{start} {'whatever happens in between ' * 500} {end}"])[0][:5] == one[:5]
    assert engine.score([start + start])[0].positive > one.positive
    assert engine.score([end + end])[0].negative > one.negative


def test_no_texts_give_no_scores(engine: OpenVinoEngine) -> None:
    assert engine.score([]) == []


def test_an_embedding_is_the_mean_over_what_is_said_and_not_over_the_padding(engine: OpenVinoEngine) -> None:
    short, long = "where is my parcel", "the parcel was to come on monday and nobody has rung since then " * 6
    (alone,), (padded, _) = engine.score([short]), engine.score([short, long])
    assert alone.embedding is not None
    assert padded.embedding is not None
    assert alone.embedding.shape == (384,)
    np.testing.assert_allclose(alone.embedding, padded.embedding, atol=0.15)  # numbers of size 1, int8 arithmetic
    assert engine.score([" "])[0].embedding is None


def test_embeddings_tell_what_a_text_is_about_and_not_how_it_feels(engine: OpenVinoEngine) -> None:
    card, praised_card, train = engine.score(
        ["my new card has not arrived yet", "my new card has arrived, i love it", "the train to york is late"]
    )
    assert card.embedding is not None
    assert praised_card.embedding is not None
    assert train.embedding is not None
    assert cosine(card.embedding, praised_card.embedding) > cosine(card.embedding, train.embedding)


def test_the_name_holds_the_weights_checksum(engine: OpenVinoEngine) -> None:
    described = json.loads((SHIPPED_MODEL / "config.json").read_text())
    checksum = described["sha256"]["model.bin"]
    assert engine.name == f"{described['name']}@{checksum[:12]}"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for name in ("model.xml", "model.bin", "tokenizer.json", "config.json", "known_answers.json"):
        shutil.copy(SHIPPED_MODEL / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("name", ["model.xml", "model.bin", "tokenizer.json"])
def test_a_changed_file_is_refused_by_its_name(copied: Path, name: str) -> None:
    with (copied / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(Misconfigured, match=rf"{name}: SHA-256 is [0-9a-f]{{12}}"):
        OpenVinoEngine(copied)


@pytest.mark.parametrize("name", ["model.bin", "config.json"])
def test_a_missing_file_is_refused_by_its_name(copied: Path, name: str) -> None:
    (copied / name).unlink()
    with pytest.raises(Misconfigured, match=f"{name}: cannot read"):
        OpenVinoEngine(copied)


@pytest.mark.parametrize(
    "change",
    [{"labels": ["positive", "negative"]}, {"sha256": []}, {"sha256": {}}, {"max_tokens": "x"}],
)
def test_a_bad_description_is_refused(copied: Path, change: dict[str, object]) -> None:
    path = copied / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(Misconfigured, match=r"config\.json"):
        OpenVinoEngine(copied)


def test_files_that_are_no_model_are_refused(copied: Path) -> None:
    (copied / "model.xml").write_text("not a model")
    path = copied / "config.json"
    description = json.loads(path.read_text())
    description["sha256"]["model.xml"] = hashlib.sha256(b"not a model").hexdigest()
    path.write_text(json.dumps(description))
    with pytest.raises(Misconfigured, match="cannot load the model"):
        OpenVinoEngine(copied)
