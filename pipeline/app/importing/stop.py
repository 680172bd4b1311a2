"""Stops a run at the operator's request."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

T = TypeVar("T")


class StopRequest:
    """Handles SIGTERM and SIGINT. The batch under way is confirmed first, and only a blocked read is broken
    off."""

    def __init__(self) -> None:
        self.requested = False
        self._reading = False

    def __call__(self, _signal: int, _frame: FrameType | None) -> None:
        """Notes the request. Python calls it as the signal handler."""
        self.requested = True
        if self._reading:
            raise InterruptedError

    def until(self, lines: Iterator[T]) -> Iterator[T]:
        """Yields lines up to the request."""
        while not self.requested:
            try:
                self._reading = True
                line = next(lines, None)
            except InterruptedError:
                return
            finally:
                self._reading = False
            if line is None:
                return
            yield line

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Takes both signals while the block runs. It works in the main thread only."""
        old = {number: signal.signal(number, self) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)
