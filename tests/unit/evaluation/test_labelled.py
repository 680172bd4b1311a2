"""Reading labelled posts: what is taken, and how a bad line is named."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import Misconfigured
from pipeline.evaluation.heads import HEADS
from pipeline.evaluation.labelled import LabelledPost, read_labelled

GOOD = {"text": "fine", "label": "neutral"}


def write(path: Path, *lines: object) -> str:
    path.write_text("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines))
    return str(path)


def refusal(path: Path, *lines: object, head: str = "sentiment") -> str:
    file = write(path, *lines)
    with pytest.raises(Misconfigured) as refused:
        read_labelled(file, HEADS[head])
    return str(refused.value).replace(file, "FILE")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "posts.jsonl"


def test_posts_are_read_in_order_with_their_source(path: Path) -> None:
    file = write(
        path, GOOD, {"text": "", "label": "negative", "source": "shop", "id": 7}, "", {**GOOD, "source": ""}
    )
    assert read_labelled(file, HEADS["sentiment"]) == [
        LabelledPost("fine", 1, None),
        LabelledPost("", 0, "shop"),
        LabelledPost("fine", 1, None),
    ]


def test_the_text_is_kept_as_written(path: Path) -> None:
    file = write(path, {**GOOD, "text": " a &amp; b\n@Bob "})
    assert read_labelled(file, HEADS["sentiment"])[0].text == " a &amp; b\n@Bob "


@pytest.mark.parametrize("head", ["offence", "complaint"])
def test_a_yes_or_no_head_takes_names_numbers_and_truth_values(path: Path, head: str) -> None:
    no, yes = HEADS[head].labels
    assert (no, yes) in {("not_offensive", "offensive"), ("not_complaint", "complaint")}
    for label, number in [(yes, 1), (1, 1), (True, 1), ("1", 1), ("true", 1), (1.0, 1),
                          (no, 0), (0, 0), (False, 0), ("0", 0), ("false", 0)]:  # fmt: skip
        assert read_labelled(write(path, {"text": "a", "label": label}), HEADS[head])[0].label == number, label


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"label": "neutral"}, "text: is missing"),
        ({"text": 3, "label": "neutral"}, "text: expected a text, got 3"),
        ({"text": None, "label": "neutral"}, "text: expected a text, got null"),
        ({"text": "a"}, "label: is missing; expected negative | neutral | positive"),
        ({"text": "a", "label": "happy"}, "label: expected negative | neutral | positive, got 'happy'"),
        ({"text": "a", "label": 1}, "label: expected negative | neutral | positive, got 1"),
        ({"text": "a", "label": ["neutral"]}, "label: expected negative | neutral | positive, got a list"),
        ({"text": "a", "label": "x" * 40}, "label: expected negative | neutral | positive, got a text"),
        ({**GOOD, "source": 3}, "source: expected a text"),
        ({**GOOD, "source": "s" * 201}, "source: expected a text"),
        ('{"text": "a", "label": "neutral", "source": "\\ud800"}', "source: expected a text"),
        ([GOOD], "line: expected an object, got a list"),
        ("{", "line: is not JSON"),
        ("[" * 100_000, "line: is not JSON"),
    ],
)
def test_a_bad_line_is_named_with_its_number_and_field(path: Path, line: Any, said: str) -> None:
    assert refusal(path, GOOD, "", line, GOOD).startswith(f"FILE:3: {said}")


@pytest.mark.parametrize("label", ["neutral", 2, -1, 0.5, "True", "yes", None, {}])
def test_a_yes_or_no_head_refuses_everything_else(path: Path, label: object) -> None:
    said = refusal(path, {"text": "a", "label": label}, head="offence")
    assert said.startswith("FILE:1: label: expected offensive | not_offensive | 1 | 0 | true | false, got")


def test_every_bad_line_is_named_and_beyond_twenty_counted(path: Path) -> None:
    assert refusal(path, "{", GOOD, "[]").split("\n")[1].startswith("FILE:3: ")
    said = refusal(path, *["[]"] * 1021).split("\n")
    assert said[19].startswith("FILE:20: ")
    assert said[20:] == ["and 1,001 more bad lines"]


def test_bytes_that_are_no_utf_8_are_a_bad_line_and_a_byte_order_mark_is_none(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b'\n{"text": "\xff"}\n')
    with pytest.raises(Misconfigured, match=r":2: line: is not UTF-8 at byte 10$"):
        read_labelled(str(path), HEADS["sentiment"])


def test_no_words_of_a_post_are_repeated(path: Path) -> None:
    secret = "words of a person, which stay where they are"
    for line in (
        {"text": [secret], "label": "neutral"},
        {"text": "a", "label": secret},
        {"text": secret},
        [secret],
    ):
        assert secret not in refusal(path, line)


@pytest.mark.parametrize("lines", [[], ["", "  "]])
def test_a_file_without_posts_is_refused(path: Path, lines: list[str]) -> None:
    assert refusal(path, *lines) == "FILE: holds no labelled post"


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for file in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(Misconfigured, match="cannot read labelled posts"):
            read_labelled(str(file), HEADS["sentiment"])


def test_gzip_goes_by_the_suffix_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl.gz"
    whole = gzip.compress(json.dumps(GOOD).encode())
    path.write_bytes(whole)
    assert len(read_labelled(str(path), HEADS["sentiment"])) == 1
    for damaged in (whole[:-6], b"no gzip"):
        path.write_bytes(damaged)
        with pytest.raises(Misconfigured, match="cannot read labelled posts"):
            read_labelled(str(path), HEADS["sentiment"])


def test_standard_input_is_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(GOOD).encode())))
    assert len(read_labelled("-", HEADS["sentiment"])) == 1
