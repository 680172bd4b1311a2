"""Whoever reads the code can open every document that it names.

A sentence that leans on a document of somebody's own disk proves nothing to a stranger. It should name a paper, an
issue or source file of a library with its version, a decision in `deploy/decisions`, or the measurement itself.
The SQL of released migrations is not searched, because its text never changes.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath

ROOT = Path(__file__).parents[2]
SEARCHED = {".py", ".md", ".toml", ".yaml"}
MADE = {"node_modules", "target", "build", "dist", "__pycache__"}
DOCUMENT = re.compile(r"[\w/-]+\.md\b")


def files() -> list[Path]:
    """Every file of the checkout but those that tools make: environments, caches, builds."""
    return [
        file
        for file in ROOT.rglob("*")
        if file.is_file() and not MADE.intersection(file.relative_to(ROOT).parts) and not is_hidden(file)
    ]


def is_hidden(file: Path) -> bool:
    """Whether it lies in a hidden folder; the one of the checks is ours."""
    folders = file.relative_to(ROOT).parent.parts
    return any(name.startswith(".") and name != ".ci" for name in folders)


def missing(text: str, documents: Iterable[str]) -> Iterator[str]:
    """Documents that the text names and that have none of these base names."""
    yield from (name for name in DOCUMENT.findall(text) if PurePath(name).name not in documents)


def test_every_document_that_a_file_names_is_in_the_repository() -> None:
    everything = files()
    documents = {file.name for file in everything if file.suffix == ".md"}
    offences = {
        f"{file.relative_to(ROOT)} names {name}"
        for file in everything
        if file.suffix in SEARCHED
        for name in missing(file.read_text(encoding="utf-8"), documents)
    }
    assert offences == set()


def test_the_search_notices_a_document_that_is_not_there() -> None:
    absent = "notes" + ".md"
    text = f"Measured twice (docs/{absent} 4.3). See deploy/runbook.md."
    assert list(missing(text, {"runbook.md"})) == [f"docs/{absent}"]
