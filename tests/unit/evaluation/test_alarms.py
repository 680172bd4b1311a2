"""The protocol counts an alarm near a label as found, one outside of all windows as false, others as nothing."""

import time
from pathlib import Path

import pytest

from pipeline.app.series import Series
from pipeline.errors import Misconfigured
from pipeline.evaluation.alarms import Labels, judge_series, read_folder
from pipeline.evaluation.streams import DISPERSIONS, streams
from pipeline.trends.detector import Bin

DAY_S, BIN_S = 86_400, 600


def surging(*days: float) -> dict[str, Series]:
    """A key with 10 posts in each bin, and a hundred in the two hours after each of the days."""
    moments = [day * DAY_S for day in days]
    bins = [
        Bin(at, 100 if any(0 <= at - moment < 7200 for moment in moments) else 10)
        for at in range(0, 20 * DAY_S, BIN_S)
    ]
    return {"acme": Series(BIN_S, bins)}


def labelled(day: float) -> dict[str, Labels]:
    at = day * DAY_S
    return {"acme": Labels((at,), ((at - 3600, at + 4 * 3600),))}


def test_an_alarm_near_the_label_finds_the_event() -> None:
    found = judge_series(surging(10), labelled(10))
    assert (found.hits, found.events, found.false_alarms) == (1, 1, 0)
    assert found.key_days == pytest.approx(20 - 432 * BIN_S / DAY_S)


def test_an_alarm_outside_of_all_windows_is_false() -> None:
    found = judge_series(surging(10, 15), labelled(10))
    assert (found.hits, found.false_alarms) == (1, 1)


def test_an_alarm_in_the_window_that_is_too_late_counts_for_nothing() -> None:
    late = {"acme": Labels((9.8 * DAY_S,), ((9.5 * DAY_S, 10.5 * DAY_S),))}
    found = judge_series(surging(10), late)
    assert (found.hits, found.false_alarms) == (0, 0)


def test_the_interval_of_twelve_of_fourteen_is_wide() -> None:
    found = judge_series(surging(10), labelled(10))._replace(hits=12, events=14)
    assert found.interval == pytest.approx((0.60, 0.96), abs=0.01)


def test_a_seed_makes_the_same_streams_each_time() -> None:
    first, again = streams(1), streams(1)
    assert first == again
    assert set(first) == set(DISPERSIONS)
    assert {bool(stream.events) for stream in first[0.15]} == {True, False}


def test_labels_that_are_missing_are_named(tmp_path: Path) -> None:
    (tmp_path / "acme.csv").write_text("ts,posts\n0,1\n600,2\n")
    with pytest.raises(Misconfigured, match=r"labels\.json: cannot be read"):
        read_folder(tmp_path)
    (tmp_path / "labels.json").write_text('{"other": {}}')
    with pytest.raises(Misconfigured, match="has no acme"):
        read_folder(tmp_path)


def test_labels_without_a_zone_are_utc_as_the_series_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        (tmp_path / "acme.csv").write_text("ts,posts\n2026-01-01 00:00:00,1\n2026-01-01 00:05:00,2\n")
        moments = '{"labels": ["2026-01-01 00:00:00"], "windows": []}'
        (tmp_path / "labels.json").write_text(f'{{"acme": {moments}}}')
        series, labels = read_folder(tmp_path)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert labels["acme"].moments == (series["acme"].bins[0].start_s,)
