"""Which head tells the intents: the one beside the model, else the package's."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.app.stages.enrich import load_intent_model
from pipeline.enrich.reading.intents.model import HEAD_BESIDE, load_head
from pipeline.errors import Misconfigured
from pipeline.settings import ModelSettings

SHIPPED = Path(__file__).parents[3] / "pipeline/weights/intent/head.npz"


def heads_model(path: str | None) -> str:
    return load_intent_model(ModelSettings(path=path)).made_for


def test_a_model_brings_the_head_that_was_made_for_it(tmp_path: Path) -> None:
    with np.load(SHIPPED) as shipped:
        np.savez(tmp_path / HEAD_BESIDE, **({name: shipped[name] for name in shipped.files} | {"model": "small"}))
    assert heads_model(str(tmp_path)) == "small"


def test_without_one_the_head_of_the_package_serves(tmp_path: Path) -> None:
    shipped = load_head().model
    assert heads_model(None) == heads_model(str(tmp_path)) == heads_model("someone/hub-model") == shipped


@pytest.mark.parametrize("content", [b"nothing", b""])
def test_a_broken_head_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / HEAD_BESIDE).write_bytes(content)
    with pytest.raises(Misconfigured, match=r"intent\.npz: cannot read the head"):
        load_intent_model(ModelSettings(path=str(tmp_path)))


def test_a_head_of_other_signs_is_refused(tmp_path: Path) -> None:
    shutil.copy(SHIPPED, tmp_path / HEAD_BESIDE)
    with np.load(SHIPPED) as shipped:
        np.savez(tmp_path / HEAD_BESIDE, **({name: shipped[name] for name in shipped.files} | {"signs": ["one"]}))
    with pytest.raises(Misconfigured, match="trained for other intents or signs"):
        load_intent_model(ModelSettings(path=str(tmp_path)))
