"""Library lines: the first of each kind at once, then one a minute that speaks for the rest."""

import logging

import pytest

from pipeline.calm_logs import EVERY_S, KINDS, CalmLibraries


class Log:
    """A filter, a clock, and what came through."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.silent = False
        self.calm = CalmLibraries(lambda: self.silent, lambda: self.now_s)
        self.written: list[str] = []

    def line(self, name: str, message: object, *args: object, level: int = logging.ERROR) -> bool:
        record = logging.LogRecord(name, level, "", 0, message, args, None)
        passes = self.calm.filter(record)
        if passes:
            self.written.append(record.getMessage())
        return passes


@pytest.fixture
def log() -> Log:
    return Log()


def test_65_lines_a_second_become_one_a_minute_that_says_how_many_there_were(log: Log) -> None:
    for turn in range(65 * 180):
        log.now_s = turn / 65
        log.line("aiokafka.conn", "Unable to connect to %s:%s", "broker", 9092)
    assert log.written[0] == "Unable to connect to broker:9092"
    assert log.written[1:] == [f"Unable to connect to broker:9092 (and {65 * 60 - 1} more like it)"] * 2
    assert log.calm.take_left_out() == 65 * 180 - 3
    assert log.calm.take_left_out() == 0


def test_different_lines_do_not_silence_each_other_and_numbers_make_no_difference(log: Log) -> None:
    assert log.line("aiokafka", "Heartbeat failed")
    assert log.line("aiokafka", "Fetch failed")
    assert log.line("faust.app", "Heartbeat failed")
    assert log.line("aiokafka", "Heartbeat failed", level=logging.WARNING)
    assert log.line("aiokafka", "partition 1 is away for 3.5 s")
    assert not log.line("aiokafka", "partition 2 is away for 4.0 s")


def test_while_no_broker_answers_libraries_say_nothing_and_are_counted(log: Log) -> None:
    log.silent = True
    assert not any(log.line("aiokafka", f"kind {'x' * turn}") for turn in range(1, 50))
    assert log.calm.take_left_out() == 49
    log.silent = False
    assert log.line("aiokafka", "Fetch failed")


def test_our_own_lines_pass_except_repetitions_during_a_silence(log: Log) -> None:
    event = {"event": "batch_not_stored", "partition": 3}
    assert all(log.line("earshot.sink", event) for _ in range(5))
    log.silent = True
    assert [log.line("earshot.sink", event | {"partition": n}) for n in range(4)] == [True, False, False, False]
    assert log.line("earshot.sink", {"event": "another"})
    log.now_s += EVERY_S
    log.line("earshot.sink", event)
    assert "'lines_left_out': 3" in log.written[-1]


def test_what_is_told_at_ease_and_by_the_broker_watch_always_passes(log: Log) -> None:
    log.silent = True
    assert all(log.line("earshot.sink", {"event": "assigned"}, level=logging.INFO) for _ in range(3))
    assert all(log.line("earshot.brokers", {"event": "no_broker_answers"}) for _ in range(3))


def test_memory_is_bounded_whatever_libraries_say(log: Log) -> None:
    for turn in range(3 * KINDS):
        log.line("aiokafka", "x" * (turn % 400) + "y" * (turn // 400))
    assert len(log.calm._kinds) <= KINDS


def test_it_filters_what_the_process_writes(capsys: pytest.CaptureFixture[str]) -> None:
    root, before = logging.getLogger(), logging.getLogger().handlers
    written: list[str] = []

    class Notes(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(record.getMessage())

    root.handlers = [Notes()]
    try:
        CalmLibraries(lambda: False).install()
        for _ in range(3):
            logging.getLogger("aiokafka.consumer").error("gone")
    finally:
        root.handlers = before
    assert written == ["gone"]
