"""Reading labelled posts and cutting them into batches."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Misconfigured
from pipeline.train.labelled import Example, bucketed_batches, limit_classes, read_examples


def test_posts_are_normalised_and_labels_become_indices(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    rows = [{"text": "hi @Bob &amp; co", "label": "positive"}, {"text": "no", "label": "negative"}]
    path.write_text("\n".join(map(json.dumps, rows)))
    assert read_examples(path) == [Example("hi @user & co", 2), Example("no", 0)]


@pytest.mark.parametrize(
    "line",
    ["not json", "[]", '{"text": "a"}', '{"text": "a", "label": "happy"}', '{"text": 1, "label": "neutral"}'],
)
def test_a_bad_line_is_named_by_file_and_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_text('{"text": "fine", "label": "neutral"}\n' + line)
    with pytest.raises(Misconfigured, match=r"posts\.jsonl:2: expected"):
        read_examples(path)


def test_a_missing_or_empty_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"none\.jsonl: cannot read"):
        read_examples(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(Misconfigured, match=r"empty\.jsonl: holds no labelled post"):
        read_examples(tmp_path / "empty.jsonl")


@given(st.lists(st.integers(1, 128), min_size=1, max_size=300), st.integers(1, 32), st.integers())
def test_batches_hold_each_example_once(lengths: list[int], size: int, seed: int) -> None:
    batches = list(bucketed_batches(lengths, size, random.Random(seed)))
    assert sorted(at for batch in batches for at in batch) == list(range(len(lengths)))
    assert max(map(len, batches)) <= size


def test_batches_waste_little_padding() -> None:
    draw = random.Random(3)
    lengths = [draw.randint(5, 60) for _ in range(3200)]
    batches = list(bucketed_batches(lengths, 32, random.Random(1)))
    padded = sum(len(batch) * max(lengths[at] for at in batch) for batch in batches)
    assert padded / sum(lengths) < 1.05


def test_frequent_classes_are_cut_and_rare_ones_stay_whole() -> None:
    examples = [Example(str(at), 0 if at % 10 == 0 else 1) for at in range(100)]
    kept = limit_classes(examples, 20, random.Random(1))
    assert [sum(one.label == label for one in kept) for label in (0, 1)] == [10, 20]
    assert kept == sorted(kept, key=lambda one: int(one.text))
    assert limit_classes(examples, None, random.Random(1)) == examples
