"""Bars of `earshot report sentiment`."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.cli.report import bar, draw_sentiment


def row(negative: int, neutral: int, positive: int, hour: int = 9, workspace: str = "acme") -> dict[str, Any]:
    return {
        "workspace": workspace,
        "hour": datetime(2026, 1, 1, hour, tzinfo=UTC),
        "n": negative + neutral + positive,
        "negative": negative,
        "neutral": neutral,
        "positive": positive,
        "unread": 0,
        "own_posts": 0,
    }


def test_the_longest_bar_has_the_full_width_and_its_parts_are_the_moods() -> None:
    drawn = bar(row(10, 20, 30), most=60, width=30).plain
    assert drawn == "▓" * 5 + "░" * 10 + "█" * 15


def test_a_bars_length_is_the_volume_whatever_its_parts_round_to() -> None:
    for negative in range(8):
        for neutral in range(8):
            drawn = bar(row(negative, neutral, 3), most=17, width=23).plain
            assert len(drawn) == round((negative + neutral + 3) * 23 / 17)


def test_an_hour_without_read_posts_has_no_bar() -> None:
    assert bar(row(0, 0, 0), most=5, width=20).plain == ""


def test_each_workspace_gets_its_newest_hours(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row(1, 1, 2, hour) for hour in range(5)] + [row(3, 0, 0, 7, "other")]
    draw_sentiment(rows, hours=2)
    shown = capsys.readouterr().out
    assert "acme" in shown
    assert "other" in shown
    assert [f"2026-01-01 0{hour}:00" in shown for hour in (2, 3, 4, 7)] == [False, True, True, True]
    assert "+0.25" in shown
    assert "-1.00" in shown
