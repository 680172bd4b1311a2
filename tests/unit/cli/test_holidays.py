"""`earshot policy holidays` fills the public holidays of a country into a policy."""

import os
import subprocess
import sys
from datetime import date
from errno import EACCES
from pathlib import Path

import pytest

from pipeline.app.offline.policy import read_policy
from pipeline.cli import main
from pipeline.errors import EXIT_OK, EXIT_USAGE

POLICY = """\
workspace: acme
version: 2
brand: {name: Acme}
calendars:
  - name: office
    zone: Europe/London
    week: {mon: ["08:00-12:00", "13:00-18:00"]}
    special:
      - {date: 2026-12-28, open: ["10:00-12:00"]} # the sale
queues:
  - {name: general, team: care, calendar: office}
rules:
  - {name: rest, action: respond, queue: general}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY, encoding="utf-8")
    return path


def run(policy: Path, *words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["policy", "holidays", str(policy), *words])
    return int(ended.value.code or 0)


def test_holidays_are_filled_in_once_and_special_days_stay(
    policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--country", "GB", "--subdivision", "ENG", "--years", "2026-2027", "--calendar", "office"]
    assert run(policy, *words) == EXIT_OK
    out, err = capsys.readouterr()
    assert "+      - 2026-12-25 # Christmas Day\n" in out
    assert not [line for line in out.splitlines()[2:] if line.startswith("-")]
    assert "2026-12-28 is a special day of office and stays one\n" in err
    (calendar,) = read_policy(policy).calendars
    assert date(2027, 3, 29) in calendar.closed
    assert date(2026, 12, 28) not in calendar.closed
    assert run(policy, *words) == EXIT_OK
    assert capsys.readouterr().out == ""


def test_a_file_that_may_not_be_written_is_named_and_nothing_is_written_where_no_day_is_new(
    policy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["--country", "GB", "--years", "2027", "--calendar", "office"]

    def refuse(self: Path, *_: object, **__: object) -> int:
        raise PermissionError(EACCES, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", refuse)
        assert run(policy, *words) == EXIT_USAGE
        assert capsys.readouterr() == ("", f"earshot: {policy}: cannot be written: Permission denied\n")
    assert run(policy, *words) == EXIT_OK
    monkeypatch.setattr(Path, "write_text", refuse)
    assert run(policy, *words) == EXIT_OK


def test_names_in_other_scripts_are_shown_in_a_locale_that_lacks_them(policy: Path) -> None:
    words = ["policy", "holidays", str(policy), "--country", "JP", "--years", "2027", "--calendar", "office"]
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ended = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *words], capture_output=True, env=os.environ | locale, check=True
    )
    assert "+      - 2027-01-01 # 元日\n" in ended.stdout.decode()


def test_the_parts_of_a_country_are_told_to_whoever_names_none(
    policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--country", "GB", "--years", "2027", "--calendar", "office"]
    parts = "GB has parts with holidays of their own: --subdivision takes ENG, NIR, SCT, WLS\n"
    assert run(policy, *words) == EXIT_OK
    assert parts in capsys.readouterr().err
    assert run(policy, *words, "--subdivision", "ENG") == EXIT_OK
    assert parts not in capsys.readouterr().err


def test_one_year_and_a_country_without_parts(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(policy, "--country", "JP", "--years", "2027", "--calendar", "office") == EXIT_OK
    printed = capsys.readouterr()
    assert "2027-02-23" in printed.out
    assert "--subdivision" not in printed.err
    assert {day.year for day in read_policy(policy).calendars[0].closed} == {2027}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"--calendar": "ofice"}, "there is no calendar ofice; did you mean office?"),
        ({"--country": "XX"}, "no holidays of XX are known"),
        ({"--subdivision": "BY"}, "no part BY of GB is known: --subdivision takes ENG, NIR, SCT, WLS"),
        ({"--years": "2028-2026"}, "--years takes a year"),
        ({"--years": "next"}, "--years takes a year"),
        ({"--country": "SS", "--years": "1990"}, "no holidays of SS in 1990-1990 are known"),
    ],
)
def test_what_is_not_known_is_wrong_use_and_the_file_stays(
    policy: Path, wrong: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {"--country": "GB", "--years": "2027", "--calendar": "office", **wrong}
    assert run(policy, *(word for pair in options.items() for word in pair)) == EXIT_USAGE
    assert said in " ".join(capsys.readouterr().err.split())
    assert policy.read_text(encoding="utf-8") == POLICY
