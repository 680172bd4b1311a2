"""The head of what is pressing is made from labelled posts, and serving reads what training wrote."""

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.adapters.models.openvino.text_model import OpenVinoEngine
from pipeline.enrich.reading.pressing.head import PressingModel, load_pressing_head
from pipeline.enrich.text.normalise import normalise
from pipeline.train import pressing

pytestmark = pytest.mark.torch
URGENT = ["my flight leaves in an hour and I am stuck", "someone hacked my account and stole money"]
CALM = ["I love this song", "your new logo looks odd"]


def test_a_head_that_is_trained_tells_apart_what_its_posts_tell_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts = tmp_path / "posts.jsonl"
    rows = [
        {"text": f"{text} {at}", "label": label}
        for at in range(10)
        for label, texts in (("urgent", URGENT), ("not_urgent", CALM))
        for text in texts
    ]
    posts.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    monkeypatch.setattr(pressing, "HEAD", tmp_path / "made" / "head.npz")
    monkeypatch.setattr("sys.argv", ["pressing", str(posts)])
    pressing.main()
    engine, texts = OpenVinoEngine(), [normalise(text) for text in (*URGENT, *CALM)]
    model = PressingModel(load_pressing_head(tmp_path / "made" / "head.npz"))
    answers = np.array(model.classify(texts, engine.score(texts), engine.name), dtype=float)
    assert answers[:2].min() > 0.5 > answers[2:].max()
