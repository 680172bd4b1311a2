"""Keeps the lines of libraries from flooding the log. While no broker answers, aiokafka and Faust write 65 a
second.

The first line of each kind passes at once, then one a minute, which says how many were left out. While no broker
answers, no line of a library passes, because the broker watch reports the silence each minute, and one a minute of
Earshot's own repetitions. A line of ours is never left out at another time, nor when it is the first of its kind.
"""

import logging
import re
import threading
import time
from collections.abc import Callable

from pipeline.logs import BROKER_LOGGER, ROOT_LOGGER

EVERY_S = 60.0
KINDS = 1_000
"""So many kinds of lines are kept apart. Then all are forgotten, so that odd messages cannot fill the memory."""
_NUMBERS = re.compile(r"\d+")

_Kind = tuple[str, int, str]


class CalmLibraries(logging.Filter):
    """The filter of one process.

    Args:
        silent: says whether an answer of the brokers is missing now.
        monotonic_s: for tests.
    """

    def __init__(self, silent: Callable[[], bool], monotonic_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._silent = silent
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._kinds: dict[_Kind, tuple[float, int]] = {}
        """Maps a kind to when it last passed, and how often it was left out since."""
        self._left_out = 0

    def install(self) -> None:
        """Filters everything that this process logs from now on."""
        for handler in logging.getLogger().handlers:
            handler.addFilter(self)

    def take_left_out(self) -> int:
        """Returns how many lines were left out since the last call."""
        with self._lock:
            left_out, self._left_out = self._left_out, 0
        return left_out

    def filter(self, record: logging.LogRecord) -> bool:
        """Says whether the record is written. One that stands for others names their number."""
        ours = record.name.startswith(ROOT_LOGGER)
        if record.name == f"{ROOT_LOGGER}{BROKER_LOGGER}":
            return True
        silent = self._silent()
        if ours and not (silent and record.levelno >= logging.WARNING):
            return True
        with self._lock:
            return self._passes(record, wholly=silent and not ours)

    def _passes(self, record: logging.LogRecord, *, wholly: bool) -> bool:
        kind, now_s = _kind_of(record), self._monotonic_s()
        passed_s, left_out = self._kinds.get(kind, (now_s - EVERY_S, 0))
        if wholly or now_s - passed_s < EVERY_S:
            self._kinds[kind] = (passed_s, left_out + 1)
            self._left_out += 1
            return False
        if len(self._kinds) >= KINDS:
            self._kinds.clear()
        self._kinds[kind] = (now_s, 0)
        if left_out:
            _speak_for(record, left_out)
        return True


def _kind_of(record: logging.LogRecord) -> _Kind:
    """Returns logger, level and text without its numbers, for partitions and seconds do not make another kind."""
    message = record.msg
    text = str(message.get("event")) if isinstance(message, dict) else str(message)
    return record.name, record.levelno, _NUMBERS.sub("#", text[:500])


def _speak_for(record: logging.LogRecord, left_out: int) -> None:
    if isinstance(record.msg, dict):
        record.msg = record.msg | {"lines_left_out": left_out}
        return
    record.msg, record.args = f"{record.getMessage()} (and {left_out} more like it)", ()
