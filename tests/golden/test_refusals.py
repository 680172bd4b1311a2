"""An operator reads these answers after a typing mistake, word by word.

The files are the tables. Each block says what the mistake is and then shows it. `$ ` begins a setting, and `- `
and `+ ` begin lines taken out of and put into `policy_good.yaml`. The exact answer follows.
"""

from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline.cli import main
from pipeline.errors import EXIT_OK, EXIT_USAGE

FOLDER = Path(__file__).parent


class Case(NamedTuple):
    """Holds one mistake and the answer to it."""

    about: str
    mistake: tuple[str, ...]
    answer: str


def cases(file: str, marks: tuple[str, ...]) -> list[Case]:
    """Returns the blocks of a table."""
    found = []
    for block in (FOLDER / file).read_text(encoding="utf-8").split("\n\n"):
        about, *lines = block.strip("\n").splitlines()
        mistake = [line for line in lines if line.startswith(marks)]
        answer = [line for line in lines if not line.startswith(marks)]
        found.append(Case(about, tuple(mistake), "\n".join(answer)))
    return found


SETTINGS = cases("settings_refused.txt", ("$ ",))
REFUSED = cases("policies_refused.txt", ("- ", "+ "))
DOUBTED = cases("policies_doubted.txt", ("- ", "+ "))


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


def write(case: Case, folder: Path) -> Path:
    """Writes the good policy with the mistake in it."""
    text = (FOLDER / "policy_good.yaml").read_text(encoding="utf-8")
    taken, put = (
        "".join(f"{line[2:]}\n" for line in case.mistake if line.startswith(sign)) for sign in ("- ", "+ ")
    )
    assert text.count(taken) == 1
    text = text.replace(taken, put)
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def check(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Returns exit code and words of `earshot policy check`."""
    with pytest.raises(SystemExit) as ended:
        main(["policy", "check", str(path)])
    return int(ended.value.code or 0), capsys.readouterr().err.replace(f"{path}:", "policy.yaml:")


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.about)
def test_a_wrong_policy_is_refused_in_these_words(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = check(write(case, tmp_path), capsys)
    assert (code, said) == (EXIT_USAGE, f"earshot: {case.answer}\n")


@pytest.mark.parametrize("case", DOUBTED, ids=lambda case: case.about)
def test_a_policy_that_is_hardly_meant_is_taken_with_these_warnings(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = check(write(case, tmp_path), capsys)
    assert code == EXIT_OK
    assert said.rpartition("\n")[0].rpartition("\n")[0] == case.answer


def test_the_good_policy_and_the_shipped_ones_have_no_warning(capsys: pytest.CaptureFixture[str]) -> None:
    shipped = [path for path in Path("deploy/policies").glob("*.yaml") if not path.stem.endswith("-desk")]
    for path in (FOLDER / "policy_good.yaml", *shipped):
        code, said = check(path, capsys)
        assert code == EXIT_OK
        assert "warning" not in said


def test_no_answer_speaks_pydantic() -> None:
    for case in (*SETTINGS, *REFUSED, *DOUBTED):
        assert not {"Input", "Value error", "tuple", "Tuple", "String", "pydantic"} & set(case.answer.split()), (
            case
        )


def test_the_table_of_policies_has_at_least_forty_mistakes() -> None:
    assert len(REFUSED) >= 40
