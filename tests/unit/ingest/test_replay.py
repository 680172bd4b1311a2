"""Replay: event time divided by the speed, never backwards."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.ingest.replay import Pacer

START = datetime(2026, 11, 1, tzinfo=UTC)


def test_a_post_is_due_when_its_event_time_has_passed_at_that_speed() -> None:
    pacer = Pacer(speed=60)
    assert pacer.wait_s(START, 100.0) == 0
    assert pacer.wait_s(START + timedelta(minutes=10), 100.0) == pytest.approx(10)
    assert pacer.wait_s(START + timedelta(minutes=10), 107.5) == pytest.approx(2.5)


def test_a_post_older_than_the_ones_before_is_due_at_once() -> None:
    pacer = Pacer(speed=1)
    pacer.wait_s(START, 0.0)
    assert pacer.wait_s(START - timedelta(days=3), 5.0) == 0
