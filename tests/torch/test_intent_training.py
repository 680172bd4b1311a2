"""The head of the intents: made from examples, and from what an earlier head says."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from pipeline.adapters.openvino_engine import SHIPPED_MODEL, OpenVinoEngine
from pipeline.enrich.intent import INTENTS, IntentModel, load_head
from pipeline.enrich.normalise import normalise
from pipeline.train.intents import HEAD, main

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
    main(["--out", str(tmp_path / "plain.npz")])
    earlier, taught, plain = (load_head(each).weights for each in (HEAD, head, tmp_path / "plain.npz"))
    assert np.abs(taught - plain).max() > 1e-3, "the answers count"
    assert earlier.shape == taught.shape
