from pathlib import Path

import numpy as np
import pytest

from pipeline.enrich.reading.pressing.head import (
    PressingHead,
    PressingModel,
    load_pressing_head,
    pressing_inputs,
)
from pipeline.enrich.reading.pressing.signs import PRESSING_SIGNS
from pipeline.ports.models import TextScores

WIDTH = 4
MODEL = "little@0"


def head() -> PressingHead:
    weights = np.zeros(WIDTH + len(PRESSING_SIGNS), dtype=np.float32)
    weights[WIDTH + PRESSING_SIGNS.index("cut off")] = 4
    weights[0] = 1
    return PressingHead("little", weights, -2.0)


def scores(first: float = 0.0) -> TextScores:
    return TextScores(0.2, 0.6, 0.2, embedding=np.array([first, 0, 0, 0], dtype=np.float16))


def test_the_embedding_and_the_words_count() -> None:
    texts = ["the outage", "the weather", "the weather"]
    assert PressingModel(head()).classify(texts, [scores(), scores(), scores(4)], MODEL) == [
        pytest.approx(0.8808),
        pytest.approx(0.1192),
        pytest.approx(0.8808),
    ]


@pytest.mark.parametrize(
    ("answer", "model"),
    [
        (scores(), "another@0"),
        (TextScores(0.2, 0.6, 0.2), MODEL),
        (TextScores(0.2, 0.6, 0.2, embedding=np.zeros(WIDTH + 1, dtype=np.float16)), MODEL),
    ],
)
def test_an_embedding_that_the_head_cannot_read_gets_no_answer(answer: TextScores, model: str) -> None:
    assert PressingModel(head()).classify(["the outage"], [answer], model) == [None]


def test_a_text_has_the_same_answer_in_any_company() -> None:
    model, texts = PressingModel(head()), ["the outage", "no service", "hello"]
    together = model.classify(texts, [scores(0.3)] * 3, MODEL)
    assert together == [model.classify([text], [scores(0.3)], MODEL)[0] for text in texts]


def test_no_embedding_is_so_extreme_that_it_has_no_answer() -> None:
    extreme = PressingModel(head()._replace(weights=head().weights * 1e6))
    assert extreme.classify(["hello"] * 2, [scores(-6e4), scores(6e4)], MODEL) == [0, 1]


def test_training_reads_what_serving_reads() -> None:
    rows = pressing_inputs(["the outage", "nothing"], [scores(), TextScores(0.2, 0.6, 0.2)])
    assert rows.shape == (1, WIDTH + len(PRESSING_SIGNS))


def test_a_head_for_other_signs_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "head.npz"
    np.savez(path, model="little", signs=np.array(["other"]), weights=np.zeros(5), bias=0)
    with pytest.raises(ValueError, match="trained for other signs"):
        load_pressing_head(path)


def test_the_package_brings_a_head() -> None:
    assert load_pressing_head().model.startswith("earshot-")
