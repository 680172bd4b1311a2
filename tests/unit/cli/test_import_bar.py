"""The bar of an import tells posts, rate, rejects and the time left, and a log gets a line now and then."""

import pytest

from pipeline.app.importing.request import IngestSummary, Progress
from pipeline.cli.text.import_bar import LINE_EVERY_S, WINDOW_S, ImportBar, Pace, summary_lines

SIZE = 1_000_000


def at(sent: int, read: int | None, *, rejected: int = 0, resuming: bool = False) -> Progress:
    return Progress(sent, rejected, read, None if read is None else SIZE, resuming)


def test_rate_and_time_left_follow_from_what_was_done() -> None:
    pace = Pace()
    assert (pace.posts_per_s, pace.left_s) == (None, None)
    for second in range(11):
        pace.note(second, at(second * 90, second * 10_000, rejected=second * 10))
    assert pace.posts_per_s == pytest.approx(100)
    assert pace.left_s == pytest.approx(90)


def test_a_broker_that_slows_down_shows_within_the_window() -> None:
    pace = Pace()
    for second in range(100):
        pace.note(second, at(second * 100, second * 1000))
    for second in range(100, 100 + int(WINDOW_S) + 2):
        pace.note(second, at(10_000 + second, 100_000 + second))
    assert pace.posts_per_s == pytest.approx(1, rel=0.1)


def test_lines_that_are_passed_over_do_not_count_for_the_time_left() -> None:
    pace = Pace()
    for second in range(5):
        pace.note(second, at(5000, second * 100_000, resuming=True))
    assert pace.left_s is None
    for second in range(5, 16):
        pace.note(second, at(5000 + second, 400_000 + (second - 4) * 1000))
    assert pace.left_s == pytest.approx((SIZE - 411_000) / 1000)


def test_standard_input_has_a_rate_and_no_end() -> None:
    pace = Pace()
    for second in range(5):
        pace.note(second, at(second * 7, None))
    assert pace.posts_per_s == pytest.approx(7)
    assert pace.left_s is None


def test_a_log_gets_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    now_s = 0.0
    with ImportBar("posts.csv", lambda: now_s) as bar:
        while now_s <= 2 * LINE_EVERY_S:
            bar.progress(at(int(now_s) * 10, int(now_s) * 1000, rejected=int(now_s)))
            now_s += 0.5
        bar.say("a sentence")
    first, second, said = capsys.readouterr().err.splitlines()
    assert first == "posts.csv: 6% read, 600 posts, 60 rejected, 11 posts/s, 15:40 left"
    assert second.startswith("posts.csv: 12% read, 1,200 posts, 120 rejected")
    assert said == "a sentence"


def test_a_terminal_gets_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    now_s = 0.0
    with ImportBar("po[sts].csv", lambda: now_s) as bar:
        for now_s in range(11):
            bar.progress(at(now_s * 90, now_s * 10_000, rejected=now_s * 10))
        bar.say("po[sts].csv:7: a sentence")
    shown = capsys.readouterr().err
    assert "po[sts].csv:7: a sentence" in shown
    for part in ("po[sts].csv", "10%", "900 posts, 100 rejected, 100 posts/s, 1:30 left"):
        assert part in shown


def test_the_summary_names_what_was_done_and_where_it_is_written() -> None:
    wet = IngestSummary("posts.csv", "/state/run.jsonl", "/state/run.rejects", 2010, 2000, 10, 5, seconds=2.0)
    assert list(summary_lines(wet)) == [
        "posts.csv: 2,000 sent, 10 rejected, 5 sent before and passed over, 2.0 s, 1,005 posts/s",
        "manifest: /state/run.jsonl",
        "rejected lines, to be mended and ingested: /state/run.rejects",
    ]
    dry = IngestSummary("posts.csv", "", read=20, sent=20, seconds=2.0, dry_run=True)
    assert list(summary_lines(dry)) == ["posts.csv: 20 would be sent, 0 rejected, 2.0 s, 10 posts/s"]
