"""An evaluation: what the model is asked, what counts, what is said."""

import io
import json
from collections.abc import Sequence

import pytest

from pipeline.adapters.in_memory.model import KeywordSentiment
from pipeline.cli.text.output import PIPE_WIDTH
from pipeline.errors import Misconfigured
from pipeline.evaluation import evaluate as judge_module
from pipeline.evaluation.evaluate import CHUNK, Evaluation, evaluate
from pipeline.evaluation.heads import HEADS
from pipeline.evaluation.labelled import LabelledPost
from pipeline.evaluation.report import as_object, render
from pipeline.ports.models import TextScores


class Told(KeywordSentiment):
    """Has the further heads: the offence is what the text says, `.9` for instance. Remembers what it was asked."""

    def __init__(self, extra: int = 0) -> None:
        self.asked: list[list[str]] = []
        self._extra = extra

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        self.asked.append(list(texts))
        scores = [_told(text) for text in texts]
        return scores + scores[:1] * (self._extra if len(texts) > 1 else 0)


def _told(text: str) -> TextScores:
    offence = float(text) if text.startswith(".") else 0.0
    return TextScores(0.2, 0.7, 0.1, offence=offence if text else None, complaint=0.5 if text else None)


def _quiet(_line: str) -> None:
    return


def judge(head: str, *posts: tuple[str, int] | tuple[str, int, str], said: list[str] | None = None) -> Evaluation:
    labelled = [LabelledPost(post[0], post[1], post[2] if len(post) == 3 else None) for post in posts]
    return evaluate(Told(), HEADS[head], labelled, _quiet if said is None else said.append)


def test_the_texts_are_normalised_as_in_the_service_and_asked_in_pieces_in_order() -> None:
    model = Told()
    posts = [LabelledPost(f"{number} &amp; @Bob", 1, None) for number in range(CHUNK + 1)]
    evaluate(model, HEADS["sentiment"], posts, _quiet)
    assert [len(texts) for texts in model.asked] == [1, CHUNK, 1]
    assert [text for texts in model.asked[1:] for text in texts] == [
        f"{number} & @user" for number in range(CHUNK + 1)
    ]


def test_measures_of_a_yes_or_no_head() -> None:
    found = judge("offence", (".9", 1), (".8", 0), (".5", 1), (".1", 0), (".2", 1))
    whole = found.whole
    assert whole.confusion == ((1, 1), (1, 2))
    assert whole.recalls == pytest.approx((1 / 2, 2 / 3))
    assert whole.macro_recall == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert whole.macro_f1 == pytest.approx((2 / 4 + 4 / 6) / 2)
    # .9 beats both, .5 and .2 beat .1: 4 of 6.
    assert whole.auc == pytest.approx(4 / 6)
    interval = found.intervals["macro_recall"]
    assert interval is not None
    assert interval.low < whole.macro_recall < interval.high
    assert found.posts_per_s > 0


def test_a_text_without_anything_to_read_is_a_no_and_is_said() -> None:
    said: list[str] = []
    found = judge("offence", (".9", 1), ("\u200b", 0), ("", 0), said=said)
    assert found.whole.confusion == ((2, 0), (0, 1))
    assert said == ["posts without anything to read: 2; they count as no, as in the service"]


def test_a_file_of_one_class_has_no_auc_and_says_so() -> None:
    said: list[str] = []
    found = judge("sentiment", ("a", 1), ("b", 1), said=said)
    assert (found.whole.macro_recall, found.whole.auc, found.whole.recalls) == (1, None, (None, 1, None))
    assert said == [
        "no post is labelled negative or positive: macro means are over the classes that are there",
        "all posts have the same label: there is no AUC",
    ]
    assert as_object(found, "openvino")["auc"] is None


def test_a_model_without_the_head_is_refused_before_the_posts_are_read() -> None:
    with pytest.raises(Misconfigured, match=r"keywords-for-tests@0+ has no head complaint"):
        evaluate(KeywordSentiment(), HEADS["complaint"], [LabelledPost("a", 1, None)], _quiet)


def test_answers_that_are_no_probabilities_or_too_many_are_refused() -> None:
    with pytest.raises(Misconfigured, match="no probabilities"):
        judge("offence", (".9e9", 1))
    with pytest.raises(Misconfigured, match="answered 3 of 2"):
        evaluate(Told(extra=1), HEADS["offence"], [LabelledPost(".1", 1, None)] * 2, _quiet)


def test_slices_by_length_as_written_and_by_source() -> None:
    lengths = [0, 40, 41, 80, 81, 140, 141, 280, 281]
    found = judge("sentiment", *[("x" * length, 1, "b" if length < 81 else "a") for length in lengths])
    assert {name: scores.n for name, scores in found.slices["length"].items()} == {
        "<=40": 2, "41-80": 2, "81-140": 2, "141-280": 2, ">280": 1,
    }  # fmt: skip
    assert {name: scores.n for name, scores in found.slices["source"].items()} == {"a": 5, "b": 4}


def test_slices_are_measured_each_for_itself_and_posts_without_a_source_are_one_of_them() -> None:
    found = judge("offence", (".9", 1, "good"), (".1", 0, "good"), (".9", 0, "bad"), (".1", 1, "bad"), (".9", 1))
    sources = found.slices["source"]
    assert list(sources) == ["bad", "good", "(none)"]
    assert [scores.macro_recall for scores in sources.values()] == [0, 1, 1]
    assert [scores.auc for scores in sources.values()] == [0, 1, None]
    assert "source" not in judge("offence", (".9", 1)).slices


def test_progress_is_said_while_it_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_module, "_SECONDS_BETWEEN_LINES", 0.0)
    said: list[str] = []
    judge("offence", *[(".9", 1), (".1", 0)] * CHUNK, said=said)
    assert [line.split(" posts")[0] for line in said] == ["512 of 1,024", "1,024 of 1,024"]


def test_the_json_object_has_all_of_it_and_is_json() -> None:
    found = as_object(judge("offence", (".9", 1, "s"), (".8", 0), (".1", 0)), "openvino")
    again = json.loads(json.dumps(found))
    assert again == found
    assert (found["n"], found["model"], found["engine"], found["head"]) == (
        3, "keywords-for-tests@000000000000", "openvino", "offence",
    )  # fmt: skip
    assert (found["macro_recall"], found["macro_f1"], found["auc"]) == (0.75, pytest.approx(0.666667), 1.0)
    # Two right with .9, one wrong with .8.
    assert found["ece"] == pytest.approx(2 / 3 * 0.1 + 1 / 3 * 0.8, abs=1e-6)
    assert found["per_class_recall"] == {"not_offensive": 0.5, "offensive": 1.0}
    assert found["confusion"] == {
        "not_offensive": {"not_offensive": 1, "offensive": 1},
        "offensive": {"not_offensive": 0, "offensive": 1},
    }
    assert set(found["intervals"]) == {"macro_recall", "macro_f1", "auc"}
    assert found["slices"]["source"]["s"]["n"] == 1
    assert set(found["slices"]["length"]["<=40"]) == {"n", "macro_recall", "macro_f1", "auc", "ece"}


def test_the_tables_show_brackets_of_a_source_and_say_how_many_slices_they_leave_out() -> None:
    from rich.console import Console

    posts = [(".9", 1, f"[red]{number:02}") for number in range(25)]
    console = Console(width=PIPE_WIDTH, record=True, file=io.StringIO())
    for table in render(judge("offence", *posts), "openvino"):
        console.print(table)
    text = console.export_text()
    assert "source [red]19" in text
    assert "source [red]20" not in text
    assert "5 more: --json has them" in text
    assert "keywords-for-tests@000000000000 on openvino, 25 posts" in text
