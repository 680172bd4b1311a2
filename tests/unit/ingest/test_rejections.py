"""Lines that cannot be posts are named, and a mistake that a whole file has is told once."""

import pytest

from pipeline.codec import decode
from pipeline.errors import Permanent
from pipeline.ingest.lines import LeftOut
from pipeline.ingest.rejections import MOST_KINDS, Rejections
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
        "posts.jsonl: 30 rejected in lines 2, 3, 4 and 27 more: invalid_field: workspace: is missing",
    ]


def test_each_kind_of_mistake_is_named_once_and_summed_up_with_its_first_places() -> None:
    assert "workspace" in GOOD
    said = told(line(text=5), line(workspace="A b"), line(text=6), line(text=7), line(workspace="A b"))
    assert [text.split(": ")[0] for text in said[:2]] == ["posts.jsonl:1", "posts.jsonl:2"]
    assert said[2].startswith("posts.jsonl: 3 rejected in lines 1, 3, 4: invalid_field: text: ")
    assert said[3].startswith("posts.jsonl: 2 rejected in lines 2, 5: invalid_field: workspace: ")


def test_reasons_that_differ_in_numbers_only_are_one_kind() -> None:
    said: list[str] = []
    rejections = Rejections("posts.csv", said.append)
    for number in range(1, 2001):
        rejections(number, Permanent("too_many_cells", f"{number + 9} cells, the header has 9"))
    rejections.end()
    assert said == [
        "posts.csv:1: too_many_cells: 10 cells, the header has 9",
        "posts.csv: 2,000 rejected in lines 1, 2, 3 and 1,997 more: too_many_cells: 10 cells, the header has 9",
    ]


def test_mistakes_without_number_do_not_fill_the_memory() -> None:
    said: list[str] = []
    rejections = Rejections("posts.csv", said.append)
    for number in range(26**3):
        name = "".join(chr(97 + number // power % 26) for power in (676, 26, 1))
        rejections(number, Permanent("invalid_field", name))
    assert len(said) == MOST_KINDS + 1


def test_the_column_of_the_source_is_named_beside_the_field() -> None:
    said: list[str] = []
    rejections = Rejections("posts.csv", said.append, {"lang": "Sprache"})
    rejections(3, Permanent("invalid_field", "is no language", "lang"))
    assert said == ["posts.csv:3: invalid_field: lang: is no language (column 'Sprache')"]


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
        "posts.csv: column 'Likes': 2,000 of likes, first in line 2: left out as not_a_number; --strict refuses "
        "such posts",
        "posts.csv: column 'Language': 1 of lang, first in line 7: left out as not_a_language; --strict refuses "
        "such posts",
    ]


def test_cells_that_are_taken_in_another_way_are_told_as_such() -> None:
    said: list[str] = []
    rejections = Rejections("posts.csv", said.append)
    rejections.left_out(4, LeftOut("text", "Text", "half_character"))
    rejections.left_out(9, LeftOut("text", "Text", "half_character"))
    rejections.end()
    assert said == [
        "posts.csv: column 'Text': 2 of text, first in line 4: half a character became U+FFFD",
    ]
