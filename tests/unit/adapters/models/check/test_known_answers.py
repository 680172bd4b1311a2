"""The file of known answers: what is written is read, and what does not belong to the model is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.adapters.models.check.known_answers import KnownAnswers, read_known_answers, write_known_answers
from pipeline.adapters.models.folder import KNOWN_ANSWERS, ModelFolder
from pipeline.adapters.models.heads import Heads
from pipeline.errors import Misconfigured

HEADS = Heads(["negative", "neutral", "positive", "complaint"])


@pytest.fixture
def folder(tmp_path: Path) -> ModelFolder:
    return ModelFolder(tmp_path, "tiny", "tiny@0123456789ab", 128, HEADS)


@pytest.fixture
def written(folder: ModelFolder) -> Path:
    known = KnownAnswers(("où est", "ok"), np.array([[0.1, -0.2, 7.0, 0.12345], [0.5, 0.5, 0.0, 1.0]]), "a test")
    return write_known_answers(folder, known)


def test_what_is_written_is_read(folder: ModelFolder, written: Path) -> None:
    known = read_known_answers(folder)
    assert known is not None
    assert known.texts == ("où est", "ok")
    np.testing.assert_allclose(known.logits, [[0.1, -0.2, 7.0, 0.123], [0.5, 0.5, 0.0, 1.0]], atol=1e-6)
    assert json.loads(written.read_text())["labels"] == ["negative", "neutral", "positive", "complaint"]


def test_a_folder_may_have_none(folder: ModelFolder) -> None:
    assert read_known_answers(folder) is None


def test_answers_of_other_weights_are_refused(folder: ModelFolder, written: Path) -> None:
    assert read_known_answers(ModelFolder(folder.path, "renamed", "renamed@0123456789ab", 128, HEADS)) is not None
    other = ModelFolder(folder.path, "tiny", "tiny@ba9876543210", 128, HEADS)
    with pytest.raises(Misconfigured, match="answers of tiny@0123456789ab, the model is tiny@ba9876543210"):
        read_known_answers(other)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"answers": []}, "cannot read the model's known answers"),
        ({"answers": [{"text": " ", "logits": [0, 1, 0, 0]}]}, "cannot read"),
        ({"answers": [{"text": "ok", "logits": [0, "NaN", 0, 0]}]}, "cannot read"),
        ({"answers": [{"text": "ok", "logits": [0, 1, 0]}]}, "every answer needs 4 logits"),
        ({"labels": ["negative", "neutral", "positive", "offence"]}, "every answer needs 4 logits"),
    ],
)
def test_a_damaged_file_is_refused_by_its_name(
    folder: ModelFolder, written: Path, change: dict[str, object], said: str
) -> None:
    written.write_text(json.dumps(json.loads(written.read_text()) | change))
    with pytest.raises(Misconfigured, match=rf"{KNOWN_ANSWERS}: .*{said}|{KNOWN_ANSWERS}: {said}"):
        read_known_answers(folder)
