"""Lines that cannot be posts are named, and a mistake that a whole file has is told once."""

import pytest

from pipeline.codec import decode
from pipeline.errors import Permanent
from pipeline.ingest.lines import LeftOut
from pipeline.ingest.rejections import Rejections
from schemas.posts.raw import RawPost
from tests.unit.ingest.test_jsonl import GOOD, line


def told(*raws: bytes) -> list[str]:
    said: list[str] = []
    rejections = Rejections("posts.jsonl", said.append)
    for number, raw in enumerate(raws, 1):
        with pytest.raises(Permanent) as caught:
            decode(RawPost, raw)
        rejections(number, caught.value)
    rejections.end()
    return said


def test_posts_without_a_workspace_are_told_once_and_counted() -> None:
    homeless = line(workspace=None).replace(b'"workspace":null,', b"")
    hint = "invalid_field: workspace: is missing: add --workspace NAME for posts that state none"
    assert told(homeless) == [f"posts.jsonl:1: {hint}"]
    assert told(line(text=5), *[homeless] * 30) == [
        "posts.jsonl:1: invalid_field: text: must be text: put a number in quotes",
        f"posts.jsonl:2: {hint}",
        "posts.jsonl: 29 more posts name no workspace",
    ]


def test_other_mistakes_are_named_line_by_line() -> None:
    assert "workspace" in GOOD
    assert len(told(line(text=5), line(text=5), line(workspace="A b"), line(workspace="A b"))) == 4


def test_cells_that_are_left_out_are_told_once_a_column() -> None:
    said: list[str] = []
    rejections = Rejections("posts.csv", said.append)
    likes, language = LeftOut("likes", "Likes", "not_a_number"), LeftOut("lang", "Language", "not_a_language")
    for number in range(2, 2002):
        rejections.left_out(number, likes)
    rejections.left_out(7, language)
    assert said == []
    rejections.end()
    assert said == [
        "posts.csv: column 'Likes': 2,000 left out of likes as not_a_number, first in line 2",
        "posts.csv: column 'Language': 1 left out of lang as not_a_language, first in line 7",
    ]
