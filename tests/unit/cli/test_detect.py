"""`earshot detect` prints an alarm a line, and names what is wrong with a file."""

import json
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.errors import EXIT_OK, EXIT_USAGE

DAY_S = 86_400


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or EXIT_OK)


def test_an_alarm_is_a_line_with_what_came_and_what_was_expected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "counts.csv"
    bins = [(at, 200 if at >= 8 * DAY_S else 10) for at in range(0, 8 * DAY_S + 3600, 600)]
    file.write_text("ts,key,posts\n" + "".join(f"{at},acme,{posts}\n" for at, posts in bins))
    assert run("detect", str(file)) == EXIT_OK
    said = capsys.readouterr()
    (alarm,) = map(json.loads, said.out.splitlines())
    assert alarm | {"z": 0, "threshold": 0, "expected": 0, "posts": 0} == {
        "key": "acme", "start": "1970-01-09T00:00:00Z", "kind": "surge", "level": "alarm",
        "z": 0, "threshold": 0, "posts": 0, "expected": 0,
    }  # fmt: skip
    assert alarm["z"] > alarm["threshold"]
    assert alarm["posts"] > 2 * alarm["expected"]
    assert "1 alarms in 1,158 bins of 1 keys" in said.err


def test_a_bad_line_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "counts.csv"
    file.write_text("ts,posts\n0,1\nsoon,2\n")
    assert run("detect", str(file)) == EXIT_USAGE
    assert f"{file}:3: ts: must be a time" in capsys.readouterr().err
