"""The head of the intents: made from examples, and from what an earlier head says."""

import gzip
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.adapters.models.openvino.text_model import SHIPPED_MODEL, OpenVinoEngine
from pipeline.app.stages.enrich import load_intent_model
from pipeline.enrich.reading.intents.model import INTENTS, IntentModel, load_head
from pipeline.enrich.text.normalise import normalise
from pipeline.errors import Misconfigured
from pipeline.settings import ModelSettings
from pipeline.train.intents import HEAD, LIFTS, REAL_WEIGHT, AnsweredPosts, main, read_inbound, targets_of

pytestmark = pytest.mark.torch
POSTS = {
    "third night in a row without internet, nobody answers": "complaint",
    "what time does the shop in Leeds close on Sunday?": "question",
    "your driver today was wonderful, thank you so much": "praise",
}


def read(head: Path) -> list[str]:
    texts = [normalise(text) for text in POSTS]
    found = IntentModel(load_head(head)).probabilities(texts, OpenVinoEngine().score(texts))
    return [INTENTS[at] for at in found.argmax(axis=1)]


def test_a_head_is_made_from_the_examples_of_the_repository(tmp_path: Path) -> None:
    main(["--out", str(tmp_path / "head.npz")])
    assert read(tmp_path / "head.npz") == list(POSTS.values())


def test_the_head_of_another_model_is_written_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "other"
    shutil.copytree(SHIPPED_MODEL, folder, ignore=shutil.ignore_patterns("float"))
    described = json.loads((folder / "config.json").read_text()) | {"name": "other"}
    (folder / "config.json").write_text(json.dumps(described))
    main(["--model", str(folder)])
    assert load_intent_model(ModelSettings(path=str(folder))).made_for == "other"


def test_an_earlier_head_teaches_a_new_one_on_unlabelled_posts(tmp_path: Path) -> None:
    rows = [f'{at},{at % 5 != 0},"{text} {at}"' for at, text in enumerate([*POSTS] * 10)]
    unlabelled = tmp_path / "posts.csv.gz"
    unlabelled.write_bytes(gzip.compress("\n".join(["id,inbound,text", *rows]).encode()))
    head = tmp_path / "head.npz"
    main(
        ["--earlier", str(SHIPPED_MODEL), "--earlier-head", str(HEAD), "--unlabelled", str(unlabelled),
         "--out", str(head)]
    )  # fmt: skip
    assert read(head) == list(POSTS.values())


def test_an_earlier_heads_answers_come_without_its_lifts() -> None:
    plain = np.full(len(INTENTS), 0.5 / (len(INTENTS) - 1))
    plain[INTENTS.index("question")] = 0.5
    lifted = plain * np.exp(LIFTS)
    targets = targets_of(AnsweredPosts(["one"], (lifted / lifted.sum())[None, :]))
    assert targets[0] == pytest.approx(REAL_WEIGHT * plain)


def test_what_is_hardly_meant_counts_as_nothing() -> None:
    shares = np.full((1, len(INTENTS)), 0.001)
    shares[0, INTENTS.index("complaint")] = 1 - shares[0, 1:].sum()
    assert np.count_nonzero(targets_of(AnsweredPosts(["one"], shares))) == 1


def test_the_options_of_an_earlier_head_go_together() -> None:
    with pytest.raises(SystemExit):
        main(["--earlier", str(SHIPPED_MODEL)])


def test_a_file_of_other_posts_is_named(tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text("text\nhello\n")
    with pytest.raises(Misconfigured, match=r"posts\.csv:1: columns \['inbound'\] are missing"):
        read_inbound(tmp_path / "posts.csv")
    with pytest.raises(Misconfigured, match="cannot read posts"):
        read_inbound(tmp_path / "absent.csv")
