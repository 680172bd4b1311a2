"""`earshot eval` from file to table and JSON, with the shipped model."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.adapters.in_memory.model import KeywordSentiment
from pipeline.adapters.models.openvino.text_model import SHIPPED_MODEL
from pipeline.cli import main
from pipeline.errors import EXIT_OK, EXIT_USAGE

WRITTEN = {
    "negative": [
        "This is the worst phone I have ever owned, I hate it",
        "Terrible service, nobody answers and I am so angry",
        "I am very disappointed, the product broke on the first day",
        "Awful. Rude staff, dirty rooms, never again 😡",
        "So sick of this company and its lies",
        "The update ruined everything, I want my money back!",
        "Horrible experience at the airport today, lost my bag and missed my flight",
        "I can't believe how bad this is, total waste of money",
        "You people are useless, three weeks without internet and counting. I have called every day, waited for "
        "hours, and all I get are excuses and broken promises.",
        "Ugh, this app crashes every single time",
    ],
    "neutral": [
        "The store opens at 9 am on Monday",
        "What time does the train to Leeds leave tomorrow?",
        "The meeting was moved from Tuesday to Wednesday",
        "They play in Boston on Friday, then in Denver on Sunday",
        "The new model will be available in March",
        "I am at the station",
        "Is the shop on Main Street open on Sundays?",
        "The company announced its quarterly results on Thursday",
        "He works in the office on the third floor",
        "The report has 40 pages and two tables",
    ],
    "positive": [
        "I love this, best day ever!",
        "Thank you so much, your team was amazing 😍",
        "Great game last night, so happy for them",
        "Best coffee in town, and the staff are lovely",
        "So excited for the concert on Saturday, it's going to be awesome!",
        "Really happy with my new laptop, it works beautifully",
        "What a wonderful surprise, you made my week",
        "Congratulations to the whole team, brilliant work!",
        "I can't wait to see you all tomorrow, this will be fun &amp; I'm so grateful",
        "Fantastic support, they fixed it in five minutes",
    ],
}


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["eval", *words])
    return EXIT_OK if ended.value.code is None else int(str(ended.value.code))


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PATH", "ENGINE", "CACHE_ENTRIES"):
        monkeypatch.delenv(f"EARSHOT_MODEL__{name}", raising=False)


@pytest.fixture
def posts(tmp_path: Path) -> str:
    path = tmp_path / "posts.jsonl"
    lines = [
        json.dumps({"text": text, "label": label, "source": "phone" if number < 3 else "shop"})
        for label, texts in WRITTEN.items()
        for number, text in enumerate(texts)
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


def test_the_shipped_model_judged_by_json_and_by_table(posts: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sentiment", posts, "--engine", "openvino", "--json") == EXIT_OK
    printed = capsys.readouterr()
    found: dict[str, Any] = json.loads(printed.out)
    assert "30 labelled posts" in printed.err
    _is_whole(found)
    assert run("sentiment", posts, "--engine", "openvino", "--model", str(SHIPPED_MODEL)) == EXIT_OK
    table = capsys.readouterr().out
    for shown in (found["model"], f"{found['macro_recall']:.4f}", f"{found['ece']:.4f}", "source phone", "<=40"):
        assert shown in table


def _is_whole(found: dict[str, Any]) -> None:
    assert (found["n"], found["engine"], found["head"]) == (30, "openvino", "sentiment")
    assert found["model"].count("@") == 1
    assert found["posts_per_s"] > 0
    # Nobody doubts how these were meant.
    assert found["macro_recall"] >= 0.8
    assert found["auc"] >= 0.95
    low, high = found["intervals"]["macro_recall"]
    assert low <= found["macro_recall"] <= high
    assert all(0 <= found[name] <= 1 for name in ("macro_recall", "macro_f1", "auc", "ece"))
    # Ten posts a class: the counts and the recalls say the same.
    for label, row in found["confusion"].items():
        assert sum(row.values()) == 10
        assert row[label] == pytest.approx(10 * found["per_class_recall"][label])
    assert found["macro_recall"] == pytest.approx(sum(found["per_class_recall"].values()) / 3, abs=1e-6)
    assert {name: part["n"] for name, part in found["slices"]["source"].items()} == {"shop": 21, "phone": 9}
    assert sum(part["n"] for part in found["slices"]["length"].values()) == 30


def test_a_bad_line_exits_2_and_is_named_before_any_model_is_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"text": "a", "label": 1}\n{"text": "b", "label": 2}\n')
    assert run("offence", str(path), "--model", "no/such/model") == EXIT_USAGE
    printed = capsys.readouterr()
    assert f"{path}:2: label: expected offensive" in printed.err
    assert printed.out == ""


def test_a_model_without_the_head_exits_2_and_says_which(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.app.stages.enrich.load_model", lambda _settings: KeywordSentiment())
    path = tmp_path / "one.jsonl"
    path.write_text('{"text": "a", "label": "complaint"}\n')
    assert run("complaint", str(path)) == EXIT_USAGE
    assert "has no head complaint" in capsys.readouterr().err


def test_an_unknown_head_or_engine_and_a_missing_file_exit_2(posts: str, tmp_path: Path) -> None:
    assert run("mood", posts) == EXIT_USAGE
    assert run("sentiment", posts, "--engine", "onnx") == EXIT_USAGE
    assert run("sentiment", str(tmp_path / "none.jsonl")) == EXIT_USAGE
    assert run("sentiment") == EXIT_USAGE


def test_priorities_are_judged_by_a_policy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = Path(__file__).parents[3] / "deploy" / "policies" / "acme.yaml"
    posts = tmp_path / "posts.jsonl"
    lines = [
        {
            "text": "my flight leaves in an hour and I am locked out of my account, please help now",
            "label": "urgent",
        },
        {"text": "the new logo is ugly", "label": "not_urgent"},
    ]
    posts.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert run("priority", str(posts), "--policy", str(policy), "--json") == EXIT_OK
    judged = json.loads(capsys.readouterr().out)
    assert (judged["all"]["n"], judged["all"]["urgent"], judged["all"]["auc"]) == (2, 1, 1.0)


def test_priorities_need_a_policy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("priority", str(tmp_path / "posts.jsonl")) == EXIT_USAGE
    assert "--policy" in capsys.readouterr().err
