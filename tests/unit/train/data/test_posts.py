import gzip
from pathlib import Path

import pytest

from pipeline.errors import Misconfigured
from pipeline.train.config import read_config
from pipeline.train.data.posts import UNLABELLED, read_posts
from tests.unit.train.runs import write_run


def test_every_post_is_on_one_side_with_the_label_of_its_head(tmp_path: Path) -> None:
    trained, held = read_posts(read_config(write_run(tmp_path)))
    assert len(trained.texts) + len(held.texts) == 60 * 3 + 10
    assert set(trained.texts).isdisjoint(held.texts)
    by_text = dict(
        zip([*trained.texts, *held.texts], [*trained.labels.tolist(), *held.labels.tolist()], strict=True)
    )
    assert by_text["the train was awful 0"] == [0, UNLABELLED, UNLABELLED]
    assert by_text["we love the train 2"] == [2, UNLABELLED, UNLABELLED]
    assert by_text["you fool 1"] == [UNLABELLED, 1, UNLABELLED]
    assert by_text["see you at 0"] == [UNLABELLED, UNLABELLED, 0]
    assert by_text["hello there 3"] == [UNLABELLED] * 3
    assert 0.15 < len(held.texts) / 190 < 0.45


def test_a_second_reading_splits_alike_and_folds_are_dealt(tmp_path: Path) -> None:
    config = read_config(write_run(tmp_path))
    first, second = read_posts(config)[0], read_posts(config)[0]
    assert first.texts == second.texts
    assert first.folds.tolist() == second.folds.tolist()
    assert set(first.folds.tolist()) == {0, 1}


def test_a_text_that_is_held_back_in_one_file_is_trained_on_in_none(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    _, held = read_posts(read_config(path))
    (tmp_path / "threads.csv").write_text("text\n" + "".join(f"{text}\n" for text in held.texts) + "new\n")
    trained, again = read_posts(read_config(path))
    assert again.texts == held.texts
    assert set(trained.texts).isdisjoint(held.texts)
    assert "new" in trained.texts


def test_posts_are_normalised_and_those_without_text_are_left_out(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    (tmp_path / "threads.csv").write_text('id,text\n1,hi @Bob &amp; co\n2,""\n3\n')
    texts = read_posts(read_config(path))[0].texts
    assert "hi @user & co" in texts
    assert "" not in texts


def test_take_keeps_the_arrays_side_by_side(tmp_path: Path) -> None:
    trained, _ = read_posts(read_config(write_run(tmp_path)))
    complaints = trained.take(trained.labelled_for("complaint"))
    assert len(complaints.texts) == len(complaints.labels) == len(complaints.folds)
    assert (complaints.labels[:, 2] != UNLABELLED).all()


def test_a_packed_file_is_read(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    (tmp_path / "threads.csv.gz").write_bytes(gzip.compress(b"text\npacked\n"))
    path.write_text(path.read_text().replace("threads.csv", "threads.csv.gz"))
    assert "packed" in read_posts(read_config(path))[0].texts


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "sentiment.jsonl",
            '{"text": "a", "label": "neutral"}\nno',
            r"sentiment\.jsonl:2: expected a JSON object",
        ),
        ("sentiment.jsonl", '{"text": "a", "label": "happy"}', r"sentiment\.jsonl:1: label: expected one of"),
        ("sentiment.jsonl", '{"text": 1, "label": "neutral"}', r"sentiment\.jsonl:1: text: expected a text"),
        ("sentiment.jsonl", "", r"sentiment\.jsonl: holds no post"),
        ("complaints.csv", "text,other\na,1\n", r"complaints\.csv:1: columns \['is_complaint'\] are missing"),
        ("complaints.csv", "text,is_complaint\na,1\nb,2\n", r"complaints\.csv:3: is_complaint: expected one of"),
        ("offence_labels.txt", "1\n", r"offence_labels\.txt: 1 labels for 60 posts"),
    ],
)
def test_bad_input_is_named_by_file_line_and_field(tmp_path: Path, name: str, content: str, said: str) -> None:
    path = write_run(tmp_path)
    (tmp_path / name).write_text(content)
    with pytest.raises(Misconfigured, match=said):
        read_posts(read_config(path))


def test_a_missing_file_broken_utf8_and_an_unknown_suffix_are_named(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    (tmp_path / "threads.csv").write_bytes(b"text\n\xff\n")
    with pytest.raises(Misconfigured, match=r"threads\.csv: is not UTF-8"):
        read_posts(read_config(path))
    (tmp_path / "threads.csv").unlink()
    with pytest.raises(Misconfigured, match=r"threads\.csv: cannot read posts"):
        read_posts(read_config(path))
    path.write_text(path.read_text().replace("threads.csv", "threads.xls"))
    with pytest.raises(Misconfigured, match=r"threads\.xls: expected a file that ends in"):
        read_posts(read_config(path))
