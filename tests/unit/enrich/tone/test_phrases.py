"""The word lists as files: complete in every language, and written as their header says."""

import tomllib
from importlib.resources import files
from typing import Any

import pytest

from pipeline.enrich.tone.phrases import intensity_phrases, urgency_phrases
from pipeline.enrich.tone.urgency import GRADES

LANGUAGES = ["en", "de", "es", "fr", "pt"]


def lists_of(name: str) -> dict[str, dict[str, list[str]]]:
    """The lists of a file by their name, language by language."""
    document: dict[str, Any] = tomllib.loads(files("pipeline.enrich.tone").joinpath("words", name).read_text())
    kinds = document.pop("phrases", {})
    return document | {f"phrases.{kind}": lists for kind, lists in kinds.items()}


LISTS = [
    (file, name, lists) for file in ("urgency.toml", "intensity.toml") for name, lists in lists_of(file).items()
]


@pytest.mark.parametrize(("file", "name", "lists"), LISTS, ids=[f"{file}: {name}" for file, name, _ in LISTS])
def test_a_list_has_entries_in_every_language_and_each_of_them_once(
    file: str, name: str, lists: dict[str, list[str]]
) -> None:
    assert list(lists) == LANGUAGES
    for entries in lists.values():
        assert entries
        assert len(set(entries)) == len(entries)
        assert all(entry == " ".join(entry.lower().split()) for entry in entries)


def test_each_kind_of_urgency_has_a_list() -> None:
    assert set(lists_of("urgency.toml")) >= {f"phrases.{kind}" for kind in GRADES}
    assert set(urgency_phrases().by_kind) == set(GRADES)


def test_lists_are_read_once() -> None:
    assert urgency_phrases() is urgency_phrases()
    assert intensity_phrases() is intensity_phrases()


def test_phrases_are_compared_as_plain_words() -> None:
    assert " cant breathe " in urgency_phrases().by_kind["safety"]
    assert " nunca mais " in intensity_phrases().intensifiers
    assert "dont" in urgency_phrases().negators
