"""`earshot bench queue` on six arrivals that can be followed by hand.

There is one rep, who accepts at once and works ten minutes at each case. By priority the cases go in the order
1, 6, 3, 4, 2, 5, and first in first out they go as they came. Less than ten picks are made, so that none takes the
oldest case for its age.
"""

from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.errors import EXIT_USAGE

FOLDER = Path(__file__).parent


def _run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["bench", "queue", *words])
    return int(str(ended.value.code or 0))


def test_six_arrivals_give_these_waits(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(str(FOLDER / "queue_arrivals.csv"), "--reps", "1", "--accept-s", "0", "--json") == 0
    assert capsys.readouterr().out == (FOLDER / "queue_expected.jsonl").read_text(encoding="utf-8")


def test_the_table_says_the_same_to_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(str(FOLDER / "queue_arrivals.csv"), "--reps", "1", "--accept-s", "0", "--within", "30") == 0
    lines = [" ".join(line.replace("│", " ").split()) for line in capsys.readouterr().out.splitlines()]
    assert "urgent accepted within 30 min 0.667 0.333" in lines
    assert "others' wait, longest min 39.0 27.0" in lines
    assert "cases beyond their bound 0 0" in lines


def test_made_arrivals_are_a_file_that_the_verb_reads(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("--generate", "3") == 0
    lines = capsys.readouterr().out.splitlines()
    assert (lines[0], len(lines)) == ("at,urgent,score,handle_s", 14_001)


def test_a_bad_row_ends_with_exit_code_2_and_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("at,urgent,score,handle_s\n0,1,5,240\n1,maybe,5,240\n", encoding="utf-8")
    assert _run(str(file)) == EXIT_USAGE
    assert f"{file}:3: urgent: must be 0 or 1" in capsys.readouterr().err


@pytest.mark.parametrize("words", [(), ("some.csv", "--generate", "1")])
def test_either_a_file_or_a_seed_is_needed(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(*words) == EXIT_USAGE
    assert "give either FILE or --generate SEED" in capsys.readouterr().err
