"""What an operator reads after a typing mistake, word by word.

The files are the tables. Each block says what the mistake is, then shows it (`$ ` a setting; `- ` and `+ ` lines
taken out of and put into `policy_good.yaml`), then the exact answer.
"""

from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline.cli import main
from pipeline.errors import EXIT_USAGE

FOLDER = Path(__file__).parent


class Case(NamedTuple):
    """One mistake and the answer to it."""

    about: str
    mistake: tuple[str, ...]
    answer: str


def cases(file: str, marks: tuple[str, ...]) -> list[Case]:
    """The blocks of a table."""
    found = []
    for block in (FOLDER / file).read_text(encoding="utf-8").split("\n\n"):
        about, *lines = block.strip("\n").splitlines()
        mistake = [line for line in lines if line.startswith(marks)]
        answer = [line for line in lines if not line.startswith(marks)]
        found.append(Case(about, tuple(mistake), "\n".join(answer)))
    return found


SETTINGS = cases("settings_refused.txt", ("$ ",))


@pytest.mark.parametrize("case", SETTINGS, ids=lambda case: case.about)
def test_a_wrong_setting_is_refused_in_these_words(
    case: Case, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for line in case.mistake:
        name, _, value = line.removeprefix("$ ").partition("=")
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        main(["topics", "diff"])
    assert ended.value.code == EXIT_USAGE
    assert capsys.readouterr().err == f"earshot: {case.answer}\n"


def test_the_table_of_settings_has_at_least_fifteen_mistakes() -> None:
    assert len(SETTINGS) >= 15
