"""Files of arrivals are read whole, or refused with the line and field of every bad row."""

import gzip
import io
import sys
from pathlib import Path

import pytest

from pipeline.bench.queue.arrivals import START_MS, Arrival, as_csv, read_arrivals
from pipeline.errors import Misconfigured

HEADER = "at,urgent,score,handle_s\n"
NOON = "2026-03-01T12:00:00Z"
NOON_MS = 1_772_366_400_000


def _file(tmp_path: Path, text: str) -> str:
    path = tmp_path / "arrivals.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("at", "at_ms"),
    [
        (NOON, NOON_MS),
        ("2026-03-01 14:00:00+02:00", NOON_MS),
        ("2026-03-01 04:00:00 -0800", NOON_MS),
        ("2026-03-01T12:00:00", NOON_MS),
        ("1772366400", NOON_MS),
        ("1772366400.25", NOON_MS + 250),
        ("1772366400000", NOON_MS),
        ("0", START_MS),
        ("90.5", START_MS + 90_500),
        ("1e3", START_MS + 1_000_000),
    ],
)
def test_a_time_may_be_a_date_unix_time_or_plain_seconds(tmp_path: Path, at: str, at_ms: int) -> None:
    assert read_arrivals(_file(tmp_path, f"{HEADER}{at},1,50,240\n")).cases == [
        Arrival(at_ms, True, 50.0, 240_000)
    ]


def test_scores_are_priorities_once_one_is_above_1(tmp_path: Path) -> None:
    read = read_arrivals(_file(tmp_path, HEADER + "0,0,0.5,60\n1,1,72.5,60\n"))
    assert ([case.priority for case in read.cases], read.scale) == ([0.5, 72.5], 1)


def test_scores_of_which_none_is_above_1_are_probabilities(tmp_path: Path) -> None:
    read = read_arrivals(_file(tmp_path, HEADER + "0,0,0.5,60\n1,1,1,60\n"))
    assert ([case.priority for case in read.cases], read.scale) == ([50.0, 100.0], 100)


def test_rows_are_played_in_order_of_time_whatever_their_order_in_the_file(tmp_path: Path) -> None:
    read = read_arrivals(_file(tmp_path, HEADER + "9,0,2,60\n1,0,3,60\n5,0,4,60\n"))
    assert [case.priority for case in read.cases] == [3, 4, 2]


def test_columns_may_stand_in_any_order_beside_others(tmp_path: Path) -> None:
    read = read_arrivals(_file(tmp_path, '\ufeffid,score,at,handle_s,urgent\n"a,b",7,0,1.5,0\n'))
    assert read.cases == [Arrival(START_MS, False, 7.0, 1500)]


@pytest.mark.parametrize(
    ("row", "mistake"),
    [
        ("yesterday,1,5,240", "at: a time in RFC 3339, or seconds, is needed"),
        ("nan,1,5,240", "at: a time in RFC 3339, or seconds, is needed"),
        ("1820-01-01T00:00:00Z,1,5,240", "at: the time must be between 1990 and 2100"),
        (f"{NOON},1,5,240", "at: seconds since a moment is needed, as in the rows before"),
        (",1,5,240", "at: is missing"),
        ("3,yes,5,240", "urgent: must be 0 or 1"),
        ("3,2,5,240", "urgent: must be 0 or 1"),
        ("3,1,,240", "score: is missing"),
        ("3,1,high,240", "score: a number from 0 to 100 is needed"),
        ("3,1,-1,240", "score: a number from 0 to 100 is needed"),
        ("3,1,101,240", "score: a number from 0 to 100 is needed"),
        ("3,1,inf,240", "score: a number from 0 to 100 is needed"),
        ("3,1,5", "handle_s: is missing"),
        ("3,1,5,0", "handle_s: a number from 0.001 to 86400 is needed"),
        ("3,1,5,90000", "handle_s: a number from 0.001 to 86400 is needed"),
        ('3,1,"5,240', "row: a quote is opened and never closed"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_field(tmp_path: Path, row: str, mistake: str) -> None:
    file = _file(tmp_path, f"{HEADER}0,1,5,240\n{row}\n")
    with pytest.raises(Misconfigured) as refused:
        read_arrivals(file)
    assert str(refused.value) == f"{file}:3: {mistake}"


def test_every_bad_row_is_named_or_counted(tmp_path: Path) -> None:
    file = _file(tmp_path, HEADER + "0,1,5,240\n" + "0,1,x,240\n" * 25)
    with pytest.raises(Misconfigured) as refused:
        read_arrivals(file)
    lines = str(refused.value).splitlines()
    assert [line.split(": ")[0] for line in lines[:-1]] == [f"{file}:{n}" for n in range(3, 23)]
    assert lines[-1] == "and 5 more bad rows"


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", ": is empty; its first line must be at,urgent,score,handle_s"),
        ("at,urgent,score\n", ":1: handle_s: is missing; the header must be at,urgent,score,handle_s"),
        (
            "at,at,urgent,score,handle_s\n",
            ":1: at: stands there twice; the header must be at,urgent,score,handle_s",
        ),
        (HEADER, ": holds no arrival"),
    ],
)
def test_a_file_without_the_columns_or_without_rows_is_refused(tmp_path: Path, text: str, mistake: str) -> None:
    file = _file(tmp_path, text)
    with pytest.raises(Misconfigured) as refused:
        read_arrivals(file)
    assert str(refused.value) == file + mistake


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(Misconfigured, match=r"^nowhere\.csv: cannot read arrivals: No such file"):
        read_arrivals("nowhere.csv")


def test_standard_input_may_be_gzip(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = io.BytesIO(gzip.compress(f"{HEADER}0,1,5,240\n".encode()))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(packed)))
    assert len(read_arrivals("-").cases) == 1


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    cases = [Arrival(NOON_MS + 7, True, 12.3456, 240_000), Arrival(NOON_MS + 1000, False, 100.0, 1500)]
    assert read_arrivals(_file(tmp_path, "\n".join(as_csv(cases)) + "\n")).cases == cases
