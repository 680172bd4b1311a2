"""Measures processor time and memory of the process that it runs in.

The garbage collector works only while something is measured, so that what the bench itself does neither pays for
it nor is paid by the router.
"""

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from cProfile import Profile
from typing import Any

import psutil


class Span:
    """One stretch of measured work."""

    cpu_s = 0.0
    """Processor seconds, known at its end."""


class Meter:
    """Measures stretches of work, and notes how long each garbage collection within them took."""

    def __init__(self) -> None:
        self._collections_s: list[float] = []
        self._started_s = 0.0
        self._profiler: Profile | None = None
        gc.disable()
        gc.callbacks.append(self._note)

    @contextmanager
    def measured(self) -> Iterator[Span]:
        """Measures the block."""
        span = Span()
        gc.enable()
        if self._profiler is not None:
            self._profiler.enable()
        started_s = time.process_time()
        try:
            yield span
        finally:
            span.cpu_s = time.process_time() - started_s
            if self._profiler is not None:
                self._profiler.disable()
            gc.disable()

    @contextmanager
    def profiled(self) -> Iterator[Profile]:
        """Runs what is measured in the block under a profiler."""
        self._profiler = profiler = Profile()
        yield profiler
        self._profiler = None

    def longest_collection_ms(self) -> float:
        """Returns the processor time of the longest collection since the last call, in milliseconds; 0 without
        any.
        """
        longest_s = max(self._collections_s, default=0.0)
        self._collections_s.clear()
        return 1e3 * longest_s

    def time_calls(self, target: Any, names: Sequence[str]) -> Callable[[], Mapping[str, float]]:
        """Times each call of some methods of an object from now on.

        Returns:
            A function that returns the longest call of each method until then, in milliseconds.
        """
        longest_s = dict.fromkeys(names, 0.0)
        for name in names:
            setattr(target, name, _timed(getattr(target, name), name, longest_s))
        return lambda: {name: 1e3 * seconds for name, seconds in longest_s.items()}

    def collect(self) -> float:
        """Makes a full collection, and returns its processor time in milliseconds."""
        started_s = time.process_time()
        gc.collect()
        return 1e3 * (time.process_time() - started_s)

    def _note(self, phase: str, _: Mapping[str, int]) -> None:
        now_s = time.process_time()
        if phase == "stop":
            self._collections_s.append(now_s - self._started_s)
        self._started_s = now_s


def _timed(call: Callable[..., object], name: str, longest_s: dict[str, float]) -> Callable[..., object]:
    def timed(*arguments: object, **options: object) -> object:
        started_s = time.process_time()
        try:
            return call(*arguments, **options)
        finally:
            longest_s[name] = max(longest_s[name], time.process_time() - started_s)

    return timed


def resident_bytes() -> int:
    """Returns how much memory the process holds."""
    return int(psutil.Process().memory_info().rss)
